// Begins planned modes when their time has come. The plans are in the domain, so that a control that starts anew goes on
// with them, and begins at once what fell due while there was none.

import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Result } from "../base/result.ts";
import type { Command, ModeTarget } from "../domain/command.ts";
import type { Domain } from "../domain/domain.ts";
import type { ModePlan } from "../domain/mode.ts";

/** The longest sleep: a wall clock that was set is noticed after it. */
const SLEEP_MS_MAX = 60_000;
/** After a refusal, such as of a full disk. */
const RETRY_MS = 5000;

/** What the begin of plans needs. */
export interface PlannedModesParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly submit: (command: Command) => Promise<Result<unknown>>;
}

interface Planned {
  readonly target: ModeTarget;
  readonly plan: ModePlan;
}

/** Watches the plans of the newest domain. `close` it. */
export class PlannedModes {
  readonly #parts: PlannedModesParts;
  #next: Planned | undefined;
  #cancel: CancelAlarm = () => {};
  #isSubmitting = false;
  #isClosed = false;

  constructor(parts: PlannedModesParts) {
    this.#parts = parts;
  }

  /** The domain from now on. */
  setDomain(domain: Domain): void {
    this.#next = soonest(domain);
    if (!this.#isSubmitting) this.#sleep();
  }

  /** May be called twice. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #sleep(leastMs = 0): void {
    this.#cancel();
    if (this.#next === undefined || this.#isClosed) return;
    const aheadMs = this.#next.plan.from - this.#parts.clock.epochMs();
    const delayMs = Math.max(leastMs, Math.min(aheadMs, SLEEP_MS_MAX));
    this.#cancel = this.#parts.clock.alarm(delayMs, () => void this.#wake());
  }

  async #wake(): Promise<void> {
    const next = this.#next;
    if (next === undefined || next.plan.from > this.#parts.clock.epochMs()) return this.#sleep();
    const { target, plan } = next;
    const { actor, reason } = plan;
    this.#isSubmitting = true;
    const begun = await this.#parts.submit({
      kind: "begin-planned-mode",
      origin: reason === undefined ? { actor } : { actor, reason },
      target,
      from: plan.from,
    });
    this.#isSubmitting = false;
    if (!begun.ok) {
      this.#parts.log.warn({ fault: begun.fault }, `Cannot begin the planned mode of ${target.name} yet`);
    }
    // Nothing came of it when the plan is still the next: then without haste.
    this.#sleep(this.#next === next ? RETRY_MS : 0);
  }
}

function soonest(domain: Domain): Planned | undefined {
  let first: Planned | undefined;
  const look = (target: ModeTarget, plan: ModePlan | undefined): void => {
    if (plan !== undefined && (first === undefined || plan.from < first.plan.from)) first = { target, plan };
  };
  for (const { name, mode } of domain.servers.values()) look({ kind: "server", name }, mode.plan);
  for (const { name, mode } of domain.nodes.values()) look({ kind: "node", name }, mode.plan);
  return first;
}
