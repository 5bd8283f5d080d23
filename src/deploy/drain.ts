// Whether an edition is drained, and what is left of it (SPEC E2, E6). Pure; `control/drain-watch.ts` asks with every
// report. README.md says why the answer is exact.
//
//   waiting ──nothing is left──▶ confirm ──every worker has looked again──▶ drained
//      ▲                            │
//      └──something is left again───┘          the deadline is over, whatever is left ──▶ deadline

import { unreachable } from "../base/assert.ts";
import type { EpochMs, Revision } from "../base/units.ts";
import type { EditionState } from "../domain/edition.ts";
import type { Report } from "../routing/report.ts";

/** The states of an edition that is on its way out. */
export type Leaving = Extract<EditionState, { readonly state: "retiring" | "stopping" }>;

/** What is left of an edition, by kind. */
export interface Left {
  /** In flight or waiting for a place; tunnels and streams are counted by themselves. */
  readonly requests: number;
  readonly sessions: number;
  readonly webSockets: number;
  /** Server-sent event streams. */
  readonly streams: number;
  /** Tunnels other than WebSocket. */
  readonly tunnels: number;
}

/** The last word of a live worker; undefined: it has not reported yet. */
export type WorkerWord = Pick<Report, "revision" | "load" | "leaving" | "asked"> | undefined;

/** All that is known of an edition at a moment. */
export interface DrainSight {
  readonly application: string;
  readonly edition: string;
  /** One for each live worker of every router. */
  readonly workers: readonly WorkerWord[];
  /** Live sessions that control knows: what a dead worker knew is among them. */
  readonly sessions: number;
  /** Since when sessions are known: those born before may live, silent, though nobody knows of them. */
  readonly sessionsKnownFrom: EpochMs;
  /** How long a session of the application may be silent, ms; 0: it has none. */
  readonly idleMs: number;
}

/** What to do about an edition that leaves. */
export interface Drain {
  /**
   * `confirm`: nothing is left by reports that were made at different times; ask every worker for another one.
   * `drained`: nothing was left and nothing can have come since. `deadline`: its time is over.
   */
  readonly verdict: "waiting" | "confirm" | "drained" | "deadline";
  readonly left: Left;
  /** When to look again even if nobody reports; undefined: only then. */
  readonly lookAt: EpochMs | undefined;
}

/** What to compare with. */
export interface DrainQuestion {
  readonly lifecycle: Leaving;
  /** The number of the question that was asked when nothing was left; undefined: it was not asked. */
  readonly confirming: number | undefined;
  readonly now: EpochMs;
}

/**
 * Judges an edition that leaves.
 *
 * A worker counts only by a report of the revision at which the edition began to leave, or of a later one: before, it may
 * still give it new users. A worker without one, or no live worker at all, is not nothing: the edition waits for it, until
 * its deadline.
 */
export function drainOf(sight: DrainSight, question: DrainQuestion): Drain {
  const { lifecycle, confirming, now } = question;
  const left = leftOf(sight);
  const until = lifecycle.until === "drained" ? undefined : lifecycle.until;
  const silent = silentUntil(sight, lifecycle);
  const isKnown = now >= silent;
  const lookAt = isKnown ? until : (Math.min(silent, until ?? silent) as EpochMs);
  const drain = (verdict: Drain["verdict"]): Drain => ({ verdict, left, lookAt });
  if (isKnown && hasNothing(sight, lifecycle, left)) {
    // Nothing can come to an edition that only finishes: its first look is as good as the second.
    if (lifecycle.state === "stopping" || hasConfirmed(sight, confirming)) return drain("drained");
    if (until === undefined || now < until) return drain("confirm");
  }
  return drain(until !== undefined && now >= until ? "deadline" : "waiting");
}

/**
 * Until when a session may come back of which nobody knows: it was born before the router's processes started, all at once,
 * and its user has been silent since. 0: there is no such session.
 */
function silentUntil({ sessionsKnownFrom, idleMs }: DrainSight, lifecycle: Leaving): number {
  if (lifecycle.state !== "retiring" || idleMs === 0) return 0;
  const { openedAt } = lifecycle;
  if (openedAt !== undefined && openedAt >= sessionsKnownFrom) return 0;
  return sessionsKnownFrom + idleMs;
}

/** True when no work is left on an edition that no worker gives any from `revision` on: undeployed, or never started. */
export function isClosedAndIdle(sight: DrainSight, revision: Revision | 0): boolean {
  return (
    sight.workers.every((word) => word !== undefined && word.revision >= revision) && !hasWork(leftOf(sight))
  );
}

/** Sums up what is left, also by reports that are too old to judge by. */
export function leftOf({ application, edition, workers, sessions }: DrainSight): Left {
  const prefix = `${application}/${edition}/`;
  const left = { requests: 0, sessions, webSockets: 0, streams: 0, tunnels: 0 };
  for (const word of workers) {
    for (const { key, inFlight, webSockets, streams, tunnels, queued } of word?.load ?? []) {
      if (!key.startsWith(prefix)) continue;
      left.requests += Math.max(0, inFlight - webSockets - streams - tunnels) + queued;
      left.webSockets += webSockets;
      left.streams += streams;
      left.tunnels += tunnels;
    }
    // All workers know the same sessions, but for those that were born or ended just now.
    const own = sessionsOf(word, application, edition);
    if (own !== undefined) left.sessions = Math.max(left.sessions, own);
  }
  return left;
}

/** True when something is in flight; sessions are not work. */
function hasWork({ requests, webSockets, streams, tunnels }: Left): boolean {
  return requests + webSockets + streams + tunnels > 0;
}

function hasNothing(sight: DrainSight, lifecycle: Leaving, left: Left): boolean {
  const { application, edition, workers } = sight;
  if (workers.length === 0 || hasWork(left)) return false;
  const hasSpoken = (word: WorkerWord): boolean => word !== undefined && word.revision >= lifecycle.revision;
  if (!workers.every(hasSpoken)) return false;
  switch (lifecycle.state) {
    case "stopping":
      return true;
    case "retiring":
      // A worker that does not name it decides by another revision than ours: it was opened again, or will be.
      return left.sessions === 0 && workers.every((word) => sessionsOf(word, application, edition) === 0);
    default:
      return unreachable(lifecycle);
  }
}

function hasConfirmed({ workers }: DrainSight, confirming: number | undefined): boolean {
  return confirming !== undefined && workers.every((word) => word !== undefined && word.asked >= confirming);
}

function sessionsOf(word: WorkerWord, application: string, edition: string): number | undefined {
  return word?.leaving.find((one) => one.application === application && one.edition === edition)?.sessions;
}
