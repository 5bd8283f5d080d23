// Waits until all peers have said that they have a batch, or time is over. Who lets us wait in vain once is not waited
// for again until it answers: one stuck process must not slow every response of the others.

import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** How long a peer is waited for. */
export const ACK_MS = 250;

interface Waiting {
  readonly ack: number;
  readonly missing: Set<string>;
  readonly callbacks: (() => void)[];
  cancel: CancelAlarm;
}

/** The batches that are waited for, each for `ACK_MS` at most. */
export class AckWindow {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onRoom: () => void;
  /** Process id by address: another id at the same address is another process. */
  readonly #peers = new Map<string, number>();
  readonly #lagging = new Set<string>();
  #waiting: Waiting[] = [];

  /** @param parts - `onRoom` is called whenever a batch is no longer waited for, however that came */
  constructor(parts: { readonly clock: Clock; readonly log: Log; readonly onRoom: () => void }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#onRoom = parts.onRoom;
  }

  /** Batches that somebody has not acknowledged yet. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Addresses of the peers. */
  get peers(): ReadonlyMap<string, number> {
    return this.#peers;
  }

  /** True when there is a peer to wait for. */
  get hasPeers(): boolean {
    return this.#peers.size > this.#lagging.size;
  }

  /** The processes that live now; one that is gone, or was replaced, is not waited for any longer. */
  setPeers(peers: ReadonlyMap<string, number>): void {
    for (const [address, pid] of this.#peers) {
      if (peers.get(address) === pid) continue;
      this.#peers.delete(address);
      this.#lagging.delete(address);
      this.#has(address, Number.POSITIVE_INFINITY);
    }
    for (const [address, pid] of peers) this.#peers.set(address, pid);
  }

  /** Waits for `ack`, which is greater than all before; `callbacks` are called once, perhaps at once. */
  add(ack: number, callbacks: (() => void)[]): void {
    const missing = new Set(this.#peers.keys());
    for (const address of this.#lagging) missing.delete(address);
    const waiting: Waiting = { ack, missing, callbacks, cancel() {} };
    this.#waiting.push(waiting);
    if (missing.size === 0) this.#done(waiting);
    else waiting.cancel = this.#clock.alarm(ACK_MS, () => this.#timeOut(waiting));
  }

  /** Joins the last batch that is waited for; false when there is none. */
  join(callback: () => void): boolean {
    const last = this.#waiting.at(-1);
    if (last === undefined) return false;
    last.callbacks.push(callback);
    return true;
  }

  /** A peer has this batch, and so all before it. */
  acknowledged(from: string, ack: number): void {
    if (this.#lagging.delete(from)) this.#log.info({ peer: from }, "Peer acknowledges sessions again");
    this.#has(from, ack);
  }

  /** Waits no longer; everybody who waited is called. */
  close(): void {
    for (const waiting of [...this.#waiting]) this.#done(waiting);
  }

  #has(address: string, ack: number): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.ack > ack) continue;
      if (waiting.missing.delete(address) && waiting.missing.size === 0) this.#done(waiting);
    }
  }

  #timeOut(waiting: Waiting): void {
    for (const address of waiting.missing) {
      this.#lagging.add(address);
      this.#log.warn({ peer: address, ms: ACK_MS }, "Peer does not acknowledge sessions; not waiting for it");
    }
    this.#done(waiting);
  }

  #done(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    waiting.cancel();
    for (const callback of waiting.callbacks) callback();
    this.#onRoom();
  }
}
