// hot: bench/micro/decide.ts
// Instances by rank, the least first: a binary heap in which each instance knows its place, so that any can be moved.

import type { RoutedInstance } from "./routed.ts";

/** A heap by `RoutedInstance.rank`; `position` is the place. An instance is in one heap at most. */
export class InstanceHeap {
  readonly #items: RoutedInstance[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The one with the least rank; the heap is not empty. */
  get first(): RoutedInstance {
    return this.#items[0] as RoutedInstance;
  }

  /** The one at a place, from 0. */
  at(position: number): RoutedInstance | undefined {
    return this.#items[position];
  }

  add(instance: RoutedInstance): void {
    instance.position = this.#items.length;
    this.#items.push(instance);
    this.#rise(instance);
  }

  remove(instance: RoutedInstance): void {
    const last = this.#items.pop() as RoutedInstance;
    if (last !== instance) {
      this.#items[instance.position] = last;
      last.position = instance.position;
      this.moved(last);
    }
    instance.position = -1;
  }

  /** Restores the order after the rank of one has changed. */
  moved(instance: RoutedInstance): void {
    const before = instance.position;
    this.#rise(instance);
    if (instance.position === before) this.#sink(instance);
  }

  #rise(instance: RoutedInstance): void {
    const items = this.#items;
    let at = instance.position;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = items[parentAt] as RoutedInstance;
      if (parent.rank <= instance.rank) break;
      items[at] = parent;
      parent.position = at;
      at = parentAt;
    }
    items[at] = instance;
    instance.position = at;
  }

  #sink(instance: RoutedInstance): void {
    const items = this.#items;
    const size = items.length;
    let at = instance.position;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= size) break;
      if (
        childAt + 1 < size &&
        (items[childAt + 1] as RoutedInstance).rank < (items[childAt] as RoutedInstance).rank
      )
        childAt += 1;
      const child = items[childAt] as RoutedInstance;
      if (child.rank >= instance.rank) break;
      items[at] = child;
      child.position = at;
      at = childAt;
    }
    items[at] = instance;
    instance.position = at;
  }
}
