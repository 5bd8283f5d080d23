// hot: bench/micro/session-table.ts
// The live sessions of a worker: 256 shards by the first byte of the fingerprint, each an open-addressed table of its own.
// Shards double one by one, so that the longest pause is that of one shard: about 1.2 ms with a million sessions.
//
// Processes tell each other what they did (`replication.ts`), in any order. Each record has a stamp, `BOUND`: the second
// in which it was bound or ended, moved on by one where this process already knows an equal or later one. Of two records
// of a session the one with the greater stamp wins whole, then the greater instance key, the older birth, the later touch;
// an end wins over everything with its stamp or an earlier one. That is the maximum of a total order, so it does not
// matter in which order the records come. Ends are remembered for `ENDED_SECONDS`. Request counts are only added up.

import { SessionChanges } from "./session-changes.ts";
import {
  BORN,
  BOUND,
  EMPTY,
  ENDED,
  HIGH,
  HOLDER,
  LOW,
  NO_SLOT,
  RECORD_SHIFT,
  REQUESTS,
  SEEN,
  type SessionRecord,
  UNTOLD,
} from "./session-record.ts";
import { PLACE_BITS, SessionShard } from "./session-shard.ts";
import { NO_SESSION, type Sessions } from "./sessions.ts";
import type { SlotRegistry } from "./slot-registry.ts";

const SHARDS = 256;
const PLACE_MASK = 2 ** PLACE_BITS - 1;
const STAMP_MAX = 0xffff_ffff;

/** How long an end is remembered: longer than any message between processes is on its way. */
export const ENDED_SECONDS = 60;

/** What a table needs. */
export interface SessionTableOptions {
  /** Most sessions kept, ends that are still remembered included; beyond, about the least recently seen is forgotten. */
  readonly sessionsMax: number;
  readonly epochSeconds: () => number;
  readonly slots: SlotRegistry;
}

/** The sessions of this process, with what it has yet to tell the others. */
export class SessionTable implements Sessions {
  /** What the others have not been told yet. */
  readonly changes: SessionChanges = new SessionChanges();
  /** Sessions dropped because there were more than `sessionsMax`, since the start. */
  forgotten = 0;

  readonly #options: SessionTableOptions;
  readonly #shards: SessionShard[] = Array.from({ length: SHARDS }, () => new SessionShard());
  /** Live sessions by slot. */
  #counts = new Int32Array(64);
  #records = 0;
  #live = 0;

  constructor(options: SessionTableOptions) {
    this.#options = options;
  }

  /** Live sessions. */
  get size(): number {
    return this.#live;
  }

