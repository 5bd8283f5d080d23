// Ends the sessions whose time is over, and forgets old ends. Every process sweeps its own table by the same times, so
// nobody is told; a touch that comes late from another process brings its session back.

import { ENDED, HOLDER, RECORD_SHIFT, readRecord, SEEN, SessionRecord } from "./session-record.ts";
import type { SessionShard } from "./session-shard.ts";
import { ENDED_SECONDS, type SessionTable } from "./session-table.ts";

/** How long the sessions of an instance live; 0 is no limit. */
export interface SessionLimits {
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
}

/** A session that the sweep has ended; its record is gone from the table. */
export interface EndedSession {
  readonly high: number;
  readonly low: number;
  readonly slot: number;
  readonly bornSeconds: number;
  readonly lastSeenSeconds: number;
  readonly requests: number;
  readonly cause: "idle" | "absolute";
}

const NONE: readonly EndedSession[] = [];

/** Goes round the table in slices; one for each table. */
export class SessionSweep {
  readonly #table: SessionTable;
  readonly #record = new SessionRecord();
  #next = 0;

  constructor(table: SessionTable) {
    this.#table = table;
  }

  /**
   * Sweeps the next shards until `budget` places were looked at; at least one, at most all shards. A million sessions
   * have two million places; 100,000 of them take about half a millisecond.
   *
   * @param limitsOf - limits of the instance with this slot, asked for every live session
   * @returns the sessions that ended now
   */
  sweep(
    nowSeconds: number,
    budget: number,
    limitsOf: (slot: number) => SessionLimits,
  ): readonly EndedSession[] {
    const shards = this.#table.shards;
    let ended: EndedSession[] | null = null;
    let left = budget;
    for (let swept = 0; swept < shards.length && (left > 0 || swept === 0); swept += 1) {
      const shard = shards[this.#next] as SessionShard; // #next is below the number of shards
      this.#next = (this.#next + 1) % shards.length;
      left -= shard.mask + 1;
      for (let place = 0; place <= shard.mask; ) {
        const cause = this.#verdict(shard, place, nowSeconds, limitsOf);
        if (cause === "keep") {
          place += 1;
          continue;
        }
        // Another record may have moved to this place: it is looked at next.
        if (cause !== "forget") {
          ended ??= [];
          ended.push({ ...this.#record, cause });
        }
        this.#table.remove(shard, place);
      }
      shard.shrink();
    }
    return ended ?? NONE;
  }

  /** What becomes of the record at a place; one that ends is left in `#record`. */
  #verdict(
    shard: SessionShard,
    place: number,
    nowSeconds: number,
    limitsOf: (slot: number) => SessionLimits,
  ): "keep" | "forget" | EndedSession["cause"] {
    const base = place << RECORD_SHIFT;
    const holder = shard.words[base + HOLDER] ?? 0;
    if (holder > 0) {
      const limits = limitsOf(holder - 1);
      readRecord(shard.words, base, this.#record);
      if (isOver(nowSeconds - this.#record.bornSeconds, limits.absoluteSeconds)) return "absolute";
      return isOver(nowSeconds - this.#record.lastSeenSeconds, limits.idleSeconds) ? "idle" : "keep";
    }
    if (holder !== ENDED) return "keep";
    return nowSeconds - ((shard.words[base + SEEN] ?? 0) >>> 0) > ENDED_SECONDS ? "forget" : "keep";
  }
}

function isOver(ageSeconds: number, limitSeconds: number): boolean {
  return limitSeconds > 0 && ageSeconds >= limitSeconds;
}
