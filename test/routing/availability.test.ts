import t from "tap";
import type { CompiledInstance } from "../../src/routing/compiled.ts";
import { AFFINITY_FAILED_OVER, AFFINITY_KEPT, type Decision, FORWARD } from "../../src/routing/decision.ts";
import { application, instance, type Rig, request, rig, table } from "./support.ts";

const MINUTE = 60_000;
const PLAIN = request("/shop");

function chosen(decision: Decision): CompiledInstance {
  if (decision.instance === null) throw new Error(`Nothing was chosen: outcome ${decision.outcome}`);
  return decision.instance;
}

/** Fails the next request that goes to this server. */
function fail(site: Rig, server: string): void {
  const decision = site.decide(request("/shop", [`Cookie: JSESSIONID=abc:${server}`]));
  if (decision.instance?.entry.server !== server) throw new Error(`Not sent to ${server}`);
  site.router.failed(decision, "connect refused");
  site.router.release(decision.instance);
}

function serversOf(site: Rig, count: number): Set<string | number> {
  return new Set(Array.from({ length: count }, () => site.serverFor(PLAIN)));
}

const TWO = table([application([instance("s1"), instance("s2")])]);

t.test("a server that does not answer gets no requests until the retry interval is over [P3]", async (t) => {
  const site = rig(TWO);
  fail(site, "s1");
  t.same(site.marks, [{ key: "shop/1/s1", state: "down", by: "traffic", cause: "connect refused" }]);
  t.same([...serversOf(site, 10)], ["s2"]);
  const tied = site.decide(request("/shop", ["Cookie: JSESSIONID=abc:s1"]));
  t.equal(tied.instance?.entry.server, "s2");
  t.equal(tied.affinity, AFFINITY_FAILED_OVER);
  site.router.nowMs += MINUTE - 1;
  t.same([...serversOf(site, 10)], ["s2"]);
});

t.test("then one request is the trial, and its success brings the server back [P3]", async (t) => {
  const site = rig(TWO);
  fail(site, "s1");
  site.router.nowMs += MINUTE;
  const trial = site.decide(PLAIN);
  t.equal(trial.instance?.entry.server, "s1");
  t.ok(trial.isTrial);
  t.same(site.marks.at(-1)?.state, "trial");
  t.same([...serversOf(site, 10)], ["s2"], "one trial at a time");
  site.router.succeeded(trial);
  site.router.release(chosen(trial));
  t.same(site.marks.at(-1), { key: "shop/1/s1", state: "up", by: "traffic", cause: "" });
  t.same(serversOf(site, 10), new Set(["s1", "s2"]));
});

t.test("a trial that fails is released, and the next one comes an interval later [P3]", async (t) => {
  const site = rig(TWO);
  fail(site, "s1");
  site.router.nowMs += MINUTE;
  const trial = site.decide(PLAIN);
  site.router.failed(trial, "connect timeout");
  site.router.release(chosen(trial));
  t.equal(site.marks.at(-1)?.state, "down");
  t.same([...serversOf(site, 10)], ["s2"]);
  site.router.nowMs += MINUTE;
  t.ok(site.decide(PLAIN).isTrial);
});

t.test("a trial without a verdict is released too: the next request is the trial [P3]", async (t) => {
  const site = rig(TWO);
  fail(site, "s1");
  site.router.nowMs += MINUTE;
  const abandoned = site.decide(PLAIN);
  t.ok(abandoned.isTrial);
  site.router.release(chosen(abandoned));
  const next = site.decide(PLAIN);
  t.ok(next.isTrial);
  site.router.succeeded(next);
  site.router.release(chosen(next));
  t.equal(site.router.states.find("shop/1/s1")?.downSinceMs, 0);
});

t.test("a trial of a worker that was killed blocks the server for one interval only [P3]", async (t) => {
  const site = rig(TWO);
  fail(site, "s1");
  site.router.nowMs += MINUTE;
  site.router.applyMark({ key: "shop/1/s1", state: "trial", by: "traffic", cause: "" });
  t.same([...serversOf(site, 10)], ["s2"]);
  site.router.nowMs += MINUTE;
  t.ok(site.decide(PLAIN).isTrial);
});

