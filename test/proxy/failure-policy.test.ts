// The verdict on a failed upstream, over all cases there are (SPEC P3, W70, the keep-alive race).

import t from "tap";
import { afterFailure, type FailureFacts, type UpstreamFailure } from "../../src/proxy/failure-policy.ts";

const FAILURES: readonly UpstreamFailure[] = ["connect", "closed", "silent", "malformed", "gone"];
const BOTH = [false, true];
const FACTS: FailureFacts = {
  failure: "closed",
  wasReused: true,
  nothingSent: false,
  isIdempotent: true,
  isReplayable: true,
  attempts: 1,
  attemptsMax: 4,
  clientMayRetry: true,
};

/** Every combination of the facts. */
function* allFacts(): Generator<FailureFacts> {
  for (const failure of FAILURES)
    for (const wasReused of BOTH)
      for (const nothingSent of BOTH)
        for (const isIdempotent of BOTH)
          for (const isReplayable of BOTH)
            for (const attempts of [1, 3, 4, 5])
              for (const clientMayRetry of BOTH)
                yield {
                  ...FACTS,
                  failure,
                  wasReused,
                  nothingSent,
                  isIdempotent,
                  isReplayable,
                  attempts,
                  clientMayRetry,
                };
}

t.test("a request that may have been acted upon is never repeated, whatever else is true [W70]", (t) => {
  for (const facts of allFacts()) {
    const mayBeSentAgain = facts.nothingSent || (facts.isIdempotent && facts.isReplayable);
    const verdict = afterFailure(facts);
    if (!mayBeSentAgain && (verdict === "same-instance" || verdict === "other-instance")) {
      t.fail("repeated", facts);
    }
  }
  t.end();
});

t.test(
  "nothing is tried for ever: what was sent has its attempts, what never was sent each instance once [W70]",
  (t) => {
    for (const facts of allFacts()) {
      if (facts.failure === "connect" || facts.attempts < facts.attemptsMax) continue;
      t.equal(afterFailure(facts), "answer", "no more attempts", facts);
    }
    t.equal(
      afterFailure({ ...FACTS, failure: "connect", wasReused: false, nothingSent: true, attempts: 9 }),
      "other-instance",
    );
    t.end();
  },
);

t.test(
  "a close is mirrored only to a client that has to expect it, and only where the race is the cause",
  (t) => {
    for (const facts of allFacts()) {
      if (afterFailure(facts) !== "mirror-close") continue;
      t.ok(
        facts.clientMayRetry && facts.wasReused && facts.failure === "closed" && !facts.nothingSent,
        "mirrored",
        facts,
      );
    }
    t.end();
  },
);

t.test("what is no response is answered and never repeated", (t) => {
  for (const facts of allFacts()) {
    if (facts.failure === "malformed") t.equal(afterFailure(facts), "answer");
  }
  t.end();
});

const CASES: readonly (readonly [string, Partial<FailureFacts>, string])[] = [
  ["an idle connection closed under an idempotent request: once more on a fresh one", {}, "same-instance"],
  [
    "under a POST of a client that may repeat: close as the server did",
    { isIdempotent: false },
    "mirror-close",
  ],
  ["under the first POST of a connection: 502", { isIdempotent: false, clientMayRetry: false }, "answer"],
  [
    "under a POST of which nothing was sent: once more",
    { isIdempotent: false, nothingSent: true },
    "same-instance",
  ],
  ["under a PUT that is not in memory any more: mirrored", { isReplayable: false }, "mirror-close"],
  [
    "a fresh connection closed under an idempotent request: another server",
    { wasReused: false },
    "other-instance",
  ],
  ["a fresh connection closed under a POST: 502", { wasReused: false, isIdempotent: false }, "answer"],
  ["no first byte in time, idempotent: another server", { failure: "silent" }, "other-instance"],
  ["left the table, idempotent: another server", { failure: "gone" }, "other-instance"],
  ["left the table, POST: 503", { failure: "gone", isIdempotent: false }, "answer"],
  ["no first byte in time, POST: 504", { failure: "silent", isIdempotent: false }, "answer"],
  [
    "no connection, POST: another server, since nothing was sent",
    { failure: "connect", wasReused: false, isIdempotent: false, nothingSent: true },
    "other-instance",
  ],
];

for (const [name, facts, verdict] of CASES) {
  t.test(`${name} [W70]`, (t) => {
    t.equal(afterFailure({ ...FACTS, ...facts }), verdict);
    t.end();
  });
}
