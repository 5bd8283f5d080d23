// What this worker still has of the editions that leave (SPEC E6): counted for its reports, and looked at in between, so
// that control hears at once of the end of the last request or session.

import type { InstanceState } from "../routing/compiled.ts";
import type { LeavingCount } from "../routing/report.ts";
import type { ApplicationEntry } from "../routing/table.ts";

/** Where the counts are; the owner's own. */
export interface LeavingParts {
  /** The states of an edition's instances. */
  readonly statesOf: (application: string, edition: string) => readonly InstanceState[];
  /** Live sessions of the instance in this slot. */
  readonly sessionsOf: (slot: number) => number;
}

interface Watched {
  readonly application: string;
  readonly edition: string;
  /** By the table in use it retires or stops; else it is gone, and only the last of its work is waited for. */
  isLeaving: boolean;
  /** What the last report said. */
  toldWork: boolean;
  toldSessions: boolean;
}

/** Give it each table, and ask it with each report. */
export class LeavingEditions {
  readonly #parts: LeavingParts;
  #watched: readonly Watched[] = [];

  constructor(parts: LeavingParts) {
    this.#parts = parts;
  }

  /** True while there is anything to look at. */
  get isWatching(): boolean {
    return this.#watched.length > 0;
  }

  /** The table in use from now on. */
  install(applications: Iterable<{ readonly entry: ApplicationEntry }>): void {
    const before = new Map(this.#watched.map((one) => [`${one.application}/${one.edition}`, one]));
    const watched: Watched[] = [];
    for (const { entry } of applications) {
      for (const { label, state } of entry.editions) {
        if (state !== "retiring" && state !== "stopping") continue;
        const key = `${entry.id}/${label}`;
        const known = before.get(key);
        before.delete(key);
        watched.push({
          application: entry.id,
          edition: label,
          isLeaving: true,
          toldWork: known?.toldWork ?? true,
          toldSessions: known?.toldSessions ?? true,
        });
      }
    }
    for (const gone of before.values()) {
      if (this.#hasWork(gone)) watched.push({ ...gone, isLeaving: false });
    }
    this.#watched = watched;
  }

  /** The counts for a report that is sent now. */
  told(): readonly LeavingCount[] {
    const counts: LeavingCount[] = [];
    for (const one of this.#watched) {
      const sessions = this.#sessions(one);
      one.toldWork = this.#hasWork(one);
      one.toldSessions = sessions > 0;
      const { application, edition } = one;
      if (one.isLeaving) counts.push({ application, edition, sessions });
    }
    this.#watched = this.#watched.filter(({ isLeaving, toldWork }) => isLeaving || toldWork);
    return counts;
  }

  /** True when the last work or the last session of an edition has gone since the last report. */
  hasNews(): boolean {
    return this.#watched.some(
      (one) => (one.toldWork && !this.#hasWork(one)) || (one.toldSessions && this.#sessions(one) === 0),
    );
  }

  #hasWork({ application, edition }: Watched): boolean {
    return this.#parts
      .statesOf(application, edition)
      .some((state) => state.inFlight + state.webSockets + state.tunnels + state.streams + state.queued > 0);
  }

  #sessions({ application, edition }: Watched): number {
    return this.#parts
      .statesOf(application, edition)
      .reduce((sum, { slot }) => sum + this.#parts.sessionsOf(slot), 0);
  }
}
