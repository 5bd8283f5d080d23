// The states of all instances that this worker has ever known, by key and by slot. They outlive tables: an exchange that
// began under an old table releases its claim on the same counter that the new table reads.
//
// A slot is never given to another key. Sessions and the proxy's pools refer to slots without saying so, and a state costs
// some 200 bytes, so that ten thousand redeployed instances cost two megabytes until the worker is replaced.

import type { SlotRegistry } from "../sessions/slot-registry.ts";
import { InstanceState } from "./compiled.ts";

const NONE: readonly InstanceState[] = [];

/** Finds and makes instance states; also the names of slots for the session table. */
export class InstanceStates implements SlotRegistry {
  readonly #byKey = new Map<string, InstanceState>();
  readonly #bySlot: InstanceState[] = [];
  readonly #byEdition = new Map<string, InstanceState[]>();

  /** The state of this key (`application/edition/server`); made when it is new. */
  stateOf(key: string): InstanceState {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const state = new InstanceState(key, this.#bySlot.length);
    this.#byKey.set(key, state);
    this.#bySlot.push(state);
    this.#addToEdition(state);
    return state;
  }

  /** The state of this key when there is one. */
  find(key: string): InstanceState | undefined {
    return this.#byKey.get(key);
  }

  /** The state in this slot; undefined for a slot that was never given out. */
  at(slot: number): InstanceState | undefined {
    return this.#bySlot[slot];
  }

  slotOf(key: string): number {
    return this.stateOf(key).slot;
  }

  keyOf(slot: number): string {
    return this.#bySlot[slot]?.key ?? "";
  }

  /** All states, by slot. */
  all(): readonly InstanceState[] {
    return this.#bySlot;
  }

  /** The states of an edition's instances, those that no table has any more included. */
  ofEdition(application: string, edition: string): readonly InstanceState[] {
    return this.#byEdition.get(`${application}/${edition}`) ?? NONE;
  }

  #addToEdition(state: InstanceState): void {
    const { key } = state;
    const edition = key.slice(0, key.indexOf("/", key.indexOf("/") + 1)); // an address behind may have slashes
    const known = this.#byEdition.get(edition);
    if (known === undefined) this.#byEdition.set(edition, [state]);
    else known.push(state);
  }
}
