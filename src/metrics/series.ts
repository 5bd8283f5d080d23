// Bounded labels: the first series by application, edition and server are told apart, all later ones are one, `other`.

/** Series by application, edition and server that are told apart; the histogram has eighteen lines for each. */
const SERIES_MAX = 1000;

/** Labels of what an application's edition does on a server; `server` is empty where no instance was chosen. */
export interface SeriesLabels {
  readonly application: string;
  readonly edition: string;
  readonly server: string;
}

/** The series beyond the limit. */
export const OTHER: SeriesLabels = { application: "other", edition: "other", server: "other" };

/** Remembers which series were admitted: one that has its own name keeps it, lest its counter seem to go down. */
export class SeriesLimit {
  readonly #admitted: Map<string, SeriesLabels> = new Map();
  readonly #max: number;

  constructor(max: number = SERIES_MAX) {
    this.#max = max;
  }

  /** The labels themselves while there is room, else `OTHER`. The same object for the same series. */
  admit(labels: SeriesLabels): SeriesLabels {
    const key = `${labels.application}/${labels.edition}/${labels.server}`; // no name has a slash in it
    const known = this.#admitted.get(key);
    if (known !== undefined) return known;
    if (this.#admitted.size >= this.#max) return OTHER;
    const { application, edition, server } = labels;
    const own = { application, edition, server };
    this.#admitted.set(key, own);
    return own;
  }
}
