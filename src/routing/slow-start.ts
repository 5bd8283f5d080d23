// hot: bench/micro/decide.ts
// Slow start (SPEC R4): an instance that has just become available gets a share of its turns that grows linearly.
// The turns that it does not get yet go to the others; its place in the order of turns stays as it is.

import type { Random } from "../base/random.ts";
import type { RoutedInstance } from "./routed.ts";

/** Most turns that are passed by in one pick: enough to find one that has started, little when all are starting. */
export const PASSES_MAX = 32;

/** True when the instance is still starting and chance lets this turn pass it by. */
export function passesTurn(instance: RoutedInstance, nowMs: number, random: Random): boolean {
  const { slowStartMs } = instance.entry;
  if (slowStartMs === 0) return false;
  const elapsedMs = nowMs - instance.state.availableSinceMs;
  return elapsedMs < slowStartMs && random.next() * slowStartMs >= elapsedMs;
}
