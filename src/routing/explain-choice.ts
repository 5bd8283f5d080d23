// The part of `explain` that speaks of servers: who of an edition may be chosen, who is left out and why, whose turn it is.

import { hasPlace, isTrialDue } from "./pool.ts";
import type { RoutedEdition, RoutedInstance } from "./routed.ts";
import { NO_BUCKET } from "./tie.ts";

/** Most servers that are named one by one. */
const NAMED_MAX = 20;

/** Whom the balancer would give a request. */
export interface Choice {
  /** Null when chance decides or nobody may take it. */
  readonly instance: RoutedInstance | null;
  /** Somebody may take it. */
  readonly isOpen: boolean;
  readonly why: string;
  readonly steps: readonly string[];
}

/** Whom the edition's balancer would choose now; uses up no turn. */
export function choiceOf(edition: RoutedEdition, nowMs: number, bucket: number): Choice {
  const { pool, instances } = edition;
  const { balance } = edition.application.entry;
  const steps = leftOut(instances, nowMs);
  if (pool === null)
    return { instance: null, isOpen: false, why: "There is no server: the answer is 503", steps };
  const next = bucket === NO_BUCKET ? pool.peek(nowMs) : pool.peekByHash(nowMs, bucket);
  if (next === null && pool.isBusy) {
    const why = "Every server that may take it has as many requests as it may: it waits for a place";
    return { instance: null, isOpen: true, why, steps };
  }
  if (next === null && pool.size > 0) {
    const why = `${balance} leaves it to chance which of ${pool.size} servers gets it`;
    return { instance: null, isOpen: true, why, steps };
  }
  if (next === null) {
    const why = `No server of edition "${edition.entry.label}" takes new requests: the answer is 503`;
    return { instance: null, isOpen: false, why, steps };
  }
  return { instance: next, isOpen: true, why: whyChosen(next, nowMs, bucket), steps };
}

/** `server "Server01"`. */
export function instanceName(instance: RoutedInstance): string {
  return `server "${instance.entry.server}"`;
}

/** Why a server gets no new request now; empty when it may get one. */
export function whyLeftOut(instance: RoutedInstance, nowMs: number): string {
  const { entry, state } = instance;
  if (instance.edition.entry.state === "distributed") return "its edition is only distributed";
  if (instance.edition.entry.state === "stopping") return "its edition only finishes what is in flight";
  if (entry.access === "closed") return "its mode lets nothing through";
  if (isDown(instance) && !isTrialDue(instance, nowMs)) {
    const by = state.isDownByProbe ? "by its probe" : "by traffic";
    return `it is marked down ${by} (${state.downCause || "no answer"})`;
  }
  if (entry.access === "affinity-only") return "its mode lets only requests with affinity through";
  if (entry.weight === 0) return "its weight is 0";
  if (!hasPlace(instance)) return `it has ${state.inFlight} of ${instance.inFlightMax} requests`;
  return "";
}

function leftOut(instances: readonly RoutedInstance[], nowMs: number): string[] {
  const steps: string[] = [];
  let more = 0;
  for (const instance of instances) {
    const why = whyLeftOut(instance, nowMs);
    if (why === "") continue;
    if (steps.length < NAMED_MAX) steps.push(`Server "${instance.entry.server}" is left out: ${why}`);
    else more += 1;
  }
  if (more > 0) steps.push(`${more} more servers are left out`);
  return steps;
}

function whyChosen(instance: RoutedInstance, nowMs: number, bucket: number): string {
  const { edition } = instance;
  if (isDown(instance)) {
    return isTrialDue(instance, nowMs)
      ? "It is the one trial that a marked-down server gets"
      : "All servers are marked down, so that they are tried all the same";
  }
  if (instance.isBackup) return "No primary server is up, so that the first backup takes it";
  if (bucket !== NO_BUCKET) return "The hash leads there";
  const count = edition.pool?.size ?? 0;
  if (count === 1) return "It is the only server that may take it";
  return `It is the next of ${count} servers by ${edition.application.entry.balance}`;
}

function isDown(instance: RoutedInstance): boolean {
  return instance.state.downSinceMs > 0;
}
