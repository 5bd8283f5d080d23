// hot: bench/cases.ts
// A connection's own read buffer while a large body flows through it, so that bytes can be written on from where they lie.

import type { Socket } from "node:net";
import type { BufferLender } from "./output.ts";
import { nextReadsGoInto } from "./socket-reads.ts";

/** The buffer of one connection, lent while its bytes are being written. */
export class BufferLoan {
  readonly #lender: BufferLender;
  #buffer: Buffer | null = null;

  constructor(lender: BufferLender) {
    this.#lender = lender;
  }

  /** True when `bytes` is the connection's own buffer. */
  owns(bytes: Buffer): boolean {
    return this.#buffer === bytes;
  }

  /**
   * Called at the end of `onRead`, and only there: from the next read on the connection has a buffer of its own, or the
   * shared one again. `target` is where the bytes went: while it still holds some, the buffer is not used again.
   */
  settle(isWanted: boolean, target: Socket | null): void {
    if (isWanted === (this.#buffer !== null)) return;
    if (isWanted) {
      this.#buffer = this.#lender.lend();
      nextReadsGoInto(this.#buffer);
      return;
    }
    if (this.#buffer !== null && target !== null && target.writableLength === 0)
      this.#lender.giveBack(this.#buffer);
    this.#buffer = null;
    nextReadsGoInto(null);
  }
}
