// How a worker that is about to end lets go of its clients (W77): what is under way finishes, the next response on each
// connection says that it is the last, and connections that stay quiet for a second are closed. Tunnels and event streams
// would never end by themselves: near the end of the grace they are closed politely, a few at a time, so that their
// clients come back one after the other, to whoever serves then (W64).

import type { DataPlane } from "./data-plane.ts";
import type { Exchange } from "./exchange.ts";
import type { Tunnel } from "./tunnel.ts";

const QUIET_MS = 1000;
const LOOK_MS = 50;
/** Before the end of the grace, or half of a short grace; in the first half of it long connections are closed. */
const LAST_MS = 5000;

/** Resolves when no connection is left, or after `graceMs`. The plane's `isDraining` is set before. */
export function drain(plane: DataPlane, graceMs: number): Promise<void> {
  const startMs = plane.clock.monotonicMs();
  const lastMs = Math.min(LAST_MS, graceMs / 2);
  const asked = new Set<Tunnel | Exchange>();
  return new Promise((resolve) => {
    const look = (): void => {
      const sinceMs = plane.clock.monotonicMs() - startMs;
      if (sinceMs >= QUIET_MS) closeQuiet(plane, startMs);
      if (sinceMs >= graceMs - lastMs) closeSome(plane, asked, graceMs - lastMs / 2 - sinceMs);
      if (plane.connections.size === 0 || sinceMs >= graceMs) resolve();
      else plane.clock.alarm(LOOK_MS, look);
    };
    look();
  });
}

/** Asks as many long connections to end as it takes to have asked all of them in `leftMs`. */
function closeSome(plane: DataPlane, asked: Set<Tunnel | Exchange>, leftMs: number): void {
  plane.readClock();
  const left = [...plane.tunnels, ...plane.streams].filter((long) => !asked.has(long));
  const looks = Math.max(1, Math.floor(leftMs / LOOK_MS));
  for (const long of left.slice(0, Math.ceil(left.length / looks))) {
    asked.add(long);
    if ("closePolitely" in long) long.closePolitely();
    else long.response.endEventStream();
  }
}

function closeQuiet(plane: DataPlane, startMs: number): void {
  plane.readClock();
  for (const connection of plane.connections) {
    if (connection.isIdle && connection.usedMs <= Math.max(startMs, plane.nowMs - QUIET_MS))
      connection.close();
  }
}
