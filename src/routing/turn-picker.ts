// hot: bench/micro/decide.ts
// Weighted round robin: the instance whose next turn comes first is picked, and its following turn is 1/weight later.
//
// The plug-in's way, to count weights down and to fill them up again (§2.10), gives each instance the same shares, but
// the heavy ones in bursts, and finding the next costs more the more instances are used up. Turns on a line of time
// interleave and cost log n. Common divisors of the weights make no difference here.
//
// The pool sets each instance's first turn within its first interval: in an order that is random for every table, and on
// each worker a fraction later, so that workers do not march in step and their roundings cancel out. After any number of picks
// an instance is less than one turn a worker off its exact share.

import type { Random } from "../base/random.ts";
import { InstanceHeap } from "./instance-heap.ts";
import type { Picker } from "./picker.ts";
import type { RoutedInstance } from "./routed.ts";
import { PASSES_MAX, passesTurn } from "./slow-start.ts";

/** Weighted round robin (SPEC R4). */
export class TurnPicker implements Picker {
  readonly #turns = new InstanceHeap();
  readonly #random: Random;
  /** The time of the last turn taken. */
  #time = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#turns.size;
  }

  /** One that comes back begins now: it does not make up for turns it has missed. */
  add(instance: RoutedInstance): void {
    const interval = 1 / instance.entry.weight;
    // A newcomer has its turn already, and one that was full for a moment keeps it: limits do not change the weights.
    const isWaiting = instance.rank > this.#time && instance.rank <= this.#time + interval;
    if (!isWaiting) instance.rank = this.#time + this.#random.next() * interval;
    this.#turns.add(instance);
  }

  remove(instance: RoutedInstance): void {
    this.#turns.remove(instance);
  }

  pick(nowMs: number): RoutedInstance {
    for (let tries = this.#turns.size === 1 ? 0 : PASSES_MAX; tries > 0; tries -= 1) {
      const next = this.#turns.first;
      this.#takeTurn(next);
      if (!passesTurn(next, nowMs, this.#random)) return next;
    }
    const last = this.#turns.first;
    this.#takeTurn(last);
    return last;
  }

  peek(): RoutedInstance {
    return this.#turns.first;
  }

  loadChanged(): void {}

  countTurn(instance: RoutedInstance): void {
    instance.rank += 1 / instance.entry.weight;
    this.#turns.moved(instance);
  }

  #takeTurn(instance: RoutedInstance): void {
    if (instance.rank > this.#time) this.#time = instance.rank;
    instance.rank += 1 / instance.entry.weight;
    this.#turns.moved(instance);
  }
}
