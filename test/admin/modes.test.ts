import t from "tap";
import { startAdminSite } from "../support/admin-site.ts";
import { FAKE_NOW } from "../support/fake-operations.ts";

t.test("a mode is set, and the answer says who has applied it [M3]", async (t) => {
  const site = await startAdminSite(t);
  const until = 1_767_272_400_000;
  const set = await site.call("/v1/servers/Server02/mode", {
    method: "PUT",
    body: { mode: "break", reason: "JDK update", until },
  });
  t.equal(set.status, 200);
  t.strictSame(set.body, {
    servers: [
      {
        server: "Server02",
        mode: "break",
        was: "normal",
        effectiveMode: "break",
        appliedRouters: 2,
        routers: 2,
        missing: [],
        inFlight: 3,
        revision: 2,
        plannedFrom: null,
        note: null,
      },
    ],
  });
  const { body } = await site.call("/v1/servers/Server02");
  t.match(body, { mode: "break", modeActor: "local", modeReason: "JDK update", modeUntil: until });
});

t.test("a mode may be planned, and is shown to be until its time has come [M5]", async (t) => {
  const site = await startAdminSite(t);
  const [from, until] = [FAKE_NOW + 60_000, FAKE_NOW + 120_000];
  const put = (body: object) => site.call("/v1/servers/Server02/mode", { method: "PUT", body });
  t.match((await put({ mode: "break", reason: "JDK update", from, until })).body, {
    servers: [{ mode: "break", was: "normal", effectiveMode: "normal", plannedFrom: from, note: null }],
  });
  const { body } = await site.call("/v1/servers/Server02");
  t.equal(body.mode, "normal");
  const plan = { mode: "break", from, until, actor: "local", reason: "JDK update", hasPage: false };
  t.strictSame(body.modePlan, { ...plan, of: "server" });
  const node = { method: "PUT", body: { mode: "stop", from: FAKE_NOW + 30_000 } } as const;
  t.equal((await site.call("/v1/nodes/node01/mode", node)).status, 200);
  t.match((await site.call("/v1/servers/Server02")).body.modePlan, { mode: "stop", of: "node" });
  t.match((await put({ mode: "break", from: until, until: from })).body, {
    status: 422,
    code: "BAD_COMMAND",
  });
});

t.test("a page may be given with a mode, as long as an application's may be [M5]", async (t) => {
  const site = await startAdminSite(t);
  const put = (page: string) =>
    site.call("/v1/servers/Server02/mode", { method: "PUT", body: { mode: "break", page } });
  t.equal((await site.call("/v1/servers/Server02")).body.modeHasPage, false);
  const page = "\u0001".repeat(256 * 1024); // as long as JSON can make it
  t.equal((await put(page)).status, 200);
  t.equal((await site.call("/v1/servers/Server02")).body.modeHasPage, true);
  t.match(site.operations.entries.at(-1)?.command, { kind: "set-mode", page });
  t.match((await put(`${page}x`)).body, { status: 400, details: [/body\/page/] });
});

t.test("with no mode named it is affinity, as in setMaintenanceMode [M1]", async (t) => {
  const site = await startAdminSite(t);
  const set = await site.call("/v1/servers/Server01/mode", { method: "PUT", body: {} });
  t.match(set.body, { servers: [{ server: "Server01", mode: "affinity" }] });
});

t.test("the mode of a node is the mode of all its servers [M1]", async (t) => {
  const site = await startAdminSite(t);
  const set = await site.call("/v1/nodes/node01/mode", { method: "PUT", body: { mode: "stop" } });
  t.equal(set.body.servers.length, 2);
  t.match(set.body.servers[0], { server: "Server01", effectiveMode: "stop", note: /acts as break/ });
  const wrong = await site.call("/v1/nodes/nod01/mode", { method: "PUT", body: { mode: "stop" } });
  t.match(wrong.body, { status: 404, code: "NODE_UNKNOWN", hint: /Did you mean "node01"\?/ });
});

t.test("a router that lags is named, with how far the change came [M3]", async (t) => {
  const site = await startAdminSite(t);
  site.operations.missing = ["node02 does not answer: it serves on with revision 1"];
  const set = await site.call("/v1/servers/Server01/mode", { method: "PUT", body: { mode: "break" } });
  t.equal(set.status, 504);
  t.match(set.body, {
    code: "NOT_APPLIED",
    details: ["node02 does not answer: it serves on with revision 1"],
    hint: /the change is kept/,
    result: { servers: [{ server: "Server01", mode: "break", appliedRouters: 1, routers: 2 }] },
  });
  t.equal((await site.call("/v1/servers/Server01")).body.mode, "break", "the change is kept");
});

t.test("a full disk refuses the change and says what to do [F2]", async (t) => {
  const site = await startAdminSite(t);
  site.operations.isDiskFull = true;
  const set = await site.call("/v1/servers/Server01/mode", { method: "PUT", body: { mode: "break" } });
  t.match(set.body, { status: 507, code: "JOURNAL_FULL", hint: /Free disk space/ });
});

t.test("what is wrong with a change is told at once, and nothing changes", async (t) => {
  const site = await startAdminSite(t);
  const put = (body: unknown, headers = {}): ReturnType<typeof site.call> =>
    site.call("/v1/servers/Server01/mode", { method: "PUT", body, headers });
  t.match((await put({ mode: "brake", until: "soon", why: "x" })).body, {
    status: 400,
    code: "BAD_REQUEST",
    details: [/"why"/, /body\/mode .*normal, affinity, break, stop/, /body\/until must be integer/],
  });
  t.match((await put("{", { "content-type": "application/json" })).body, {
    status: 400,
    code: "BAD_REQUEST",
  });
  t.match((await put("mode=break", { "content-type": "application/x-www-form-urlencoded" })).body, {
    status: 415,
  });
  t.match((await put("break", { "content-type": "text/plain" })).body, { status: 415 });
  t.match((await put({ reason: "x".repeat(501) })).body, { status: 400 });
  t.match((await put({ mode: "break" }, { "x-reason": "x".repeat(501) })).body, { status: 400 });
  t.match((await put({ reason: "x".repeat(2_000_000) })).body, { status: 413, code: "BAD_REQUEST" });
  t.equal(site.operations.entries.length, 1);
});

t.test("a defect inside is told to the log whole, and to the client not at all", async (t) => {
  const logged: object[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void logged.push(fields) };
  const site = await startAdminSite(t, { log });
  site.operations.servers = () => {
    throw new Error("secret detail");
  };
  const { status, text } = await site.call("/v1/servers");
  t.equal(status, 500);
  t.match(text, /"INTERNAL"/);
  t.notMatch(text, /secret detail|\.ts|\.js/);
  t.match(logged, [{ err: { message: "secret detail" } }]);
});
