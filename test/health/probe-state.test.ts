import t from "tap";
import { afterProbe, type ProbeOutcome, type ProbeState, UNKNOWN } from "../../src/health/probe-state.ts";

const GOOD: ProbeOutcome = { ok: true };
const BAD: ProbeOutcome = { ok: false, cause: "status 500" };

/** The verdicts after each of a row of probes: `+` succeeds, `-` fails. */
function verdicts(row: string, thresholds: { fall: number; rise: number }): string {
  let state: ProbeState = UNKNOWN;
  return [...row]
    .map((sign) => {
      state = afterProbe(state, sign === "+" ? GOOD : BAD, thresholds);
      return { unknown: "?", up: "u", down: "d" }[state.state];
    })
    .join("");
}

t.test("a server is up from its first good probe and down after so many bad ones in a row", (t) => {
  t.equal(verdicts("+---", { fall: 3, rise: 2 }), "uuud");
  t.equal(verdicts("+--+--+---", { fall: 3, rise: 2 }), "uuuuuuuuud", "a good one begins the count anew");
  t.equal(verdicts("+-", { fall: 1, rise: 1 }), "ud");
  t.end();
});

t.test("a server that was never seen well is unknown until it has failed often enough", (t) => {
  t.equal(verdicts("---", { fall: 3, rise: 2 }), "??d");
  t.equal(verdicts("--+", { fall: 3, rise: 2 }), "??u");
  t.end();
});

t.test("a server that is down comes back after so many good probes in a row", (t) => {
  t.equal(verdicts("--++", { fall: 2, rise: 2 }), "?ddu");
  t.equal(verdicts("--+-+-++", { fall: 2, rise: 2 }), "?ddddddu");
  t.equal(verdicts("--++--", { fall: 2, rise: 2 }), "?dduud");
  t.end();
});

t.test("the cause of a server that is down is that of its last bad probe", (t) => {
  const first = afterProbe(UNKNOWN, BAD, { fall: 1, rise: 2 });
  t.match(first, { state: "down", cause: "status 500" });
  const later = afterProbe(first, { ok: false, cause: "connection refused" }, { fall: 1, rise: 2 });
  t.match(later, { state: "down", cause: "connection refused" });
  t.end();
});
