// hot: bench/cases.ts
// Idle connections to the instances, the most recently used first, and the rules for using one again
// (wire checklist, keep-alive race: rules 1, 3 and 6).

import type { CompiledInstance } from "../routing/compiled.ts";
import type { DataPlane } from "./data-plane.ts";
import { UpstreamConnection } from "./upstream-connection.ts";

/** All upstream connections of a worker that nobody uses now, by instance slot. */
export class UpstreamPools {
  readonly #plane: DataPlane;
  readonly #idle: (UpstreamConnection[] | undefined)[] = [];

  constructor(plane: DataPlane) {
    this.#plane = plane;
  }

  /** A connection to the instance: an idle one when it may be used, else a new one that is not open yet. */
  take(instance: CompiledInstance, isIdempotent: boolean): UpstreamConnection {
    const idle = this.#idle[instance.state.slot];
    if (idle === undefined) return new UpstreamConnection(this.#plane, instance);
    const nowMs = this.#plane.nowMs;
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      const idleMs = nowMs - last.idleSinceMs;
      if (last.address !== instance.entry.address || idleMs >= last.idleMsMax) {
        last.close();
        continue;
      }
      if (!isIdempotent && idleMs > this.#plane.settings.upstream.freshMs) {
        idle.push(last); // good enough for a request that may be repeated
        break;
      }
      return last;
    }
    return new UpstreamConnection(this.#plane, instance);
  }

  /** A fresh connection, whatever is idle. */
  dial(instance: CompiledInstance): UpstreamConnection {
    return new UpstreamConnection(this.#plane, instance);
  }

  /** Takes a connection back whose exchange is over; one too many, or to where no instance is any more, is closed. */
  giveBack(connection: UpstreamConnection): void {
    const { slot, routed } = connection.instance.state;
    const idle = this.#idle[slot] ?? [];
    const isTooMany = idle.length >= this.#plane.settings.upstream.idleConnections;
    if (isTooMany || routed === null || routed.entry.address !== connection.address) {
      connection.close();
      return;
    }
    this.#idle[slot] = idle;
    idle.push(connection);
  }

  /** An idle connection has closed or timed out. */
  forget(connection: UpstreamConnection): void {
    const idle = this.#idle[connection.instance.state.slot];
    const index = idle === undefined ? -1 : idle.indexOf(connection);
    if (index >= 0) idle?.splice(index, 1);
  }

  /** Closes what is idle for instances of which `isGone` says so; a new table calls it. */
  closeWhere(isGone: (connection: UpstreamConnection) => boolean): void {
    for (const idle of this.#idle) {
      if (idle === undefined) continue;
      for (const connection of idle.filter(isGone)) {
        this.forget(connection);
        connection.close();
      }
    }
  }
}
