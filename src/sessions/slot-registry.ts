// Between instance keys, which all processes share, and slots, which are each process's own small numbers for them.

/** Knows the slot of every instance key that this process has met; slots are never given to another key. */
export interface SlotRegistry {
  /** The slot of an instance key (`application/edition/server`); a new key gets a new slot. */
  slotOf(key: string): number;
  /** The key of a slot; `""` for a number that is no slot. */
  keyOf(slot: number): string;
}
