import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type AdminSite, startAdminSite } from "../support/admin-site.ts";
import { type Outcome, tidegate } from "../support/tidegate.ts";

t.setTimeout(150_000); // every command is a process of its own

type Run = (...args: string[]) => Promise<Outcome>;

/** A site, and commands that talk to it over its Unix socket. */
async function startSite(t: Test): Promise<AdminSite & { readonly run: Run }> {
  const site = await startAdminSite(t);
  const env = { TIDEGATE_ADMIN: `unix:${site.socket}` };
  return { ...site, run: (...args) => tidegate(args, { folder: site.folder, env }) };
}

t.test("servers are a table for people and a resource for programs", async (t) => {
  const { run } = await startSite(t);
  const list = await run("servers");
  t.equal(
    list.out,
    `SERVER    NODE    CLUSTER    ADDRESS         MODE    STATUS  IN-FLIGHT  SESSIONS  TUNNELS  EDITIONS
Server01  node01  Cluster01  127.0.0.1:9081  normal  up              3         1        0  shop/1
Server02  node01  Cluster01  127.0.0.1:9082  normal  up              3         1        0  shop/1
`,
  );
  t.equal(list.status, 0);
  t.equal(list.err, "");
  const json = await run("servers", "--json");
  t.match(JSON.parse(json.out), { revision: 1, servers: [{ name: "Server01" }, { name: "Server02" }] });
  const one = await run("servers", "Server02");
  t.match(one.out, /^server +Server02\n/);
  t.match(one.out, /^since +2026-01-01 12:00:00, by file:domain\.yaml$/m);
  t.match(JSON.parse((await run("--json", "servers", "Server02")).out), { name: "Server02" });
});

t.test("an unknown server is answered by the nearest name and exit status 1", async (t) => {
  const { run } = await startSite(t);
  for (const args of [
    ["servers", "Sever02"],
    ["mode", "Sever02", "break"],
  ]) {
    const { status, out, err } = await run(...args);
    t.equal(status, 1);
    t.equal(out, "");
    t.equal(
      err,
      'tidegate: There is no server "Sever02"\n' +
        '  hint: Did you mean "Server02"? `tidegate servers` lists the servers\n',
    );
  }
});

t.test("a mode is set with one line a server [M3]", async (t) => {
  const { run, operations } = await startSite(t);
  const set = await run("mode", "Server02", "break", "--reason", "JDK update", "--until", "30m");
  t.strictSame(set, {
    status: 0,
    out: "Server02: mode break (was normal), applied by 2 of 2 routers, 3 requests in flight\n",
    err: "",
  });
  t.match(operations.entries.at(-1)?.command, {
    kind: "set-mode",
    mode: "break",
    origin: { actor: "local", reason: "JDK update" },
  });
  const modes = await run("mode");
  t.match(modes.out, /^SERVER +NODE +MODE +SINCE +BY +UNTIL +REASON +PLANNED\n/);
  t.match(modes.out, /^Server02 +node01 +break +2026-01-01 12:00:00 +local +\d{4}-.* +JDK update +-$/m);
});

t.test("a mode is planned for later, and shown where modes are [M5]", async (t) => {
  const { run, operations } = await startSite(t);
  const plan = ["mode", "Server02", "break", "--from", "2100-01-31 22:00", "--until", "30m"];
  t.match(await run(...plan, "--reason", "JDK update"), {
    status: 0,
    out: /^Server02: mode break from 2100-01-31 22:00:00 on \(now normal\), applied by 2 of 2 routers, 3 requests in flight\n$/,
  });
  t.match(operations.entries.at(-1)?.command, { kind: "set-mode", mode: "break" });
  const shown = /normal, break from 2100-01-31 22:00:00/;
  t.match((await run("servers")).out, shown);
  const planned = 'break from 2100-01-31 22:00:00 until 2100-01-31 22:30:00, by local, because "JDK update"';
  t.ok((await run("mode")).out.includes(planned));
  t.ok((await run("servers", "Server02")).out.includes(planned));
  t.match((await run("mode", "Server02", "normal")).out, /; the planned mode break is given up\n$/);
  t.match(await run(...plan.slice(0, -1), "2099-01-01"), { status: 2, err: /is before the start/ });
});

