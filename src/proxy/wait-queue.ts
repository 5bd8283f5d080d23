// Requests that wait for a place at a server (`maxConnections`), per application, first come first served.

import type { Exchange } from "./exchange.ts";

/** The queues of all applications of a worker, each bounded by its settings. */
export class WaitQueues {
  readonly #queues = new Map<string, Exchange[]>();
  /** Requests that wait, over all applications: while it is 0, which is nearly always, nobody looks further. */
  length = 0;

  /** Lets an exchange wait; false when `limit` wait already. */
  add(exchange: Exchange, limit: number): boolean {
    const id = applicationOf(exchange);
    const queue = this.#queues.get(id) ?? [];
    if (queue.length >= limit) return false;
    this.#queues.set(id, queue);
    queue.push(exchange);
    this.length += 1;
    this.#countWaiting(exchange, 1);
    return true;
  }

  /** Takes out an exchange that waits no longer: answered, or its client has gone. */
  remove(exchange: Exchange): void {
    const queue = this.#queues.get(applicationOf(exchange));
    const index = queue === undefined ? -1 : queue.indexOf(exchange);
    if (index < 0) return;
    queue?.splice(index, 1);
    this.length -= 1;
    this.#countWaiting(exchange, -1);
  }

  /** A place of this application has become free: those who wait are asked in order until one has to go on waiting. */
  wake(applicationId: string): void {
    const queue = this.#queues.get(applicationId);
    while (queue !== undefined && queue.length > 0) {
      const [first] = queue;
      if (first === undefined) return;
      this.remove(first);
      if (first.leaveQueue()) continue;
      this.#putBack(queue, first, 0);
      return;
    }
  }

  /** A new table: anybody may have a place now, or none any more, so that each is asked once. */
  wakeAll(): void {
    for (const queue of this.#queues.values()) {
      for (const exchange of [...queue]) {
        const at = queue.indexOf(exchange);
        if (at < 0) continue; // it got its place while others were asked
        this.remove(exchange);
        if (!exchange.leaveQueue()) this.#putBack(queue, exchange, at);
      }
    }
  }

  #putBack(queue: Exchange[], exchange: Exchange, at: number): void {
    queue.splice(at, 0, exchange);
    this.length += 1;
    this.#countWaiting(exchange, 1);
  }

  /** Waiting requests count at the instance they wait for, where there is one. */
  #countWaiting(exchange: Exchange, change: 1 | -1): void {
    const { waitsFor } = exchange.decision;
    if (waitsFor !== null) waitsFor.state.queued += change;
  }
}

function applicationOf(exchange: Exchange): string {
  return exchange.decision.application?.entry.id ?? "";
}
