import t from "tap";
import type { Revision } from "../../src/base/units.ts";
import { AppliedWaits } from "../../src/control/applied-waits.ts";
import { Workers } from "../../src/control/workers.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { isPending } from "../support/pending.ts";
import { aReport } from "../support/reports.ts";

const R5 = 5 as Revision;

function build() {
  const clock = new FakeClock();
  const workers = new Workers();
  const waits = new AppliedWaits({ router: "node01", workers, clock });
  return {
    clock,
    workers,
    waits,
    report(worker: number, revision: number, pid = 100 + worker) {
      const report = aReport({ worker, pid, incarnation: `${worker}.${pid}`, revision });
      workers.report(report, clock.monotonicMs());
      waits.workersChanged();
    },
    peers(...pids: readonly number[]) {
      const list = pids.map((pid) => ({ slot: pid % 100, pid, connections: 0 }));
      workers.peers({ kind: "peers", workers: list }, clock.monotonicMs());
      waits.workersChanged();
    },
  };
}

t.test("a wait ends when the last live worker has reported the revision, and not before [M3]", async (t) => {
  const { waits, report, clock } = build();
  report(0, 4);
  report(1, 4);
  const applied = waits.until(R5, 5000);
  report(0, 5);
  t.ok(await isPending(applied));
  report(1, 6);
  t.strictSame(await applied, { revision: 5, routers: 1, applied: 1, missing: [] });
  t.equal(clock.waiting, 0, "no alarm is left");
});

t.test("a worker that lags is named, with what happens there [M3]", async (t) => {
  const { waits, report, clock } = build();
  report(0, 5);
  report(1, 4);
  const applied = waits.until(R5, 5000);
  clock.advance(4999);
  t.ok(await isPending(applied));
  clock.advance(1);
  const { routers, applied: count, missing } = await applied;
  t.strictSame([routers, count], [1, 0]);
  t.strictSame(missing, [
    'Router "node01": worker 1 (process 101) has not answered, last heard of 5 s ago; it still decides by revision 4',
  ]);
});

t.test(
  "a worker that nobody has heard yet is waited for: a new control does not answer for it [F1]",
  async (t) => {
    const { waits, report, peers } = build();
    peers(100, 101);
    report(0, 5);
    const applied = waits.until(R5, 5000);
    t.ok(await isPending(applied));
    t.match(waits.now(R5).missing, [/worker 1 \(process 101\) has not reported yet/]);
    report(1, 5);
    t.match(await applied, { applied: 1, missing: [] });
  },
);

t.test("a worker that dies is not waited for", async (t) => {
  const { waits, report, peers } = build();
  report(0, 5);
  report(1, 4);
  const applied = waits.until(R5, 5000);
  peers(100);
  t.match(await applied, { applied: 1, missing: [] });
});

t.test("the worker that takes a dead one's place is waited for in its stead", async (t) => {
  const { waits, report, peers } = build();
  peers(100);
  report(0, 4, 100);
  const applied = waits.until(R5, 5000);
  peers(200);
  t.ok(await isPending(applied));
  report(0, 5, 200);
  t.match(await applied, { applied: 1, missing: [] });
});

t.test("a worker that is being replaced still decides requests, and is waited for too [F3]", async (t) => {
  const { waits, report, peers } = build();
  peers(100, 200);
  report(0, 4, 100);
  report(0, 5, 200);
  const applied = waits.until(R5, 5000);
  t.ok(await isPending(applied));
  report(0, 5, 100);
  t.match(await applied, { applied: 1, missing: [] });
});

t.test("a late report of a dead worker does not bring it back", (t) => {
  const { workers, report, peers } = build();
  report(0, 4, 100);
  peers(200);
  report(0, 5, 200);
  report(0, 4, 100);
  t.match(workers.live(), [{ slot: 0, pid: 200, report: { revision: 5 } }]);
  t.equal(workers.live().length, 1);
  t.end();
});

t.test("whoever waits is answered with what is known when control stops", async (t) => {
  const { waits, report, clock } = build();
  report(0, 4);
  const applied = waits.until(R5, 5000);
  waits.close();
  waits.close();
  t.match(await applied, { applied: 0, missing: [/revision 4/] });
  t.equal(clock.waiting, 0);
});

t.test(
  "without any live worker nothing is waited for: the next one starts with the newest table",
  async (t) => {
    const { waits } = build();
    t.strictSame(await waits.until(R5, 5000), { revision: 5, routers: 0, applied: 0, missing: [] });
  },
);

t.test("marks follow the reports, and what was said since", (t) => {
  const { workers, clock } = build();
  const key = "shop/1/Server01";
  const marks = [{ key, cause: "connect ECONNREFUSED", ageMs: 5 }];
  workers.report(aReport({ marks }), clock.monotonicMs());
  t.equal(workers.live()[0]?.marks.get(key), "connect ECONNREFUSED");
  workers.mark({ kind: "mark", from: "worker:1", key, state: "up", by: "traffic", cause: "" });
  t.equal(workers.live()[0]?.marks.size, 0);
  workers.mark({ kind: "mark", from: "worker:1", key, state: "down", by: "traffic", cause: "no answer" });
  t.equal(workers.live()[0]?.marks.get(key), "no answer");
  workers.report(aReport({ marks: [] }), clock.monotonicMs());
  t.equal(workers.live()[0]?.marks.size, 0, "the worker itself knows best");
  t.end();
});
