// Server-sent events: one client that follows the journal. It reads the journal page by page from where the client is,
// and is only woken by new entries: so nothing is queued for a slow client, and nothing is missed or sent twice.

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Clock } from "../base/clock.ts";
import type { Revision } from "../base/units.ts";
import type { Operations } from "../control/operations.ts";
import type { JournalEntry } from "../journal/journal.ts";

const PAGE_ENTRIES = 100;
/** A comment goes out this often, so that a dead connection is found and no proxy between closes a quiet one. */
const HEARTBEAT_MS = 15_000;
/** What EventSource waits before it comes back. */
const RECONNECT_MS = 2000;

/** Streams the entries after a revision to one client until it goes away, stops reading, or `close` is called. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #operations: Operations;
  readonly #clock: Clock;
  #after: Revision;
  #wake: () => void = () => {};
  /** True when bytes wait for the client since before the last heartbeat: it does not read. */
  #isStalled = false;

  constructor(
    response: ServerResponse,
    from: { readonly operations: Operations; readonly clock: Clock; readonly after: Revision },
  ) {
    this.#response = response;
    this.#operations = from.operations;
    this.#clock = from.clock;
    this.#after = from.after;
  }

  /** Resolves when the stream has ended. */
  async run(): Promise<void> {
    const unfollow = this.#operations.followEvents(() => this.#wake());
    this.#response.once("close", () => this.#wake());
    this.#response.on("error", () => this.#wake());
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    this.#response.write(`retry: ${RECONNECT_MS}\n\n`);
    const stopHeartbeat = this.#startHeartbeat();
    try {
      await this.#follow();
    } finally {
      stopHeartbeat();
      unfollow();
      this.#response.end();
    }
  }

  /** Ends the stream; its client comes back with `Last-Event-ID`. May be called twice. */
  close(): void {
    this.#response.end();
    this.#wake();
  }

  async #follow(): Promise<void> {
    while (this.#isOpen()) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve; // before reading, so that an entry that comes meanwhile is not slept through
      });
      const entries = await this.#operations.events({ after: this.#after, limit: PAGE_ENTRIES });
      for (const entry of entries) {
        await this.#send(entry);
        this.#after = entry.revision;
      }
      if (entries.length === 0) await woken;
    }
  }

  async #send(entry: JournalEntry): Promise<void> {
    if (!this.#isOpen()) return;
    const isRoomLeft = this.#response.write(`id: ${entry.revision}\ndata: ${JSON.stringify(entry)}\n\n`);
    if (isRoomLeft) return;
    await Promise.race([once(this.#response, "drain"), once(this.#response, "close")]).catch(() => undefined);
  }

  #startHeartbeat(): () => void {
    let cancel = this.#clock.alarm(HEARTBEAT_MS, () => ring());
    const ring = (): void => {
      const waits = this.#response.writableLength > 0;
      if (waits && this.#isStalled) {
        this.#response.destroy();
        return;
      }
      this.#isStalled = waits;
      if (!waits) this.#response.write(": still here\n\n");
      cancel = this.#clock.alarm(HEARTBEAT_MS, ring);
    };
    return () => cancel();
  }

  #isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }
}
