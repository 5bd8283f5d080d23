import t from "tap";
import { seededRandom } from "../../src/base/random.ts";
import type { Balance } from "../../src/domain/cluster.ts";
import { shareOf } from "../../src/routing/compile.ts";
import type { CompiledInstance } from "../../src/routing/compiled.ts";
import { BUSY, FORWARD } from "../../src/routing/decision.ts";
import { application, instance, type Rig, request, rig, table } from "./support.ts";

const PLAIN = request("/shop");
const BALANCES: readonly Balance[] = ["weighted-round-robin", "random", "least-in-flight", "power-of-two"];

function weighted(weights: readonly number[]) {
  return weights.map((weight, index) => instance(`s${index}`, { weight }));
}

function count(site: Rig, requests: number, into: Map<string | number, number> = new Map()) {
  for (let index = 0; index < requests; index += 1) {
    const server = site.serverFor(PLAIN);
    into.set(server, (into.get(server) ?? 0) + 1);
  }
  return into;
}

t.test("10,000 requests over several workers are spread within 2 % of the weights [R4]", async (t) => {
  for (const weights of [
    [1, 1],
    [100, 90, 80],
    [20, 20, 20, 19],
    [1, 5, 10],
    Array.from({ length: 50 }, (_, index) => 1 + (index % 3)),
  ]) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const workers of [1, 2, 4, 8]) {
      const counts = new Map<string | number, number>();
      const shop = table([application(weighted(weights))]);
      // Connections spread unevenly over workers: the first gets half as many again as the last.
      const shares = Array.from({ length: workers }, (_, worker) => 1.2 - (worker / workers) * 0.4);
      const all = shares.reduce((sum, share) => sum + share, 0);
      for (const [worker, share] of shares.entries()) {
        const site = rig(shop, { seed: 100 + worker, worker, workers });
        count(site, Math.round((10_000 * share) / all), counts);
      }
      const seen = [...counts.values()].reduce((sum, requests) => sum + requests, 0);
      for (const [index, weight] of weights.entries()) {
        const expected = (seen * weight) / total;
        const off = Math.abs((counts.get(`s${index}`) ?? 0) - expected) / expected;
        t.ok(off <= 0.02, `${weights.length} servers, ${workers} workers, weight ${weight}: ${off}`);
      }
    }
  }
});

t.test("weights with a common divisor interleave like those without [R4]", async (t) => {
  const site = rig(table([application(weighted([100, 50]))]));
  for (let round = 0; round < 20; round += 1) {
    const counts = count(site, 3);
    t.equal(counts.get("s0"), 2);
    t.equal(counts.get("s1"), 1);
  }
});

t.test("the first server is random, and workers do not march in step [R4]", async (t) => {
  const shop = application(weighted([1, 1, 1, 1]));
  const firstOf = (revision: number, worker: number): string | number =>
    rig(table([shop], undefined, revision), { worker, workers: 4 }).serverFor(PLAIN);
  t.equal(new Set(Array.from({ length: 40 }, (_, revision) => firstOf(revision, 0))).size, 4);
  const differ = Array.from(
    { length: 40 },
    (_, revision) => new Set([0, 1, 2, 3].map((worker) => firstOf(revision, worker))).size,
  );
  t.ok(
    differ.every((size) => size >= 2),
    differ.join(),
  );
});

t.test("a server of weight 0 gets no new users, but its sessions [R4]", async (t) => {
  for (const balance of BALANCES) {
    const site = rig(table([application(weighted([0, 1]), { balance })]));
    t.same([...count(site, 20).keys()], ["s1"], balance);
    t.equal(site.serverFor(request("/shop", ["Cookie: JSESSIONID=abc:s0"])), "s0");
  }
});

