// An answer that has to wait until every worker knows what it says of its session (SPEC A5). Meanwhile the upstream waits
// as well, so that at most one read's worth of bytes is kept.

import type { Exchange } from "./exchange.ts";
import { openTunnel } from "./upgrade.ts";

/** The held answer of an exchange; used again with it. */
export class HeldAnswer {
  readonly #exchange: Exchange;
  #bytes: Buffer[] = [];
  /** After a 101: what came behind its head. */
  #early: Buffer | null = null;
  /** Counts the holds, so that a late word about an earlier one means nothing. */
  #hold = 0;
  isHeld = false;
  /** Held, and nothing more is to come. */
  isWhole = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Holds the answer unless everybody knows already. */
  begin(): void {
    this.#hold += 1;
    const hold = this.#hold;
    this.isHeld = this.#exchange.plane.replicate(() => {
      if (hold === this.#hold) this.#letGo();
    });
  }

  /** Keeps bytes; false, since nothing more may come meanwhile. `isWhole`: they are the last. */
  keep(bytes: Buffer, isWhole: boolean): boolean {
    this.#bytes.push(bytes);
    this.isWhole = isWhole;
    return false;
  }

  /** Keeps the head of a 101 and what came behind it; false, since nothing more may come meanwhile. */
  keepSwitch(head: Buffer, early: Buffer): boolean {
    this.#early = early;
    return this.keep(head, false);
  }

  /** The exchange is over, however: nobody else may ever get these bytes. */
  reset(): void {
    if (!this.isHeld) return;
    this.#hold += 1;
    this.isHeld = false;
    this.isWhole = false;
    this.#early = null;
    this.#bytes = [];
  }

  #letGo(): void {
    if (!this.isHeld) return;
    const bytes = this.#bytes;
    const { isWhole } = this;
    const early = this.#early;
    this.reset();
    const exchange = this.#exchange;
    for (const piece of bytes) exchange.client.socket.write(piece);
    if (early !== null) openTunnel(exchange, early);
    else if (isWhole) exchange.responseDone();
    else exchange.upstream?.startReading();
  }
}
