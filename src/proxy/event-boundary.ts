// Finds where an event of a stream ends (server-sent events: an empty line), so that a stream can be ended between two.

import { CR, LF } from "../http1/octets.ts";

/** Reads an event stream's bytes as they pass. */
export class EventBoundary {
  /** The stream shall end at the next boundary. */
  wantsEnd = false;
  /** The last byte passed on ended an event, or nothing was passed on yet. */
  isAtBoundary = true;
  /** Line ends in a row so far; a CR LF pair counts once. */
  #lineEnds = 1;
  #lastWasCr = false;

  reset(): void {
    this.wantsEnd = false;
    this.isAtBoundary = true;
    this.#lineEnds = 1;
    this.#lastWasCr = false;
  }

  /** How far `bytes[start, end)` may be passed on: to its end, or to the first boundary when the stream shall end. */
  pass(bytes: Buffer, start: number, end: number): number {
    for (let at = start; at < end; at += 1) {
      this.#see(bytes[at] as number);
      if (this.wantsEnd && this.isAtBoundary) return at + 1;
    }
    return end;
  }

  #see(octet: number): void {
    const isPairEnd = octet === LF && this.#lastWasCr;
    if (octet === LF || octet === CR) {
      if (!isPairEnd) this.#lineEnds += 1;
    } else {
      this.#lineEnds = 0;
    }
    this.#lastWasCr = octet === CR;
    this.isAtBoundary = this.#lineEnds >= 2;
  }
}
