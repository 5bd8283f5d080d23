// Who asks whether an edition is drained, and waits for it: stop hooks and `tidegate drain --wait` (SPEC E7).
//
// For them an edition is drained once no router gives it anything any more: not when the domain says so, but when every
// worker decides by that and has nothing of it in flight. Whoever is told may stop its processes.

import type { CancelAlarm, Clock } from "../base/clock.ts";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { DrainSight, Left } from "../deploy/drain.ts";
import { isClosedAndIdle, leftOf } from "../deploy/drain.ts";
import type { Domain } from "../domain/domain.ts";
import type { Edition } from "../domain/edition.ts";
import type { ApplicationId } from "../domain/names.ts";
import type { DrainedAnswer } from "./operations.ts";
import { Soon } from "./soon.ts";

/** Who waits at a time; beyond, the answer is what is known now. */
const WAITS_MAX = 1000;

/** Which edition. */
export interface EditionName {
  readonly application: string;
  readonly edition: string;
}

/** What the waits need. */
export interface DrainedWaitsParts {
  readonly clock: Clock;
  readonly domain: () => Domain;
  readonly sight: (application: string, edition: string) => DrainSight;
}

interface Wait {
  readonly of: EditionName;
  readonly answer: (answer: Result<DrainedAnswer>) => void;
  readonly cancelAlarm: CancelAlarm;
}

/** All who wait; each is answered by its limit, or by `close`. */
export class DrainedWaits {
  readonly #parts: DrainedWaitsParts;
  readonly #waits: Set<Wait> = new Set();
  readonly #soon: Soon;

  constructor(parts: DrainedWaitsParts) {
    this.#parts = parts;
    this.#soon = new Soon(parts.clock, () => this.#look());
  }

  /**
   * Answers as soon as the edition is drained, or after `limitMs` with what is left.
   * Faults: `APPLICATION_UNKNOWN`, `EDITION_UNKNOWN`.
   */
  until(of: EditionName, limitMs: number): Promise<Result<DrainedAnswer>> {
    const now = this.#now(of);
    if (!now.ok || now.value.drained || limitMs <= 0 || this.#waits.size >= WAITS_MAX) {
      return Promise.resolve(now);
    }
    return new Promise((resolve) => {
      const cancelAlarm = this.#parts.clock.alarm(limitMs, () => this.#settle(wait));
      const wait: Wait = { of, answer: resolve, cancelAlarm };
      this.#waits.add(wait);
    });
  }

  /** What is left of an edition now, as far as anybody knows. */
  left(application: string, edition: string): Left {
    return leftOf(this.#parts.sight(application, edition));
  }

  /** To be called when the domain, or what is known of the workers, has changed. */
  changed(): void {
    if (this.#waits.size > 0) this.#soon.ask();
  }

  /** May be called twice. */
  close(): void {
    this.#soon.close();
    for (const wait of this.#waits) this.#settle(wait);
  }

  #look(): void {
    for (const wait of this.#waits) {
      const now = this.#now(wait.of);
      if (!now.ok || now.value.drained) this.#settle(wait);
    }
  }

  #settle(wait: Wait): void {
    if (!this.#waits.delete(wait)) return;
    wait.cancelAlarm();
    wait.answer(this.#now(wait.of));
  }

  #now({ application: id, edition: label }: EditionName): Result<DrainedAnswer> {
    const application = this.#parts.domain().applications.get(id as ApplicationId); // a look-up only
    const cannot = `Cannot tell what is left of edition "${label}" of "${id}"`;
    if (application === undefined) {
      return refuse("APPLICATION_UNKNOWN", `${cannot}: there is no such application`);
    }
    const edition = application.editions.find((one) => one.label === label);
    if (edition === undefined) return refuse("EDITION_UNKNOWN", `${cannot}: there is no such edition`);
    const sight = this.#parts.sight(id, label);
    const { state } = edition.lifecycle;
    const until = "until" in edition.lifecycle ? edition.lifecycle.until : null;
    const left = leftOf(sight);
    return ok({ application: id, edition: label, state, drained: isDrained(edition, sight), until, left });
  }
}

function isDrained({ lifecycle }: Edition, sight: DrainSight): boolean {
  switch (lifecycle.state) {
    case "undeployed":
      return isClosedAndIdle(sight, lifecycle.revision);
    case "distributed":
      return isClosedAndIdle(sight, 0);
    default:
      return false;
  }
}
