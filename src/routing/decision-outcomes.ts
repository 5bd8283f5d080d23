// hot: bench/micro/decide.ts
// Fills a decision with what is not a claim; the claim itself is the router's.

import {
  AFFINITY_INVALID,
  AFFINITY_KEPT,
  AFFINITY_NEW,
  AFFINITY_NONE,
  BUSY,
  type Decision,
  NO_VIRTUAL_HOST,
} from "./decision.ts";
import type { RoutedApplication, RoutedEdition, RoutedInstance } from "./routed.ts";
import { NO_BUCKET, TIE_INVALID, type Tie } from "./tie.ts";

/** Makes a used decision new. */
export function reset(decision: Decision, isSecure: boolean): void {
  decision.outcome = NO_VIRTUAL_HOST;
  decision.application = null;
  decision.instance = null;
  decision.affinity = AFFINITY_NONE;
  decision.waitsFor = null;
  decision.edition = null;
  decision.isTied = false;
  decision.tokenBornSeconds = 0;
  decision.isTokenDue = false;
  decision.isSecure = isSecure;
  decision.isTrial = false;
  decision.hasSession = false;
  decision.sessionHigh = 0;
  decision.sessionLow = 0;
  decision.stripCount = 0;
}

/** No instance: `UNAVAILABLE` or `SESSION_LOST`. */
export function unavailable(decision: Decision, outcome: number): void {
  decision.outcome = outcome;
  decision.instance = null;
  decision.waitsFor = null;
  decision.isTrial = false;
}

/** Every instance that would do is full: wait for the place of `waitsFor`, or of any in the edition when it is null. */
export function wait(
  decision: Decision,
  edition: RoutedEdition,
  waitsFor: RoutedInstance | null,
  affinity: number,
): void {
  decision.outcome = BUSY;
  decision.instance = null;
  decision.isTrial = false;
  decision.edition = edition;
  decision.waitsFor = waitsFor;
  decision.affinity = affinity;
}

/** What a request without a tie counts as; where a hash decides, the client keeps its instance. */
export function freshAffinity(application: RoutedApplication, tie: Tie): number {
  if (tie.bucket !== NO_BUCKET) return AFFINITY_KEPT;
  if (tie.kind === TIE_INVALID) return AFFINITY_INVALID;
  return application.affinity.isSticky ? AFFINITY_NEW : AFFINITY_NONE;
}
