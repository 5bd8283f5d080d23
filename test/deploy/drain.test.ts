import fc from "fast-check";
import t from "tap";
import type { EpochMs, Revision } from "../../src/base/units.ts";
import type { DrainSight, Leaving, WorkerWord } from "../../src/deploy/drain.ts";
import { drainOf, isClosedAndIdle, leftOf } from "../../src/deploy/drain.ts";
import type { InstanceLoad } from "../../src/routing/report.ts";
import { aReport, load } from "../support/reports.ts";

const KEY = "shop/1/Server01";
const NOW = 5000 as EpochMs;
const ASKED = 7;

/** Retires since revision 4, until drained or a time. */
function retiring(until: number | "drained" = "drained"): Leaving {
  return { state: "retiring", since: 0 as EpochMs, revision: 4 as Revision, until: until as EpochMs };
}

function stopping(until = 9000): Leaving {
  return { state: "stopping", since: 0 as EpochMs, revision: 4 as Revision, until: until as EpochMs };
}

/** The word of a worker that has nothing left of edition 1 and has looked again, but for what is given. */
function word(
  given: { revision?: number; asked?: number; sessions?: number; load?: readonly InstanceLoad[] } = {},
): WorkerWord {
  const { revision = 4, asked = ASKED, sessions = 0, load: loads = [] } = given;
  const leaving = [{ application: "shop", edition: "1", sessions }];
  return aReport({ revision, asked, load: loads, leaving });
}

function sight(workers: readonly WorkerWord[], sessions = 0): DrainSight {
  return { application: "shop", edition: "1", workers, sessions, sessionsKnownFrom: 0 as EpochMs, idleMs: 0 };
}

function verdict(
  workers: readonly WorkerWord[],
  more: { lifecycle?: Leaving; sessions?: number; confirming?: number | undefined; now?: EpochMs } = {},
): string {
  const { lifecycle = retiring(), sessions, now = NOW } = more;
  const confirming = "confirming" in more ? more.confirming : ASKED;
  return drainOf(sight(workers, sessions), { lifecycle, confirming, now }).verdict;
}

t.test("an edition is drained when no worker has anything of it, nor had when it looked again [E6]", (t) => {
  t.equal(verdict([word(), word()], { confirming: undefined }), "confirm");
  t.equal(verdict([word(), word({ asked: ASKED - 1 })]), "confirm", "one has not looked again");
  t.equal(verdict([word(), word()]), "drained");
  t.equal(verdict([word(), word({ revision: 9, asked: ASKED + 3 })]), "drained", "later ones count as well");
  t.end();
});

t.test(
  "sessions that nobody can know of after a restart are waited for as long as they may be silent [E6]",
  (t) => {
    const restarted = { ...sight([word(), word()]), sessionsKnownFrom: 4000 as EpochMs, idleMs: 60_000 };
    const judge = (lifecycle: Leaving, now: number): unknown => {
      const { verdict, lookAt } = drainOf(restarted, { lifecycle, confirming: ASKED, now: now as EpochMs });
      return [verdict, lookAt];
    };
    const older = { ...retiring(), openedAt: 3000 as EpochMs } as Leaving;
    t.same(judge(older, 5000), ["waiting", 64_000]);
    t.same(judge(older, 64_000), ["drained", undefined]);
    t.same(
      judge({ ...older, openedAt: 4000 as EpochMs } as Leaving, 5000),
      ["drained", undefined],
      "it is younger",
    );
    const soon = { ...retiring(9000), openedAt: 3000 as EpochMs } as Leaving;
    t.same(judge(soon, 5000), ["waiting", 9000], "its deadline comes first");
    t.same(judge(soon, 9000), ["deadline", 9000]);
    t.same(judge(stopping(), 5000), ["drained", 9000], "one that only finishes has no sessions to wait for");
    const loose = { ...restarted, idleMs: 0 };
    t.equal(drainOf(loose, { lifecycle: older, confirming: ASKED, now: NOW }).verdict, "drained");
    t.end();
  },
);

for (const [what, left] of Object.entries({
  "a request": { inFlight: 1 },
  "a request that waits for a place": { queued: 1 },
  "a WebSocket": { inFlight: 1, webSockets: 1 },
  "an event stream": { inFlight: 1, streams: 1 },
  "another tunnel": { inFlight: 1, tunnels: 1 },
})) {
  t.test(`an edition with ${what} left on one worker is not drained, retiring or stopping [E6]`, (t) => {
    const workers = [word(), word({ load: [load(KEY, left)] })];
    t.equal(verdict(workers), "waiting");
    t.equal(verdict(workers, { lifecycle: stopping() }), "waiting");
    t.end();
  });
}

t.test(
  "a session that any worker or control knows keeps a retiring edition, not a stopping one [E6]",
  (t) => {
    t.equal(verdict([word()], { sessions: 1 }), "waiting");
    t.equal(verdict([word(), word({ sessions: 1 })]), "waiting", "born just now: control was not told yet");
    t.equal(verdict([word({ sessions: 1 })], { sessions: 1, lifecycle: stopping() }), "drained");
    t.end();
  },
);

