// hot: bench/micro/decide.ts
// Rendezvous hashing over buckets (highest random weight): each client belongs to one of 65,536 buckets, and of the
// instances that may be chosen the one with the highest score for the bucket gets it. Scores depend on bucket and
// instance key only, so all workers agree without talking, and when an instance goes only its own buckets move.
//
// Scoring all instances costs some 10 ns each. With many of them the winner of each bucket is kept until the set of instances
// changes, so that a choice costs the same for 10 and for 1,000.

import { hashText, mixHash } from "./octet-hash.ts";
import type { RoutedInstance } from "./routed.ts";

const BUCKETS = 0x1_0000;
/** With no more instances than this, scoring costs less than the memory for the winners. */
const SCORED_MAX = 16;
const NO_WINNER = 0xffff;

/** The bucket of a hash. */
export function bucketOf(hash: number): number {
  return mixHash(hash) & (BUCKETS - 1);
}

/** The winners of one set of instances. */
export class Rendezvous {
  #instances: readonly RoutedInstance[] = [];
  #seeds: Int32Array = new Int32Array(0);
  #winners: Uint16Array | null = null;

  /** Begins anew with the instances that may be chosen now; their weights are shares of the buckets. */
  reset(instances: readonly RoutedInstance[]): void {
    this.#instances = instances;
    this.#seeds = Int32Array.from(instances, (instance) => hashText(instance.entry.key, 0));
    if (instances.length <= SCORED_MAX || instances.length >= NO_WINNER) this.#winners = null;
    else this.#winners = (this.#winners ?? new Uint16Array(BUCKETS)).fill(NO_WINNER);
  }

  /** The bucket's winner; null when there are no instances. */
  winner(bucket: number): RoutedInstance | null {
    const known = this.#winners === null ? NO_WINNER : (this.#winners[bucket] as number);
    if (known !== NO_WINNER) return this.#instances[known] as RoutedInstance;
    const found = this.#score(bucket);
    if (found < 0) return null;
    if (this.#winners !== null) this.#winners[bucket] = found;
    return this.#instances[found] as RoutedInstance;
  }

  /** Highest weight ÷ −ln(u), with u uniform in (0, 1) by bucket and instance: shares are exact in weights. */
  #score(bucket: number): number {
    let best = -1;
    let bestScore = -1;
    for (let at = 0; at < this.#seeds.length; at += 1) {
      const uniform =
        ((mixHash((this.#seeds[at] as number) ^ Math.imul(bucket + 1, 0x9e3779b1)) >>> 0) + 0.5) / 2 ** 32;
      const score = (this.#instances[at] as RoutedInstance).entry.weight / -Math.log(uniform);
      if (score > bestScore) {
        best = at;
        bestScore = score;
      }
    }
    return best;
  }
}
