// hot: bench/micro/decide.ts
// The instance with the fewest requests in flight for its weight; of several the one that was picked longest ago, which
// with no load at all is round robin. Workers begin at random places, so that they do not all begin with the same one.

import type { Random } from "../base/random.ts";
import { InstanceHeap } from "./instance-heap.ts";
import type { Picker } from "./picker.ts";
import { loadOf } from "./random-picker.ts";
import type { RoutedInstance } from "./routed.ts";
import { passesTurn } from "./slow-start.ts";

/** Picks are counted modulo this: once in a million picks the order among equals begins anew. */
const PICKS = 2 ** 20;
/** So small that all picks together never outweigh a request. */
const TIE_BREAK = 2 ** -34;

/** Least in flight (SPEC R4). */
export class LeastInFlightPicker implements Picker {
  readonly #byLoad = new InstanceHeap();
  readonly #random: Random;
  #picks = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#byLoad.size;
  }

  add(instance: RoutedInstance): void {
    if (instance.tieBreak === 0) instance.tieBreak = this.#random.next() * TIE_BREAK;
    instance.rank = this.#rankOf(instance);
    this.#byLoad.add(instance);
  }

  remove(instance: RoutedInstance): void {
    this.#byLoad.remove(instance);
  }

  pick(nowMs: number): RoutedInstance {
    const picked = this.#next(nowMs);
    this.#picks = (this.#picks + 1) % PICKS;
    picked.tieBreak = this.#picks * TIE_BREAK;
    this.loadChanged(picked);
    return picked;
  }

  peek(): RoutedInstance {
    return this.#byLoad.first;
  }

  loadChanged(instance: RoutedInstance): void {
    instance.rank = this.#rankOf(instance);
    this.#byLoad.moved(instance);
  }

  countTurn(): void {}

  /** The least loaded; while it is starting slowly, chance may give its turn to the next one. */
  #next(nowMs: number): RoutedInstance {
    const least = this.#byLoad.first;
    const one = this.#byLoad.at(1);
    if (one === undefined || !passesTurn(least, nowMs, this.#random)) return least;
    const other = this.#byLoad.at(2);
    return other === undefined || one.rank <= other.rank ? one : other;
  }

  #rankOf(instance: RoutedInstance): number {
    return loadOf(instance) + instance.tieBreak;
  }
}
