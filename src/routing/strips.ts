// hot: bench/micro/decide.ts
// Notes which bytes of a request head are the router's own and stay behind.

import { type Decision, STRIPS_MAX } from "./decision.ts";

/** Notes one range of a Cookie field's value, after all that were noted before; false when there are too many. */
export function strip(decision: Decision, start: number, end: number): boolean {
  if (decision.stripCount === STRIPS_MAX) return false;
  decision.stripStart[decision.stripCount] = start;
  decision.stripEnd[decision.stripCount] = end;
  decision.stripCount += 1;
  return true;
}
