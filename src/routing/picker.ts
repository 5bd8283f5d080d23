// hot: bench/micro/decide.ts
// How the next of several instances is chosen (SPEC R4). A picker holds only instances that may be picked right now; its
// pool takes them out when they are marked down or full, and puts them back. So a pick costs the same for 10 and for 1,000.

import type { Random } from "../base/random.ts";
import type { Balance } from "../domain/cluster.ts";
import { LeastInFlightPicker } from "./least-in-flight-picker.ts";
import { PowerOfTwoPicker, RandomPicker } from "./random-picker.ts";
import type { RoutedInstance } from "./routed.ts";
import { TurnPicker } from "./turn-picker.ts";

/** One balancer over the instances that may be picked now. */
export interface Picker {
  readonly size: number;
  add(instance: RoutedInstance): void;
  remove(instance: RoutedInstance): void;
  /** The next one, whose turn this uses up; the picker is not empty. */
  pick(nowMs: number): RoutedInstance;
  /** Whose turn it would be, without using it up; null when that is left to chance. The picker is not empty. */
  peek(): RoutedInstance | null;
  /** Requests in flight on the instance have changed. */
  loadChanged(instance: RoutedInstance): void;
  /** A request with affinity went to the instance and counts as its turn. */
  countTurn(instance: RoutedInstance): void;
}

/** Makes the picker of a balancer. */
export function pickerOf(balance: Balance, random: Random): Picker {
  switch (balance) {
    case "random":
      return new RandomPicker(random);
    case "least-in-flight":
      return new LeastInFlightPicker(random);
    case "power-of-two":
      return new PowerOfTwoPicker(random);
    case "weighted-round-robin":
      return new TurnPicker(random);
  }
}
