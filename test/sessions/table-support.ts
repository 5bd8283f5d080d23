// What the tests of sessions share: a clock that stands, slots for keys, and a table over both.

import { SessionRecord } from "../../src/sessions/session-record.ts";
import { SessionTable } from "../../src/sessions/session-table.ts";
import { WALK_DONE, WALK_START, walkRecords } from "../../src/sessions/session-walk.ts";
import type { SlotRegistry } from "../../src/sessions/slot-registry.ts";

/** Slots in the order in which keys are first asked for, after `first` (so that two processes differ). */
export function slotRegistry(...first: readonly string[]): SlotRegistry {
  const keys = [...first];
  return {
    slotOf(key) {
      const known = keys.indexOf(key);
      if (known >= 0) return known;
      keys.push(key);
      return keys.length - 1;
    },
    keyOf: (slot) => keys[slot] ?? "",
  };
}

export interface TestTable {
  readonly table: SessionTable;
  readonly slots: SlotRegistry;
  /** Epoch seconds of the table's clock; a test sets it. */
  now: number;
}

/** A table whose clock starts at 1,000,000 seconds. */
export function testTable(options: { sessionsMax?: number; keys?: readonly string[] } = {}): TestTable {
  const slots = slotRegistry(...(options.keys ?? []));
  const made: TestTable = {
    slots,
    now: 1_000_000,
    table: new SessionTable({
      sessionsMax: options.sessionsMax ?? 1_000_000,
      epochSeconds: () => made.now,
      slots,
    }),
  };
  return made;
}

/** All records, ended ones too, in order of their fingerprints. */
export function recordsOf(table: SessionTable): readonly SessionRecord[] {
  const records: SessionRecord[] = [];
  let cursor = WALK_START;
  while (cursor !== WALK_DONE) {
    cursor = walkRecords(table, cursor, 1, (record) => {
      records.push(Object.assign(new SessionRecord(), record));
    });
  }
  return records.sort((one, other) => one.high - other.high || one.low - other.low);
}
