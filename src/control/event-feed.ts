// Hands every accepted journal entry to those who follow the events live (`tidegate events --follow`).

import type { Log } from "../base/log.ts";
import type { JournalEntry } from "../journal/journal.ts";

/** Followers at most; each is an open connection of an operator or a pipeline. */
const FOLLOWERS_MAX = 256;

/** The followers. A follower that throws is dropped, not the command that it was told of. */
export class EventFeed {
  readonly #followers: Set<(entry: JournalEntry) => void> = new Set();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Calls `follower` for every entry from now on; returns the end of it. The oldest one gives way beyond the limit. */
  follow(follower: (entry: JournalEntry) => void): () => void {
    const own = (entry: JournalEntry): void => follower(entry); // the same function twice is two followers
    if (this.#followers.size >= FOLLOWERS_MAX) {
      for (const oldest of this.#followers) {
        this.#followers.delete(oldest);
        this.#log.warn(
          { limit: FOLLOWERS_MAX },
          "Too many followers of events: the oldest one is told no more",
        );
        break;
      }
    }
    this.#followers.add(own);
    return () => {
      this.#followers.delete(own);
    };
  }

  /** Tells everybody, in the order in which they came. */
  publish(entry: JournalEntry): void {
    for (const follower of [...this.#followers]) {
      try {
        follower(entry);
      } catch (cause) {
        this.#followers.delete(follower);
        this.#log.warn({ err: cause }, "A follower of events failed and is told no more");
      }
    }
  }
}
