import t from "tap";
import { startAdminSite } from "../support/admin-site.ts";

const SERVER = `servers:
  - { name: Server03, node: node02, cluster: Cluster01, address: "127.0.0.1:9083", route: s3 }
`;
const YAML = { "content-type": "application/yaml" };

t.test("a domain.yaml is applied as it is, with an actor and a reason", async (t) => {
  const site = await startAdminSite(t);
  const applied = await site.call("/v1/apply?file=more.yaml", {
    method: "POST",
    headers: { ...YAML, "x-reason": "third server" },
    body: SERVER,
  });
  t.match(applied.body, { revision: 2, dryRun: false, applied: { routers: 2, applied: 2 } });
  t.match(applied.body.events, [{ subject: "node02" }, { kind: "server.declared", subject: "Server03" }]);
  t.equal((await site.call("/v1/servers/Server03")).status, 200);
  t.match(site.operations.entries.at(-1)?.command.origin, { actor: "local", reason: "third server" });
  const again = await site.call("/v1/apply", { method: "POST", headers: YAML, body: SERVER });
  t.match(again.body, { revision: 2, events: [] }, "twice is the same as once");
});

t.test("a dry run says what would happen and changes nothing", async (t) => {
  const site = await startAdminSite(t);
  const tried = await site.call("/v1/apply?dryRun=true", { method: "POST", headers: YAML, body: SERVER });
  t.match(tried.body, { revision: 2, dryRun: true, applied: null });
  t.ok(tried.body.events.length > 0);
  t.equal(site.operations.entries.length, 1);
});

t.test("a domain.yaml in JSON brings the pages that it names", async (t) => {
  const site = await startAdminSite(t);
  const text =
    "applications: [{ id: blog, contextRoots: [/blog], maintenancePage: back-soon.html, " +
    'affinity: { style: none }, editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }] }]';
  const body = { file: "/srv/domain.yaml", text, pages: { "/srv/back-soon.html": "<p>Back soon</p>" } };
  const applied = await site.call("/v1/apply", { method: "POST", body });
  t.equal(applied.status, 200, applied.text);
  const { applications } = (await site.call("/v1/domain")).body;
  t.match(applications[1], { id: "blog", maintenancePage: "<p>Back soon</p>" });
});

t.test("no file of the machine is opened for a caller", async (t) => {
  const site = await startAdminSite(t);
  const text =
    "applications: [{ id: leak, contextRoots: [/leak], maintenancePage: /etc/hostname, " +
    'editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }] }]';
  const applied = await site.call("/v1/apply", { method: "POST", body: { text } });
  t.match(applied.body, { status: 400, code: "BAD_SETTINGS", details: [/not in the request's "pages"/] });
  const inherited = await site.call("/v1/apply", { method: "POST", body: { text, pages: { a: "b" } } });
  t.equal(inherited.status, 400);
});

t.test("every mistake in it is told with line and column, and nothing changes", async (t) => {
  const site = await startAdminSite(t);
  const body = "servers:\n  - { name: Server03, adress: x }\nclusers: []\n";
  const applied = await site.call("/v1/apply?file=my.yaml", { method: "POST", headers: YAML, body });
  t.match(applied.body, { status: 400, code: "BAD_SETTINGS" });
  t.ok(applied.body.details.some((detail: string) => /^my\.yaml:2:\d+: .*"adress"/.test(detail)));
  t.ok(applied.body.details.some((detail: string) => /^my\.yaml:3:1: .*clusters/.test(detail)));
  t.equal(site.operations.entries.length, 1);
});

t.test("what leads nowhere is refused with the name that is missing", async (t) => {
  const site = await startAdminSite(t);
  const body = SERVER.replace("Cluster01", "Cluster09");
  for (const path of ["/v1/apply", "/v1/apply?dryRun=true"]) {
    const applied = await site.call(path, { method: "POST", headers: YAML, body });
    t.ok(applied.status === 404 || applied.status === 422, `${path}: ${applied.text}`);
    t.match(applied.body, { detail: /Cluster09/ });
  }
});

t.test("an empty or endless file is refused", async (t) => {
  const site = await startAdminSite(t);
  t.match((await site.call("/v1/apply", { method: "POST", headers: YAML, body: "\n" })).body, {
    status: 400,
  });
  const endless = await site.call("/v1/apply", {
    method: "POST",
    headers: YAML,
    body: "#".repeat(5_000_000),
  });
  t.match(endless.body, { status: 413, code: "BAD_REQUEST" });
});