t.test("requests with affinity use up turns only where the cluster counts them [R4]", async (t) => {
  for (const countAffinity of [false, true]) {
    const site = rig(table([application(weighted([1, 1]), { countAffinity })]));
    const counts = new Map<string | number, number>();
    for (let round = 0; round < 50; round += 1) {
      site.serverFor(request("/shop", ["Cookie: JSESSIONID=abc:s0"]));
      count(site, 2, counts);
    }
    const own = counts.get("s0") ?? 0;
    t.ok(countAffinity ? own <= 26 : own === 50, `${countAffinity}: ${own}`);
  }
});

t.test("random ignores weights [R4]", async (t) => {
  const counts = count(rig(table([application(weighted([1, 9]), { balance: "random" })])), 4000);
  t.ok(Math.abs((counts.get("s0") ?? 0) - 2000) < 200, `${counts.get("s0")}`);
});

t.test("least in flight fills servers evenly for their weight [R4]", async (t) => {
  const site = rig(table([application(weighted([1, 2, 1]), { balance: "least-in-flight" })]));
  const held: CompiledInstance[] = [];
  for (let index = 0; index < 40; index += 1) {
    const decision = site.decide(PLAIN);
    if (decision.instance !== null) held.push(decision.instance);
  }
  t.same(
    site.router.states.all().map((state) => state.inFlight),
    [10, 20, 10],
  );
  const [busiest] = held;
  if (busiest === undefined) return;
  for (let index = 0; index < 10; index += 1) {
    const at = held.findIndex((instance) => instance.entry.server === "s0");
    site.router.release(held[at] as CompiledInstance);
    held.splice(at, 1);
  }
  t.equal(site.decide(PLAIN).instance?.entry.server, "s0");
});

t.test("power of two takes the less loaded of two, and never starves anybody [R4]", async (t) => {
  const site = rig(table([application(weighted([1, 1, 1, 1]), { balance: "power-of-two" })]));
  for (let index = 0; index < 400; index += 1) site.decide(PLAIN);
  for (const state of site.router.states.all()) {
    t.ok(Math.abs(state.inFlight - 100) < 10, `${state.key}: ${state.inFlight}`);
  }
});

t.test("backups are used in order, and only when no primary is up [R4]", async (t) => {
  for (const balance of BALANCES) {
    const servers = [
      instance("p1"),
      instance("p2"),
      instance("b1", { role: "backup" }),
      instance("b2", { role: "backup" }),
    ];
    const site = rig(table([application(servers, { balance })]));
    const down = (name: string): void =>
      site.router.applyMark({ key: `shop/1/${name}`, state: "down", by: "probe", cause: "timeout" });
    t.same([...count(site, 40).keys()].sort(), ["p1", "p2"], balance);
    down("p1");
    t.same([...count(site, 10).keys()], ["p2"]);
    down("p2");
    t.same([...count(site, 10).keys()], ["b1"]);
    down("b1");
    t.same([...count(site, 10).keys()], ["b2"]);
  }
});

t.test("primaries that are full do not spill over to backups: the request waits [R4]", async (t) => {
  const servers = [instance("p1", { maxConnections: 1 }), instance("b1", { role: "backup" })];
  const site = rig(table([application(servers)]));
  t.equal(site.decide(PLAIN).instance?.entry.server, "p1");
  t.equal(site.decide(PLAIN).outcome, BUSY);
});

t.test("a server's limit holds over all workers together [R4]", async (t) => {
  for (const limit of [4, 5, 7, 100]) {
    const shares = [0, 1, 2, 3].map((worker) => shareOf(limit, { worker, workers: 4 }));
    t.equal(
      shares.reduce((sum, share) => sum + share, 0),
      limit,
    );
    t.ok(Math.max(...shares) - Math.min(...shares) <= 1);
  }
  t.equal(shareOf(2, { worker: 3, workers: 4 }), 1, "each worker may have one");
  t.equal(shareOf(0, { worker: 0, workers: 4 }), Number.POSITIVE_INFINITY);
  for (const balance of BALANCES) {
    const site = rig(table([application([instance("s1", { maxConnections: 3 })], { balance })]), {
      workers: 1,
    });
    const taken = [1, 2, 3].map(() => site.decide(PLAIN));
    t.ok(taken.every((decision) => decision.outcome === FORWARD));
    t.equal(site.decide(PLAIN).outcome, BUSY, balance);
    if (taken[0]?.instance) site.router.release(taken[0].instance);
    t.equal(site.decide(PLAIN).outcome, FORWARD);
  }
});

