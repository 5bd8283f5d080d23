// Takes editions that leave to their next step: undeployed when drained, only finishing when their time is over (SPEC E2,
// E6). What it watches is in the domain, so that a control that starts anew goes on with it.

import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Result } from "../base/result.ts";
import type { DrainSight, Leaving } from "../deploy/drain.ts";
import { drainOf } from "../deploy/drain.ts";
import type { Command } from "../domain/command.ts";
import type { Domain } from "../domain/domain.ts";
import type { ApplicationId, EditionLabel } from "../domain/names.ts";
import { Soon } from "./soon.ts";

/** The longest sleep: a wall clock that was set is noticed after it. */
const SLEEP_MS_MAX = 60_000;
/** After a refusal, such as of a full disk. */
const RETRY_MS = 5000;
/** After this time workers are asked again: one may have started since, and know nothing of the question. */
const ASK_AGAIN_MS = 500;

/** What the watch needs. */
export interface DrainWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly submit: (command: Command) => Promise<Result<unknown>>;
  /** What is known of an edition now. */
  readonly sight: (application: string, edition: string) => DrainSight;
  /** Asks every worker for a report, and returns the number that it will have. */
  readonly ask: () => number;
}

/** An edition that leaves. */
interface Watched {
  readonly application: ApplicationId;
  readonly label: EditionLabel;
  readonly lifecycle: Leaving;
  /** The number of the question that was asked when nothing was left. */
  confirming: number | undefined;
  isSubmitting: boolean;
  /** Monotonic ms before which nothing is submitted. */
  retryAt: number;
}

/** Watches all editions that leave by the newest domain. `close` it. */
export class DrainWatch {
  readonly #parts: DrainWatchParts;
  readonly #soon: Soon;
  #watched: readonly Watched[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;
  #cancel: CancelAlarm = () => {};
  #isClosed = false;

  constructor(parts: DrainWatchParts) {
    this.#parts = parts;
    this.#soon = new Soon(parts.clock, () => this.#look());
  }

  /** The domain from now on. */
  setDomain(domain: Domain): void {
    const before = this.#watched;
    this.#watched = leavingOf(domain).map((next) => before.find((one) => isSame(one, next)) ?? next);
    if (this.#watched.length === 0) this.#rest();
    else this.changed();
  }

  /** To be called when a worker has reported, has come or gone, or sessions have ended. */
  changed(): void {
    if (this.#watched.length > 0 && !this.#isClosed) this.#soon.ask();
  }

  /** May be called twice. */
  close(): void {
    this.#isClosed = true;
    this.#rest();
  }

  #rest(): void {
    this.#soon.close();
    this.#cancel();
  }

  #look(): void {
    this.#cancel();
    if (this.#watched.length === 0 || this.#isClosed) return;
    const now = this.#parts.clock.epochMs();
    const quiet: Watched[] = [];
    let sleepMs = SLEEP_MS_MAX;
    for (const one of this.#watched) {
      const { lifecycle, confirming } = one;
      const sight = this.#parts.sight(one.application, one.label);
      const { verdict, lookAt } = drainOf(sight, { lifecycle, confirming, now });
      if (verdict === "confirm") quiet.push(one);
      else if (verdict === "waiting") one.confirming = undefined;
      else sleepMs = Math.min(sleepMs, this.#finish(one, verdict));
      if (lookAt !== undefined && lookAt > now) sleepMs = Math.min(sleepMs, lookAt - now);
    }
    if (quiet.length > 0) sleepMs = Math.min(sleepMs, this.#confirm(quiet));
    this.#cancel = this.#parts.clock.alarm(sleepMs, () => this.#look());
  }

  /** Asks the workers once more about editions of which nothing is left; returns when to look again, ms. */
  #confirm(quiet: readonly Watched[]): number {
    const fresh = quiet.filter(({ confirming }) => confirming === undefined);
    const now = this.#parts.clock.monotonicMs();
    if (fresh.length > 0 || now - this.#askedAt >= ASK_AGAIN_MS) {
      const asked = this.#parts.ask();
      this.#askedAt = now;
      for (const one of fresh) one.confirming = asked;
    }
    return ASK_AGAIN_MS;
  }

  /** Says so to the domain, unless that is under way; returns when to look again, ms. */
  #finish(one: Watched, cause: "drained" | "deadline"): number {
    if (one.isSubmitting) return SLEEP_MS_MAX;
    const waitMs = one.retryAt - this.#parts.clock.monotonicMs();
    if (waitMs > 0) return waitMs;
    one.isSubmitting = true;
    void this.#submit(one, cause);
    return SLEEP_MS_MAX;
  }

  async #submit(one: Watched, cause: "drained" | "deadline"): Promise<void> {
    const { application, label, lifecycle } = one;
    const done = await this.#parts.submit({
      kind: "finish-edition",
      origin: { actor: "drain" },
      application,
      label,
      since: lifecycle.revision,
      cause,
    });
    one.isSubmitting = false;
    if (!done.ok) {
      const what = `Cannot take edition "${label}" of "${application}" to its next step yet`;
      this.#parts.log.warn({ fault: done.fault }, what);
    }
    // It is still watched when nothing came of it: then without haste, and by a look that begins anew.
    one.confirming = undefined;
    one.retryAt = this.#parts.clock.monotonicMs() + RETRY_MS;
    this.#look();
  }
}

function leavingOf(domain: Domain): readonly Watched[] {
  return [...domain.applications.values()].flatMap(({ id, editions }) =>
    editions.flatMap(({ label, lifecycle }): readonly Watched[] => {
      if (lifecycle.state !== "retiring" && lifecycle.state !== "stopping") return [];
      const never = Number.NEGATIVE_INFINITY;
      const isSubmitting = false;
      return [{ application: id, label, lifecycle, confirming: undefined, isSubmitting, retryAt: never }];
    }),
  );
}

/** The same way out, not another one of the same edition, nor one with another deadline. */
function isSame(one: Watched, other: Watched): boolean {
  const [now, next] = [one.lifecycle, other.lifecycle];
  return (
    one.application === other.application &&
    one.label === other.label &&
    now.state === next.state &&
    now.revision === next.revision &&
    now.until === next.until
  );
}
