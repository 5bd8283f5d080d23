// hot: bench/micro/session-table.ts
// How a shard of the session table keeps a record: eight 32-bit words in a row, so that a look-up costs one cache miss.

/** Words of a record; its index in the shard times this is where it starts. */
export const RECORD_WORDS = 8;
/** log2 of `RECORD_WORDS`. */
export const RECORD_SHIFT = 3;

/** Offsets of the words. Times are epoch seconds, unsigned. */
export const HIGH = 0;
export const LOW = 1;
/** `EMPTY`, `ENDED`, or the slot plus 1. */
export const HOLDER = 2;
export const BORN = 3;
/** Stamp of the binding, or of the end: what decides between two processes that say different things. */
export const BOUND = 4;
export const SEEN = 5;
export const REQUESTS = 6;
/** Requests that the others have not been told of, times 2; the lowest bit says that the record is queued to be told. */
export const UNTOLD = 7;

/** No record here. */
export const EMPTY = 0;
/** The session is over; kept for a while so that what others still say of it is not believed. */
export const ENDED = -1;

/** The slot of a record of an ended session. */
export const NO_SLOT = -1;

/** A record read out of the table, or to be merged into it. One object, reused. */
export class SessionRecord {
  high = 0;
  low = 0;
  /** `NO_SLOT` when the session is over: then only `boundSeconds` counts, the stamp of its end. */
  slot: number = NO_SLOT;
  bornSeconds = 0;
  boundSeconds = 0;
  lastSeenSeconds = 0;
  requests = 0;
}

/** Fills `into` from the record at `base`; `requests` are all, and `NO_SLOT` means that the session is over. */
export function readRecord(words: Int32Array, base: number, into: SessionRecord): void {
  const holder = words[base + HOLDER] ?? EMPTY;
  into.high = (words[base] ?? 0) >>> 0;
  into.low = (words[base + LOW] ?? 0) >>> 0;
  into.slot = holder > 0 ? holder - 1 : NO_SLOT;
  into.bornSeconds = (words[base + BORN] ?? 0) >>> 0;
  into.boundSeconds = (words[base + BOUND] ?? 0) >>> 0;
  into.lastSeenSeconds = (words[base + SEEN] ?? 0) >>> 0;
  into.requests = (words[base + REQUESTS] ?? 0) >>> 0;
}