t.test("a page for users is read from a file, and shown to be there [M5]", async (t) => {
  const { run, operations, folder } = await startSite(t);
  writeFileSync(join(folder, "moving.html"), "<h1>We are moving</h1>");
  t.equal((await run("mode", "Server02", "break", "--page", "moving.html")).status, 0);
  t.match(operations.entries.at(-1)?.command, { kind: "set-mode", page: "<h1>We are moving</h1>" });
  t.match((await run("servers", "Server02")).out, /^page +one of the mode's own$/m);
  t.match(await run("mode", "Server02", "break", "--page", "none.html"), {
    status: 1,
    err: /Cannot read ".*none\.html": there is no such file/,
  });
});

t.test("a name and no mode sets affinity, as setMaintenanceMode does [M1]", async (t) => {
  const { run } = await startSite(t);
  t.match((await run("mode", "Server01")).out, /^Server01: mode affinity \(was normal\)/);
  const json = await run("mode", "Server01", "normal", "--json");
  t.match(JSON.parse(json.out), { servers: [{ server: "Server01", mode: "normal", was: "affinity" }] });
});

t.test("the mode of a node concerns all its servers [M1]", async (t) => {
  const { run } = await startSite(t);
  const set = await run("mode", "--node", "node01", "stop");
  t.match(
    set.out,
    /^Server01: mode stop \(was normal\), applied by 2 of 2 routers, 3 requests in flight; stop acts as break/,
  );
  t.match(set.out, /^Server02: mode stop/m);
  t.match((await run("servers")).out, /^Server01 .* stop \(node\) /m);
  t.match(await run("mode", "--node", "nod01"), { status: 1, err: /Did you mean "node01"\?/ });
});

t.test("a router that has not applied a mode is named, with exit status 3 [M3, C1]", async (t) => {
  const { run, operations } = await startSite(t);
  operations.missing = ["node02 does not answer: it serves on with revision 1"];
  const set = await run("mode", "Server02", "break");
  t.equal(set.status, 3);
  t.equal(set.out, "Server02: mode break (was normal), applied by 1 of 2 routers, 3 requests in flight\n");
  t.match(set.err, /^ {2}node02 does not answer: it serves on with revision 1$/m);
  const json = await run("mode", "Server02", "normal", "--json");
  t.equal(json.status, 3);
  t.match(JSON.parse(json.out), { code: "NOT_APPLIED", result: { servers: [{ server: "Server02" }] } });
});

t.test("a change that is refused ends with exit status 1 and what to do", async (t) => {
  const { run, operations } = await startSite(t);
  operations.isDiskFull = true;
  t.match(await run("mode", "Server02", "break"), { status: 1, out: "", err: /hint: Free disk space/ });
});

t.test("applications are shown with who is on which edition and server", async (t) => {
  const { run } = await startSite(t);
  t.match((await run("apps")).out, /^shop +RUNNING +\/shop +suffix +6 +2 +1 \(running\)$/m);
  const app = await run("app", "shop");
  t.match(app.out, /^Edition 1: running, 6 requests in flight, 2 sessions, 1 WebSocket, 0 event streams/m);
  t.match(app.out, /^ {2}Server02 +127\.0\.0\.1:9082 +normal +up +3 +1 /m);
  const json = JSON.parse((await run("app", "shop", "--json")).out);
  t.match(json, { id: "shop", state: "RUNNING", editions: [{ label: "1", state: "running" }] });
  t.match(await run("app", "shpo"), { status: 1, err: /Did you mean "shop"\?/ });
});

t.test("sessions are listed and ended by their fingerprints", async (t) => {
  const { run, operations } = await startSite(t);
  const list = await run("sessions", "shop", "--server", "Server01");
  t.match(list.out, /^00000000000000a1 +1 +Server01 /m);
  t.match(list.out, /^1 of 1 sessions$/m);
  t.match((await run("sessions", "shop", "--limit", "1")).out, /^1 of 2 sessions$/m);
  const ended = await run("sessions", "shop", "--end", "00000000000000A1", "--reason", "gemäß Anruf");
  t.match(ended, { status: 0, out: /^Session 00000000000000a1 of shop is ended/ });
  t.match(operations.entries.at(-1)?.command.origin, { actor: "local", reason: "gemäß Anruf" });
  t.match(await run("sessions", "shop", "--end", "00000000000000a1"), { status: 1, err: /has no session/ });
  t.match(await run("sessions", "shop", "--end", "a1"), { status: 2, err: /16 hex digits/ });
  t.match(await run("sessions", "shop", "--limit", "few"), { status: 2, err: /"few" is no number/ });
});

t.test("explain takes what curl takes and says why", async (t) => {
  const { run, operations } = await startSite(t);
  const asked = await run(
    ...["explain", "/shop/", "-H", "Host: shop.test", "-b", "a=1", "-b", "b=2", "-X", "POST"],
  );
  t.equal(asked.status, 0);
  t.match(asked.out, /^goes to +Server01 \(127\.0\.0\.1:9081\), edition 1 of shop$/m);
  t.match(asked.out, /^because\n {2}1\. Host "shop\.test" is default_host/m);
  t.strictSame(operations.questions[0], {
    method: "POST",
    url: "http://localhost/shop/",
    headers: [
      ["host", "shop.test"],
      ["cookie", "a=1; b=2"],
    ],
    clientAddress: "127.0.0.1",
  });
  t.match(JSON.parse((await run("explain", "shop.test/", "--json")).out), { application: "shop" });
  t.match(await run("explain", "/", "-H", "nonsense"), { status: 2, err: /is no header field/ });
  t.match(await run("explain", "http://"), { status: 2, err: /is no URL/ });
});

t.test("events say who changed what, when and why", async (t) => {
  const { run } = await startSite(t);
  await run("mode", "Server02", "break", "--reason", "JDK update");
  const last = await run("events", "--limit", "1");
  t.equal(
    last.out,
    '     2  2026-01-01 12:00:00  local       Server02: mode break (was normal), because "JDK update"\n',
  );
  const json = JSON.parse((await run("events", "--after", "1", "--json")).out);
  t.match(json, { next: 2, entries: [{ revision: 2 }] });
});

t.test("routers are listed with their workers", async (t) => {
  const { run } = await startSite(t);
  const list = await run("routers");
  t.match(list.out, /^The domain is at revision 1\n\nnode01: live, revision 1\n/);
  t.match(list.out, /^ {2}0 +4711 +1 +12 +6 +2 +76 MiB +250 ms ago$/m);
  t.match(JSON.parse((await run("routers", "--json")).out), { routers: [{ name: "node01", live: true }] });
});

t.test("an application of a domain.yaml that a router lacks ends with exit status 3 [C1]", async (t) => {
  const { run, folder, operations } = await startSite(t);
  writeFileSync(join(folder, "domain.yaml"), "clusters: [{ name: Cluster09 }]\n");
  operations.missing = ["node02 does not answer: it serves on with revision 1"];
  const applied = await run("apply", "-f", "domain.yaml");
  t.equal(applied.status, 3);
  t.match(applied.err, /node02 does not answer/);
  t.equal(operations.entries.length, 2, "the change is kept");
});

t.test("a domain.yaml is tried, then applied, with the pages that it names", async (t) => {
  const { run, folder } = await startSite(t);
  writeFileSync(join(folder, "back-soon.html"), "<p>Back soon</p>");
  writeFileSync(
    join(folder, "domain.yaml"),
    `applications:
  - id: blog
    contextRoots: [/blog]
    maintenancePage: back-soon.html
    editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }]
`,
  );
  const tried = await run("apply", "-f", "domain.yaml", "--dry-run");
  t.match(tried, { status: 0, out: /^Dry run: 2 changes, none of them made$/m });
  t.match((await run("apps")).out, /^(?!.*blog)/s);
  const applied = await run("apply", "-f", "domain.yaml");
  t.match(applied, { status: 0, out: /^2 changes at revision 2, applied by 2 of 2 routers$/m });
  t.match((await run("apps")).out, /^blog /m);
  t.match(await run("apply", "-f", "domain.yaml"), { status: 0, out: /^Nothing to change/ });
  t.match(await run("apply", "domain.yaml"), { status: 0, out: /^Nothing to change/ }, "also without -f");
  writeFileSync(join(folder, "domain.yaml"), "servers:\n  - { nmae: Server03 }\n");
  const wrong = await run("apply", "-f", "domain.yaml");
  t.match(wrong, { status: 1, out: "", err: /^ {2}domain\.yaml:2:\d+: .*"nmae"/m });
  t.match(await run("apply", "-f", "missing.yaml"), { status: 1, err: /it is not there/ });
  t.match(await run("apply"), { status: 2, err: /no file is named/ });
});
