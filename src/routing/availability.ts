// Marks (SPEC P3; §2.12): whether an instance answered when it was last asked.
//
//            connect failure or no answer, and another one is up                 probe: down
//      ┌──────────────────────────────────────────────┐               ┌──────────────────────────┐
//      │                                              ▼               │                          ▼
//     up ◀──────── the trial answers ────────── down by traffic ──────┘ probe: down       down by probe
//      ▲                                        │         ▲                                      │
//      │                 retryInterval is over, │         │ the trial fails,                     │
//      │                 one request is the     ▼         │ or ends without a verdict            │
//      │                 trial             trial under way                                       │
//      └─────────────────────────────── probe: up ───────────────────────────────────────────────┘
//
// A 503 does not mark: the server answered. The last instance of an edition that is up is never marked down by traffic, since
// to send nowhere is worse. What a probe took down only a probe brings back. A trial under way keeps others away for one
// more interval, so that one that is never heard of again (its worker was killed) does not block the instance for ever.

import type { InstanceState } from "./compiled.ts";
import type { MarkMessage } from "./messages.ts";
import { isTrialDue } from "./pool.ts";
import type { RoutedInstance } from "./routed.ts";

/** A mark as other processes are told of it. */
export type Mark = Pick<MarkMessage, "key" | "state" | "by" | "cause">;

/** Begins the one trial of a marked-down instance. */
export function beginTrial(instance: RoutedInstance, nowMs: number): void {
  instance.state.trialSinceMs = nowMs;
  instance.state.lastTryMs = nowMs;
  instance.edition.pool?.markChanged(instance);
}

/** The trial ended without a verdict (the client went away): the next request may be the trial. */
export function abandonTrial(instance: RoutedInstance): void {
  const { state } = instance;
  state.hasOwnTrial = false;
  if (state.downSinceMs === 0) return;
  state.trialSinceMs = 0;
  state.lastTryMs -= instance.application.entry.traffic.retryIntervalMs;
  instance.edition.pool?.markChanged(instance);
}

/** Marks an instance down after a failure. False when nothing changed: it is the last one that is up. */
export function markDown(instance: RoutedInstance, nowMs: number, cause: string): boolean {
  const { state } = instance;
  state.trialSinceMs = 0;
  state.hasOwnTrial = false;
  state.lastTryMs = nowMs;
  if (state.downSinceMs === 0 && instance.edition.pool?.hasOtherUp(instance) !== true) return false;
  setDown(state, nowMs, cause);
  instance.edition.pool?.markChanged(instance);
  return true;
}

/** Marks an instance up again; `false` when it was up, or is in a probe's hands and `by` is traffic. */
export function markUp(instance: RoutedInstance, nowMs: number, by: "traffic" | "probe"): boolean {
  const { state } = instance;
  if (state.downSinceMs === 0 || (by === "traffic" && state.isDownByProbe)) return false;
  clearMark(state);
  state.availableSinceMs = nowMs;
  instance.edition.pool?.markChanged(instance);
  return true;
}

/** Applies a mark that another worker or a probe has made; also for instances that the current table does not have. */
export function applyMark(state: InstanceState, mark: Mark, nowMs: number): void {
  const instance = state.routed;
  switch (mark.state) {
    case "up":
      if (instance !== null) markUp(instance, nowMs, mark.by);
      else if (mark.by === "probe" || !state.isDownByProbe) clearMark(state);
      return;
    case "trial":
      if (state.downSinceMs === 0 || state.isDownByProbe) return;
      state.trialSinceMs = nowMs;
      state.lastTryMs = nowMs;
      instance?.edition.pool?.markChanged(instance);
      return;
    case "down":
      if (mark.by === "probe") {
        state.isDownByProbe = true;
        setDown(state, nowMs, mark.cause);
        instance?.edition.pool?.markChanged(instance);
      } else if (instance !== null) {
        markDown(instance, nowMs, mark.cause);
      }
  }
}

function setDown(state: InstanceState, nowMs: number, cause: string): void {
  if (state.downSinceMs === 0) state.downSinceMs = Math.max(nowMs, Number.MIN_VALUE);
  state.downCause = cause;
}

function clearMark(state: InstanceState): void {
  state.downSinceMs = 0;
  state.downCause = "";
  state.trialSinceMs = 0;
  state.lastTryMs = 0;
  state.isDownByProbe = false;
  state.hasOwnTrial = false;
}

/** True when a session tied to this instance may go there now: not closed, and up or due for its trial. */
export function takesAffinity(instance: RoutedInstance, nowMs: number): boolean {
  if (instance.isClosed) return false;
  return instance.state.downSinceMs === 0 || isTrialDue(instance, nowMs);
}
