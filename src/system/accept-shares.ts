// Who may accept how many connections: the keeper's half of spreading connections over the workers. Values only.
//
// Each worker that accepts has a limit, the mean of all plus some slack. One that goes above it stops and asks; it is
// granted a new limit as soon as it is no longer above, which the others bring about by taking what waits. There is always
// one at or below the mean, so somebody always accepts, unless that one hangs: a worker that does not answer is left out.

import type { MonotonicMs } from "../base/units.ts";

/** Connections above the mean that are nobody's concern; also how many a fresh worker takes before it asks. */
const SLACK_MIN = 8;

/** Slack as a share of the mean. */
const SLACK_SHARE = 0.1;

/** A worker that owes an answer for so long counts as hanging: the others go on without it. */
const ANSWER_MS_MAX = 500;

interface Share {
  open: number;
  isWaiting: boolean;
  /** When it was asked for news and has not answered since. */
  owesSince: MonotonicMs | undefined;
}

/** Counts and limits of all workers that accept, by their incarnation. */
export class AcceptShares {
  readonly #shares = new Map<string, Share>();

  /** Whether a worker has ever asked, and not left since. */
  has(worker: string): boolean {
    return this.#shares.has(worker);
  }

  /** A worker wants to accept; `grants` will name it. */
  ask(worker: string, open: number): void {
    this.#shares.set(worker, { open, isWaiting: true, owesSince: undefined });
  }

  /** A worker's news; those of one that accepts no more are ignored. */
  tell(worker: string, open: number): void {
    const share = this.#shares.get(worker);
    if (share === undefined) return;
    share.open = open;
    share.owesSince = undefined;
  }

  /** A worker stops or is gone. */
  leave(worker: string): void {
    this.#shares.delete(worker);
  }

  get hasWaiting(): boolean {
    for (const share of this.#shares.values()) if (share.isWaiting) return true;
    return false;
  }

  /** Workers that may accept now, by their last grant. */
  accepting(): readonly string[] {
    return [...this.#shares].filter(([, share]) => !share.isWaiting).map(([worker]) => worker);
  }

  /** Marks the accepting workers as owing an answer. */
  askForNews(now: MonotonicMs): void {
    for (const share of this.#shares.values()) if (!share.isWaiting) share.owesSince ??= now;
  }

  /** Most connections that a worker may hold; without limit when it is alone. */
  limit(now: MonotonicMs): number {
    let workers = 0;
    let open = 0;
    for (const share of this.#shares.values()) {
      if (share.owesSince !== undefined && now - share.owesSince > ANSWER_MS_MAX) continue;
      workers += 1;
      open += share.open;
    }
    if (workers <= 1) return Number.POSITIVE_INFINITY;
    const mean = open / workers;
    return Math.ceil(mean + Math.max(SLACK_MIN, mean * SLACK_SHARE));
  }

  /** Waiting workers that are not above the limit; they count as accepting from now on. */
  grants(limit: number): readonly string[] {
    const granted: string[] = [];
    for (const [worker, share] of this.#shares) {
      // One below, lest it ask again with the very next connection.
      if (!share.isWaiting || share.open >= limit) continue;
      share.isWaiting = false;
      granted.push(worker);
    }
    return granted;
  }
}
