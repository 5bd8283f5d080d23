// Walks over all records of a session table in slices of whole shards, so that no slice takes long and no record is
// missed or met twice while others are born, move or end in between: a record never changes its shard.

import { EMPTY, HOLDER, NO_SLOT, RECORD_WORDS, readRecord, SessionRecord } from "./session-record.ts";
import type { SessionTable } from "./session-table.ts";

/** Where a walk begins. */
export const WALK_START = 0;
/** What a walk returns when it has met every record. */
export const WALK_DONE = -1;

/**
 * Visits the records of the next shards until `budget` places were looked at; at least one shard.
 *
 * @param cursor - `WALK_START`, or what the slice before returned
 * @param visit - gets every record, those of ended sessions too (`NO_SLOT`); the object is reused, and the table must
 * not be changed meanwhile
 * @returns the cursor of the next slice, or `WALK_DONE`
 */
export function walkRecords(
  table: SessionTable,
  cursor: number,
  budget: number,
  visit: (record: SessionRecord) => void,
): number {
  const shards = table.shards;
  let left = budget;
  for (let number = cursor; number < shards.length; number += 1) {
    const words = shards[number]?.words ?? NOTHING;
    if (left <= 0 && number > cursor) return number;
    for (let base = 0; base < words.length; base += RECORD_WORDS) {
      if (words[base + HOLDER] === EMPTY) continue;
      readRecord(words, base, scratch);
      visit(scratch);
    }
    left -= words.length / RECORD_WORDS;
  }
  return WALK_DONE;
}

/** As `walkRecords`, but only the live sessions whose slot is wanted. */
export function forEachOf(
  table: SessionTable,
  isWanted: (slot: number) => boolean,
  slice: { readonly cursor: number; readonly budget: number },
  visit: (record: SessionRecord) => void,
): number {
  return walkRecords(table, slice.cursor, slice.budget, (record) => {
    if (record.slot !== NO_SLOT && isWanted(record.slot)) visit(record);
  });
}

const NOTHING = new Int32Array(0);
const scratch = new SessionRecord();
