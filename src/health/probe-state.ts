// What a row of probes says of a server.
//
//   unknown ──first success──▶ up ──`fall` failures in a row──▶ down
//      │                        ▲                                │
//      │                        └────`rise` successes in a row───┘
//      └────────────────`fall` failures in a row────────────▶ down
//
// Independent of the operator's mode and of what traffic finds: a server in any mode is probed (SPEC M2).

import { unreachable } from "../base/assert.ts";

/** A verdict, and how many probes in a row speak against it. */
export type ProbeState =
  | { readonly state: "unknown"; readonly failures: number }
  | { readonly state: "up"; readonly failures: number }
  | { readonly state: "down"; readonly successes: number; readonly cause: string };

/** What one probe has found. */
export type ProbeOutcome = { readonly ok: true } | { readonly ok: false; readonly cause: string };

/** How many in a row it takes to change a verdict. */
export interface ProbeThresholds {
  readonly fall: number;
  readonly rise: number;
}

/** Before the first probe. */
export const UNKNOWN: ProbeState = { state: "unknown", failures: 0 };

/** The state after one more probe. A change is seen by comparing `state` with the one before. */
export function afterProbe(
  before: ProbeState,
  outcome: ProbeOutcome,
  thresholds: ProbeThresholds,
): ProbeState {
  switch (before.state) {
    case "unknown":
      return outcome.ok ? { state: "up", failures: 0 } : failedOnce(before, outcome.cause, thresholds);
    case "up":
      if (!outcome.ok) return failedOnce(before, outcome.cause, thresholds);
      return before.failures === 0 ? before : { state: "up", failures: 0 };
    case "down":
      if (!outcome.ok) return { state: "down", successes: 0, cause: outcome.cause };
      if (before.successes + 1 >= thresholds.rise) return { state: "up", failures: 0 };
      return { ...before, successes: before.successes + 1 };
    default:
      return unreachable(before);
  }
}

function failedOnce(
  before: Exclude<ProbeState, { readonly state: "down" }>,
  cause: string,
  thresholds: ProbeThresholds,
): ProbeState {
  const failures = before.failures + 1;
  return failures >= thresholds.fall
    ? { state: "down", successes: 0, cause }
    : { state: before.state, failures };
}
