// hot: bench/micro/decide.ts
// Balancers that leave it to chance: `random` (ignores weights, §2.10) and `power-of-two` (the less loaded of two).

import { type Random, randomBelow } from "../base/random.ts";
import type { Picker } from "./picker.ts";
import type { RoutedInstance } from "./routed.ts";
import { PASSES_MAX, passesTurn } from "./slow-start.ts";

/** Any instance with the same chance, whatever its weight; may pick the last one again (SPEC R4). */
export class RandomPicker implements Picker {
  readonly #items: RoutedInstance[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#items.length;
  }

  add(instance: RoutedInstance): void {
    instance.position = this.#items.length;
    this.#items.push(instance);
  }

  remove(instance: RoutedInstance): void {
    const last = this.#items.pop() as RoutedInstance;
    if (last !== instance) {
      this.#items[instance.position] = last;
      last.position = instance.position;
    }
    instance.position = -1;
  }

  pick(nowMs: number): RoutedInstance {
    for (let tries = this.#items.length === 1 ? 0 : PASSES_MAX; tries > 0; tries -= 1) {
      const one = this.any();
      if (!passesTurn(one, nowMs, this.#random)) return one;
    }
    return this.any();
  }

  peek(): RoutedInstance | null {
    return this.#items.length === 1 ? (this.#items[0] as RoutedInstance) : null;
  }

  loadChanged(_instance: RoutedInstance): void {}

  countTurn(_instance: RoutedInstance): void {}

  /** One by chance alone; the picker is not empty. */
  protected any(): RoutedInstance {
    return this.#items[randomBelow(this.#random, this.#items.length)] as RoutedInstance;
  }
}

/** Of two instances by chance the one with fewer requests in flight for its weight (SPEC R4). */
export class PowerOfTwoPicker extends RandomPicker {
  override pick(nowMs: number): RoutedInstance {
    const one = super.pick(nowMs);
    if (this.size === 1) return one;
    let other = super.pick(nowMs);
    for (let tries = 3; other === one && tries > 0; tries -= 1) other = super.pick(nowMs);
    return loadOf(other) < loadOf(one) ? other : one;
  }
}

/** Requests in flight for each unit of weight, were one more to come. */
export function loadOf(instance: RoutedInstance): number {
  return (instance.state.inFlight + 1) / instance.entry.weight;
}
