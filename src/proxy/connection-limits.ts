// How many connections a worker takes, in all and from one address (SPEC F4).

import type { ClientSettings } from "../settings/process-settings.ts";

/** Counts open connections; whoever was taken is released exactly once. */
export class ConnectionLimits {
  readonly #max: number;
  readonly #perAddress: number;
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  constructor(settings: ClientSettings) {
    this.#max = settings.connectionsMax;
    this.#perAddress = settings.connectionsPerAddress;
  }

  /** Counts a connection in; false when it is one too many, and not counted. */
  admit(address: string): boolean {
    if (this.#max > 0 && this.#open >= this.#max) return false;
    if (this.#perAddress > 0) {
      const held = this.#byAddress.get(address) ?? 0;
      if (held >= this.#perAddress) return false;
      this.#byAddress.set(address, held + 1);
    }
    this.#open += 1;
    return true;
  }

  /** A connection that was admitted is gone. */
  leave(address: string): void {
    this.#open -= 1;
    if (this.#perAddress === 0) return;
    const held = (this.#byAddress.get(address) ?? 1) - 1;
    if (held > 0) this.#byAddress.set(address, held);
    else this.#byAddress.delete(address);
  }
}
