// hot: bench/micro/session-table.ts
// One of the shards of the session table: open addressing with linear probing over one typed array. Deleting shifts the
// records behind back, so that no look-up ever walks over graves; doubling copies one shard, never the whole table.

import { assert } from "../base/assert.ts";
import { EMPTY, HOLDER, LOW, RECORD_SHIFT, RECORD_WORDS, SEEN } from "./session-record.ts";

const CAPACITY_MIN = 16;
/** A place in a shard has this many bits in the table's indexes. */
export const PLACE_BITS = 22;
const CAPACITY_MAX = 2 ** PLACE_BITS;
/** Records looked at for one to forget: the least recently seen of so many is old enough. */
const FORGET_SAMPLE = 16;

/** Records by fingerprint; knows nothing of what they mean. */
export class SessionShard {
  words: Int32Array = new Int32Array(CAPACITY_MIN * RECORD_WORDS);
  /** Capacity less one; the capacity is a power of two. */
  mask: number = CAPACITY_MIN - 1;
  /** Records, of ended sessions too. */
  used = 0;
  /** Where the next search for one to forget begins. */
  #hand = 0;

  /** Place of the record, or `~place` (negative) of the empty place where it would go. */
  probe(high: number, low: number): number {
    const words = this.words;
    const mask = this.mask;
    let place = low & mask;
    for (;;) {
      const base = place << RECORD_SHIFT;
      if (words[base + HOLDER] === EMPTY) return ~place;
      if (words[base + LOW] === low && words[base] === high) return place;
      place = (place + 1) & mask;
    }
  }

  /** Makes room for one more record at three quarters full. Places found before are void. */
  reserve(): void {
    const capacity = this.mask + 1;
    if ((this.used + 1) * 4 > capacity * 3) this.#rebuild(capacity * 2);
  }

  /** Gives memory back after a peak. Places found before are void. */
  shrink(): void {
    const capacity = this.mask + 1;
    if (capacity > CAPACITY_MIN && this.used * 8 < capacity) this.#rebuild(capacity / 2);
  }

  /** Takes a record out; records behind it may move one place or more to the front, round the end too. */
  remove(place: number): void {
    const words = this.words;
    const mask = this.mask;
    let hole = place;
    let next = (place + 1) & mask;
    while (words[(next << RECORD_SHIFT) + HOLDER] !== EMPTY) {
      const home = (words[(next << RECORD_SHIFT) + LOW] ?? 0) & mask;
      // It may fill the hole when that is not in front of its home.
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        const from = next << RECORD_SHIFT;
        words.copyWithin(hole << RECORD_SHIFT, from, from + RECORD_WORDS);
        hole = next;
      }
      next = (next + 1) & mask;
    }
    words.fill(0, hole << RECORD_SHIFT, (hole << RECORD_SHIFT) + RECORD_WORDS);
    this.used -= 1;
  }

  /** Place of about the least recently seen record. There must be one. */
  oldest(): number {
    assert(this.used > 0, "a shard that forgets has a record");
    const words = this.words;
    let found = -1;
    let seen = 0;
    let looked = 0;
    for (let step = 0; step <= this.mask && looked < FORGET_SAMPLE; step += 1) {
      const base = this.#hand << RECORD_SHIFT;
      if (words[base + HOLDER] !== EMPTY) {
        const at = (words[base + SEEN] ?? 0) >>> 0;
        if (found < 0 || at < seen) {
          found = this.#hand;
          seen = at;
        }
        looked += 1;
      }
      this.#hand = (this.#hand + 1) & this.mask;
    }
    return found;
  }

  #rebuild(capacity: number): void {
    assert(capacity <= CAPACITY_MAX, "a shard of sessions has at most 4,194,304 places");
    const old = this.words;
    const words = new Int32Array(capacity * RECORD_WORDS);
    const mask = capacity - 1;
    for (let base = 0; base < old.length; base += RECORD_WORDS) {
      if (old[base + HOLDER] === EMPTY) continue;
      let place = (old[base + LOW] ?? 0) & mask;
      while (words[(place << RECORD_SHIFT) + HOLDER] !== EMPTY) place = (place + 1) & mask;
      const to = place << RECORD_SHIFT;
      for (let word = 0; word < RECORD_WORDS; word += 1) words[to + word] = old[base + word] ?? 0;
    }
    this.words = words;
    this.mask = mask;
    this.#hand = 0;
  }
}
