// hot: bench/micro/decide.ts
// The instance with the fewest requests in flight for its weight; of several by chance, so that workers do not all
// begin with the same one.

import type { Random } from "../base/random.ts";
import { InstanceHeap } from "./instance-heap.ts";
import type { Picker } from "./picker.ts";
import { loadOf } from "./random-picker.ts";
import type { RoutedInstance } from "./routed.ts";
import { passesTurn } from "./slow-start.ts";

/** Small enough never to outweigh a request: breaks ties by chance. */
const TIE_BREAK = 1e-6;

/** Least in flight (SPEC R4). */
export class LeastInFlightPicker implements Picker {
  readonly #byLoad = new InstanceHeap();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#byLoad.size;
  }

  add(instance: RoutedInstance): void {
    instance.rank = this.#rankOf(instance);
    this.#byLoad.add(instance);
  }

  remove(instance: RoutedInstance): void {
    this.#byLoad.remove(instance);
  }

  /** The least loaded; while it is starting slowly, chance may give its turn to one of the next two. */
  pick(nowMs: number): RoutedInstance {
    const least = this.#byLoad.first;
    const one = this.#byLoad.at(1);
    if (one === undefined || !passesTurn(least, nowMs, this.#random)) return least;
    const other = this.#byLoad.at(2);
    return other === undefined || one.rank <= other.rank ? one : other;
  }

  peek(): RoutedInstance {
    return this.#byLoad.first;
  }

  loadChanged(instance: RoutedInstance): void {
    instance.rank = this.#rankOf(instance);
    this.#byLoad.moved(instance);
  }

  countTurn(): void {}

  #rankOf(instance: RoutedInstance): number {
    return loadOf(instance) + this.#random.next() * TIE_BREAK;
  }
}