t.test("a session's own server is tried by the session when its trial is due [P3]", async (t) => {
  const site = rig(TWO);
  fail(site, "s1");
  site.router.nowMs += MINUTE;
  const decision = site.decide(request("/shop", ["Cookie: JSESSIONID=abc:s1"]));
  t.equal(decision.instance?.entry.server, "s1");
  t.equal(decision.affinity, AFFINITY_KEPT);
  t.ok(decision.isTrial);
});

t.test("the last server that is up is never marked down [P3]", async (t) => {
  const site = rig(TWO);
  fail(site, "s1");
  fail(site, "s2");
  t.equal(site.router.states.find("shop/1/s2")?.downSinceMs, 0);
  t.same([...serversOf(site, 5)], ["s2"]);
  const alone = rig(table([application([instance("s1")])]));
  fail(alone, "s1");
  t.same(alone.marks, []);
  const spare = rig(table([application([instance("s1"), instance("s2", { access: "affinity-only" })])]));
  fail(spare, "s1");
  t.same(spare.marks, [], "a server in maintenance takes nobody over");
  const withBackup = rig(table([application([instance("s1"), instance("s2", { role: "backup" })])]));
  fail(withBackup, "s1");
  t.equal(withBackup.serverFor(PLAIN), "s2", "a backup does");
});

t.test("when all are down they are tried all the same [P3]", async (t) => {
  const site = rig(TWO);
  for (const key of ["shop/1/s1", "shop/1/s2"]) {
    site.router.applyMark({ key, state: "down", by: "probe", cause: "503" });
  }
  t.same(serversOf(site, 10), new Set(["s1", "s2"]));
  t.notOk(site.decide(PLAIN).isTrial);
});

t.test("what a probe took down only a probe brings back [P3]", async (t) => {
  const site = rig(TWO);
  site.router.applyMark({ key: "shop/1/s1", state: "down", by: "probe", cause: "timeout" });
  site.router.nowMs += 10 * MINUTE;
  t.same([...serversOf(site, 10)], ["s2"]);
  site.router.applyMark({ key: "shop/1/s1", state: "up", by: "traffic", cause: "" });
  t.same([...serversOf(site, 10)], ["s2"]);
  site.router.applyMark({ key: "shop/1/s1", state: "up", by: "probe", cause: "" });
  t.same(serversOf(site, 10), new Set(["s1", "s2"]));
});

t.test(
  "marks of other workers hold here, and one for a server that comes with the next table waits for it",
  async (t) => {
    const site = rig(TWO);
    site.router.applyMark({ key: "shop/1/s2", state: "down", by: "traffic", cause: "reset" });
    t.same([...serversOf(site, 10)], ["s1"]);
    site.router.applyMark({ key: "shop/1/s2", state: "up", by: "traffic", cause: "" });
    t.same(serversOf(site, 10), new Set(["s1", "s2"]));
    site.router.applyMark({ key: "shop/1/s3", state: "down", by: "probe", cause: "timeout" });
    site.router.setTable(table([application(["s1", "s3"].map((name) => instance(name)))], undefined, 2));
    t.same([...serversOf(site, 10)], ["s1"]);
  },
);

t.test("marks outlive a table change, and so does the moment of the next trial [P3]", async (t) => {
  const site = rig(TWO);
  fail(site, "s1");
  site.router.nowMs += MINUTE / 2;
  site.router.setTable(table([application([instance("s1"), instance("s2", { weight: 3 })])], undefined, 2));
  t.same([...serversOf(site, 10)], ["s2"]);
  site.router.nowMs += MINUTE / 2;
  t.ok(site.decide(PLAIN).isTrial);
});

t.test("with several servers down their trials come one after the other [P3]", async (t) => {
  const site = rig(table([application(["s1", "s2", "s3"].map((name) => instance(name)))]));
  fail(site, "s1");
  fail(site, "s2");
  site.router.nowMs += MINUTE;
  const trials = [site.decide(PLAIN), site.decide(PLAIN), site.decide(PLAIN)];
  t.same(
    trials.map((trial) => [trial.instance?.entry.server, trial.isTrial]),
    [
      ["s1", true],
      ["s2", true],
      ["s3", false],
    ],
  );
  t.ok(trials.every((trial) => trial.outcome === FORWARD));
});