t.test("a server that comes back gets its share little by little during slow start [R4]", async (t) => {
  for (const balance of BALANCES) {
    const slow = (access: "open" | "closed") =>
      table(
        [application([instance("s0", { slowStartMs: 10_000, access }), instance("s1")], { balance })],
        undefined,
        access === "open" ? 2 : 1,
      );
    const site = rig(slow("closed"));
    site.router.setTable(slow("open"));
    const share = (): number => (count(site, 2000).get("s0") ?? 0) / 2000;
    const full = balance === "least-in-flight" ? 1 : 0.5;
    t.ok(share() < 0.02, `${balance} at the beginning`);
    site.router.nowMs += 5000;
    const half = share();
    t.ok(half > full * 0.3 && half < full * 0.75, `${balance} in the middle: ${half}`);
    site.router.nowMs += 5000;
    const whole = share();
    t.ok(whole > 0.4, `${balance} at the end: ${whole}`);
  }
});

t.test("servers of the first table start at full weight: nobody has just come back [R4]", async (t) => {
  const site = rig(table([application([instance("s0", { slowStartMs: 10_000 }), instance("s1")])]));
  t.equal(count(site, 100).get("s0"), 50);
});

t.test("random commands keep claims and releases in balance and never reach a closed server", async (t) => {
  for (const balance of BALANCES) {
    const random = seededRandom(7);
    const pick = (below: number): number => Math.floor(random.next() * below);
    const accesses = ["open", "affinity-only", "closed"] as const;
    const someTable = (revision: number) =>
      table(
        [
          application(
            Array.from({ length: 1 + pick(6) }, (_, index) =>
              instance(`s${index}`, {
                access: accesses[pick(3)] ?? "open",
                weight: pick(4),
                maxConnections: pick(3) * 2,
                role: pick(4) === 0 ? "backup" : "primary",
              }),
            ),
            { balance },
          ),
        ],
        undefined,
        revision,
      );
    const site = rig(someTable(1), { seed: 3 });
    const held: CompiledInstance[] = [];
    for (let step = 0; step < 3000; step += 1) {
      const action = pick(10);
      if (action === 0) site.router.setTable(someTable(step + 2));
      else if (action === 1) site.router.nowMs += pick(40_000);
      else if (action < 5 && held.length > 0) {
        const [released] = held.splice(pick(held.length), 1);
        if (released !== undefined) site.router.release(released);
      } else {
        const cookie = pick(2) === 0 ? [`Cookie: JSESSIONID=a${step}:s${pick(7)}:s${pick(7)}`] : [];
        const decision = site.decide(request("/shop", cookie));
        if (decision.outcome !== FORWARD || decision.instance === null) continue;
        const { entry, state, inFlightMax } = decision.instance;
        const isWrong =
          entry.access === "closed" || (entry.access === "affinity-only" && cookie.length === 0);
        if (isWrong || state.inFlight > inFlightMax)
          t.fail(`step ${step}: ${entry.access} ${state.inFlight}`);
        held.push(decision.instance);
        const verdict = pick(4);
        if (verdict === 0) site.router.failed(decision, "reset");
        else if (verdict < 3) site.router.succeeded(decision);
      }
    }
    const claimed = site.router.states.all().reduce((sum, state) => sum + state.inFlight, 0);
    t.equal(claimed, held.length, balance);
    for (const instance of held) site.router.release(instance);
    t.ok(
      site.router.states.all().every((state) => state.inFlight === 0),
      balance,
    );
  }
});