  /** Memory of all records and counts. */
  get bytes(): number {
    let total = this.#counts.byteLength;
    for (const shard of this.#shards) total += shard.words.byteLength;
    return total;
  }

  /** Shards, for whoever walks over all records (`session-walk.ts`); a record never changes its shard. */
  get shards(): readonly SessionShard[] {
    return this.#shards;
  }

  /** Live sessions bound to the instance with this slot. */
  countOf(slot: number): number {
    return this.#counts[slot] ?? 0;
  }

  find(high: number, low: number): number {
    const number = high >>> 24;
    const shard = this.#shard(number);
    const place = shard.probe(high | 0, low | 0);
    if (place < 0 || shard.words[(place << RECORD_SHIFT) + HOLDER] === ENDED) return NO_SESSION;
    return (number << PLACE_BITS) | place;
  }

  slotOf(index: number): number {
    return (this.#shard(index >>> PLACE_BITS).words[baseOf(index) + HOLDER] ?? 0) - 1;
  }

  seenAt(index: number): number {
    return (this.#shard(index >>> PLACE_BITS).words[baseOf(index) + SEEN] ?? 0) >>> 0;
  }

  touch(index: number, nowSeconds: number): void {
    const words = this.#shard(index >>> PLACE_BITS).words;
    const base = baseOf(index);
    words[base + REQUESTS] = (words[base + REQUESTS] ?? 0) + 1;
    words[base + UNTOLD] = (words[base + UNTOLD] ?? 0) + 2;
    this.#see(words, base, nowSeconds);
  }

  see(index: number, nowSeconds: number): void {
    this.#see(this.#shard(index >>> PLACE_BITS).words, baseOf(index), nowSeconds);
  }

  bind(high: number, low: number, slot: number, nowSeconds: number): number {
    const index = this.#place(high, low);
    const words = this.#shard(index >>> PLACE_BITS).words;
    const base = baseOf(index);
    const holder = words[base + HOLDER] ?? EMPTY;
    if (holder === slot + 1) {
      this.#see(words, base, nowSeconds);
      return index;
    }
    if (holder === EMPTY || holder === ENDED) {
      words[base + BORN] = nowSeconds;
      words[base + REQUESTS] = 1;
      words[base + UNTOLD] = 2;
    }
    words[base + BOUND] = this.#stamp(words[base + BOUND] ?? 0, nowSeconds);
    words[base + SEEN] = nowSeconds;
    this.#hold(words, base, slot + 1);
    this.changes.addUrgent(high | 0, low | 0);
    return index;
  }

  end(high: number, low: number): boolean {
    const nowSeconds = this.#options.epochSeconds();
    const index = this.#place(high, low);
    const words = this.#shard(index >>> PLACE_BITS).words;
    const base = baseOf(index);
    const holder = words[base + HOLDER] ?? EMPTY;
    const bound = (words[base + BOUND] ?? 0) >>> 0;
    words[base + SEEN] = nowSeconds;
    if (holder === ENDED && bound >= nowSeconds) return false;
    words[base + BOUND] = Math.max(bound, nowSeconds);
    this.#hold(words, base, ENDED);
    this.changes.addUrgent(high | 0, low | 0);
    return holder !== EMPTY && holder !== ENDED;
  }

  /** True while the end of the session, here or told by another process, is remembered (`ENDED_SECONDS`). */
  wasEnded(high: number, low: number): boolean {
    const shard = this.#shard(high >>> 24);
    const place = shard.probe(high | 0, low | 0);
    return place >= 0 && shard.words[(place << RECORD_SHIFT) + HOLDER] === ENDED;
  }

  /**
   * Takes in what another process says of a session. The order of records does not matter.
   *
   * @param record - a live session, or with `NO_SLOT` an ended one
   * @param isTotal - `requests` counts all, not only what is new
   */
  merge(record: SessionRecord, isTotal: boolean): void {
    const index = this.#place(record.high, record.low);
    const words = this.#shard(index >>> PLACE_BITS).words;
    const base = baseOf(index);
    const holder = words[base + HOLDER] ?? EMPTY;
    const bound = (words[base + BOUND] ?? 0) >>> 0;
    if (record.slot === NO_SLOT) {
      if (holder !== EMPTY && holder !== ENDED && bound > record.boundSeconds) return;
      words[base + BOUND] = Math.max(bound, record.boundSeconds);
      words[base + SEEN] = this.#options.epochSeconds();
      this.#hold(words, base, ENDED);
      return;
    }
    if (holder === ENDED && bound >= record.boundSeconds) return;
    if (holder === EMPTY || holder === ENDED) {
      words[base + REQUESTS] = record.requests;
      words[base + UNTOLD] = 0;
    } else {
      const known = words[base + REQUESTS] ?? 0;
      words[base + REQUESTS] = isTotal ? Math.max(known, record.requests) : known + record.requests;
      if (!this.#wins(record, words, base)) return;
    }
    words[base + BORN] = record.bornSeconds;
    words[base + BOUND] = record.boundSeconds;
    words[base + SEEN] = record.lastSeenSeconds;
    this.#hold(words, base, record.slot + 1);
  }

  /** Drops a record, live or ended, as if it had never been; others are not told. Indexes found before are void. */
  remove(shard: SessionShard, place: number): void {
    this.#hold(shard.words, place << RECORD_SHIFT, EMPTY);
    shard.remove(place);
    this.#records -= 1;
  }

  /** Place of the session's record in its shard, ended ones too; negative when there is none. */
  placeOf(high: number, low: number): number {
    return this.#shard(high >>> 24).probe(high | 0, low | 0);
  }

  /** The shard of a fingerprint. */
  shardOf(high: number): SessionShard {
    return this.#shard(high >>> 24);
  }

  #shard(number: number): SessionShard {
    return this.#shards[number] as SessionShard; // number is a byte
  }

  /** Index of the session's record; a new one is `EMPTY` with only its fingerprint, and must be given a holder at once. */
  #place(high: number, low: number): number {
    const number = high >>> 24;
    const shard = this.#shard(number);
    const known = shard.probe(high | 0, low | 0);
    if (known >= 0) return (number << PLACE_BITS) | known;
    if (this.#records >= this.#options.sessionsMax) this.#forgetOne(number);
    shard.reserve();
    const place = ~shard.probe(high | 0, low | 0);
    const base = place << RECORD_SHIFT;
    shard.words[base + HIGH] = high | 0;
    shard.words[base + LOW] = low | 0;
    shard.used += 1;
    this.#records += 1;
    return (number << PLACE_BITS) | place;
  }

  /** Sets who holds a record and keeps the counts. */
  #hold(words: Int32Array, base: number, holder: number): void {
    const before = words[base + HOLDER] ?? EMPTY;
    if (before > 0) {
      this.#counts[before - 1] = (this.#counts[before - 1] ?? 0) - 1;
      this.#live -= 1;
    }
    if (holder > 0) {
      if (holder > this.#counts.length) this.#growCounts(holder);
      this.#counts[holder - 1] = (this.#counts[holder - 1] ?? 0) + 1;
      this.#live += 1;
    }
    words[base + HOLDER] = holder;
  }

  #growCounts(slots: number): void {
    const counts = new Int32Array(Math.max(slots, this.#counts.length * 2));
    counts.set(this.#counts);
    this.#counts = counts;
  }

  /** Moves last seen on; a new second is told to the others, and is queued for that once. */
  #see(words: Int32Array, base: number, nowSeconds: number): void {
    if ((words[base + SEEN] ?? 0) >>> 0 >= nowSeconds) return;
    words[base + SEEN] = nowSeconds;
    const untold = words[base + UNTOLD] ?? 0;
    if ((untold & 1) !== 0) return;
    if (this.changes.addTouched(words[base] ?? 0, words[base + LOW] ?? 0)) words[base + UNTOLD] = untold | 1;
  }

  #stamp(before: number, nowSeconds: number): number {
    return Math.min(Math.max(nowSeconds, (before >>> 0) + 1), STAMP_MAX);
  }

  /** True when `record` is the greater one; see the top of the file. */
  #wins(record: SessionRecord, words: Int32Array, base: number): boolean {
    const bound = (words[base + BOUND] ?? 0) >>> 0;
    if (record.boundSeconds !== bound) return record.boundSeconds > bound;
    const slot = (words[base + HOLDER] ?? 0) - 1;
    if (record.slot !== slot) {
      return this.#options.slots.keyOf(record.slot) > this.#options.slots.keyOf(slot);
    }
    const born = (words[base + BORN] ?? 0) >>> 0;
    if (record.bornSeconds !== born) return record.bornSeconds < born;
    return record.lastSeenSeconds > (words[base + SEEN] ?? 0) >>> 0;
  }

  #forgetOne(number: number): void {
    let shard = this.#shard(number);
    for (let step = 1; shard.used === 0 && step < SHARDS; step += 1) {
      shard = this.#shard((number + step) & (SHARDS - 1));
    }
    if (shard.used === 0) return;
    this.remove(shard, shard.oldest());
    this.forgotten += 1;
  }
}

function baseOf(index: number): number {
  return (index & PLACE_MASK) << RECORD_SHIFT;
}
