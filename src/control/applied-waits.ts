// Waiting until every live worker has applied a revision (DESIGN §1 rule 3, SPEC M3), at most for a time.

import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { Revision } from "../base/units.ts";
import type { AppliedEverywhere } from "./operations.ts";
import type { WorkerRecord, Workers } from "./workers.ts";
import { revisionOf } from "./workers.ts";

/** How long a command waits for the workers' reports before it answers with those that are missing. */
export const APPLIED_LIMIT_MS = 5000;

interface Wait {
  readonly revision: Revision;
  readonly answer: (applied: AppliedEverywhere) => void;
  readonly cancelAlarm: CancelAlarm;
}

/** The commands that wait. Every one is answered by its limit, or by `close()`. */
export class AppliedWaits {
  readonly #router: string;
  readonly #workers: Workers;
  readonly #clock: Clock;
  readonly #waits: Set<Wait> = new Set();

  /** @param router - name of the router whose workers these are */
  constructor(parts: { readonly router: string; readonly workers: Workers; readonly clock: Clock }) {
    this.#router = parts.router;
    this.#workers = parts.workers;
    this.#clock = parts.clock;
  }

  /** Resolves when all live workers decide by `revision` or a later one, or after `limitMs` with those that do not. */
  until(revision: Revision, limitMs: number): Promise<AppliedEverywhere> {
    const applied = this.now(revision);
    if (applied.missing.length === 0) return Promise.resolve(applied);
    return new Promise((resolve) => {
      const cancelAlarm = this.#clock.alarm(limitMs, () => this.#settle(wait));
      const wait: Wait = { revision, answer: resolve, cancelAlarm };
      this.#waits.add(wait);
    });
  }

  /** How far `revision` has come by what is known now. A router without a live worker decides nothing: it is none. */
  now(revision: Revision): AppliedEverywhere {
    const workers = this.#workers.live();
    const lagging = workers.filter((worker) => revisionOf(worker) < revision);
    const routers = workers.length === 0 ? 0 : 1;
    return {
      revision,
      routers,
      applied: lagging.length === 0 ? routers : 0,
      missing: lagging.map((worker) => this.#sayLagging(worker)),
    };
  }

  /** To be called after every message that changed what is known of the workers. */
  workersChanged(): void {
    for (const wait of this.#waits) {
      if (this.now(wait.revision).missing.length === 0) this.#settle(wait);
    }
  }

  /** Answers everybody with what is known; may be called twice. */
  close(): void {
    for (const wait of this.#waits) this.#settle(wait);
  }

  #settle(wait: Wait): void {
    if (!this.#waits.delete(wait)) return;
    wait.cancelAlarm();
    wait.answer(this.now(wait.revision));
  }

  #sayLagging(worker: WorkerRecord): string {
    const who = `Router "${this.#router}": worker ${worker.slot} (process ${worker.pid})`;
    if (worker.report === undefined || worker.reportedAt === undefined) {
      return `${who} has not reported yet; it serves by whatever table it holds until it does`;
    }
    const silentSeconds = Math.round((this.#clock.monotonicMs() - worker.reportedAt) / 1000);
    const last = silentSeconds < 2 ? "" : `, last heard of ${silentSeconds} s ago`;
    const { revision } = worker.report;
    if (revision === 0) return `${who} has no table yet${last}; it answers 503`;
    return `${who} has not answered${last}; it still decides by revision ${revision}`;
  }
}
