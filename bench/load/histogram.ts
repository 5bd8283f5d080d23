// Latencies as counts in buckets that grow by 2 %: constant memory, and a percentile is at most 2 % off.

const BUCKETS_PER_DOUBLING = 32;
const DOUBLINGS = 32;

/** Counts latencies; all times in microseconds. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS_PER_DOUBLING * DOUBLINGS);
  #total = 0;

  record(us: number): void {
    const bucket = Math.min((Math.log2(us + 1) * BUCKETS_PER_DOUBLING) | 0, this.#counts.length - 1);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  /** The time that `share` (0 to 1) of all recorded ones do not exceed; 0 when nothing was recorded. */
  percentile(share: number): number {
    const wanted = Math.ceil(this.#total * share);
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= wanted && seen > 0) return 2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING) - 1;
    }
    return 0;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