t.test("what a worker counted before the edition began to leave is worth nothing [E6]", (t) => {
  for (const lifecycle of [retiring(), stopping()]) {
    t.equal(verdict([word(), word({ revision: 3 })], { lifecycle }), "waiting");
    t.equal(verdict([word(), undefined], { lifecycle }), "waiting", "a worker that has not reported");
    t.equal(verdict([], { lifecycle }), "waiting", "no worker: nobody knows");
  }
  t.end();
});

t.test("a worker whose table does not let the edition leave has not counted it [E6]", (t) => {
  t.equal(verdict([word(), aReport({ revision: 5, asked: ASKED })]), "waiting");
  t.end();
});

t.test("other editions and applications do not keep it, nor those with a longer name [E6]", (t) => {
  const others = ["shop/10/Server01", "shop2/1/Server01", "shop/2/Server01"].map((key) => {
    return load(key, { inFlight: 1 });
  });
  t.equal(verdict([word({ load: others })]), "drained");
  t.end();
});

t.test("a deadline ends the wait whatever is left, and whoever is silent [E2]", (t) => {
  const busy = [word({ load: [load(KEY, { inFlight: 1 })] })];
  for (const lifecycle of [retiring(5001), stopping(5001)]) {
    t.equal(verdict(busy, { lifecycle, sessions: 1 }), "waiting");
    t.equal(verdict(busy, { lifecycle, now: 5001 as EpochMs, sessions: 1 }), "deadline");
    t.equal(verdict([], { lifecycle, now: 5001 as EpochMs }), "deadline");
    t.equal(verdict([undefined], { lifecycle, now: 6000 as EpochMs }), "deadline");
    t.equal(drainOf(sight(busy), { lifecycle, confirming: undefined, now: NOW }).lookAt, 5001);
  }
  t.equal(verdict([word()], { lifecycle: retiring(5000) }), "drained", "drained in time is not cut off");
  t.equal(verdict([word()], { lifecycle: retiring(5000), confirming: undefined }), "deadline");
  t.equal(verdict(busy, { now: Number.MAX_SAFE_INTEGER as EpochMs }), "waiting", "until drained has no end");
  t.end();
});

t.test("what is left is told by kind, a stream or tunnel not as a request too [E7]", (t) => {
  const one = word({
    sessions: 3,
    load: [load(KEY, { inFlight: 9, webSockets: 2, streams: 3, tunnels: 1, queued: 4 })],
  });
  const other = word({ load: [load("shop/1/Server02", { inFlight: 1 })], revision: 1 });
  const left = { requests: 8, sessions: 5, webSockets: 2, streams: 3, tunnels: 1 };
  t.strictSame(leftOf(sight([one, other, undefined], 5)), left);
  t.equal(leftOf(sight([one], 2)).sessions, 3);
  t.end();
});

t.test(
  "an edition that gets nothing is idle when every worker has that table and no work of it [E7]",
  (t) => {
    const at = 6 as Revision;
    t.ok(
      isClosedAndIdle(sight([word({ revision: 6 }), word({ revision: 7 })], 12), at),
      "sessions are no work",
    );
    t.notOk(isClosedAndIdle(sight([word({ revision: 6 }), word({ revision: 5 })]), at));
    t.notOk(isClosedAndIdle(sight([word({ revision: 6, load: [load(KEY, { inFlight: 1 })] })]), at));
    t.notOk(isClosedAndIdle(sight([undefined]), at));
    t.end();
  },
);

const smallCount = fc.integer({ min: 0, max: 2 });
const aLoad = fc.record({
  key: fc.constantFrom(KEY, "shop/1/Server02@/run/x.sock", "shop/2/Server01", "shop/11/Server01"),
  inFlight: smallCount,
  webSockets: smallCount,
  tunnels: smallCount,
  streams: smallCount,
  queued: smallCount,
});
const aWord = fc.option(
  fc
    .record({
      revision: fc.integer({ min: 2, max: 6 }),
      asked: fc.integer({ min: ASKED - 1, max: ASKED + 1 }),
      sessions: smallCount,
      load: fc.array(aLoad, { maxLength: 2 }),
    })
    .map((given) => word(given)),
  { nil: undefined },
);

t.test("drained is never said while anything is left, unknown or counted too early [E6]", (t) => {
  const aLifecycle = fc.constantFrom(retiring(), retiring(5000), retiring(6000), stopping(5000), stopping());
  const workers = fc.array(aWord, { maxLength: 3 });
  let drained = 0;
  fc.assert(
    fc.property(aLifecycle, workers, smallCount, (lifecycle, words, sessions) => {
      const said = verdict(words, { lifecycle, sessions });
      if (said !== "drained") return;
      drained += 1;
      t.ok(words.length > 0);
      for (const one of words) {
        if (one === undefined) throw new Error("a silent worker was passed over");
        const own = one.load.filter(({ key }) => key.startsWith("shop/1/"));
        const open = own.map((l) => l.inFlight + l.webSockets + l.tunnels + l.streams + l.queued);
        const isRetiring = lifecycle.state === "retiring";
        const isQuiet = open.every((count) => count === 0) && one.revision >= lifecycle.revision;
        if (!isQuiet) throw new Error("work was left, or counted too early");
        if (isRetiring && (sessions > 0 || (one.leaving[0]?.sessions ?? 1) > 0 || one.asked < ASKED)) {
          throw new Error("a session was left, or nobody looked again");
        }
      }
    }),
    { numRuns: 3000 },
  );
  t.ok(drained > 10, `${drained} were drained`);
  t.end();
});
