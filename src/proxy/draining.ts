// How a worker that is about to end lets go of its clients (W77): what is under way finishes, the next response on each
// connection says that it is the last, and connections that stay quiet for a second are closed.

import type { DataPlane } from "./data-plane.ts";

const QUIET_MS = 1000;
const LOOK_MS = 50;

/** Resolves when no connection is left, or after `graceMs`. The plane's `isDraining` is set before. */
export function drain(plane: DataPlane, graceMs: number): Promise<void> {
  const startMs = plane.clock.monotonicMs();
  return new Promise((resolve) => {
    const look = (): void => {
      const sinceMs = plane.clock.monotonicMs() - startMs;
      if (sinceMs >= QUIET_MS) closeQuiet(plane, startMs);
      if (plane.connections.size === 0 || sinceMs >= graceMs) resolve();
      else plane.clock.alarm(LOOK_MS, look);
    };
    look();
  });
}

function closeQuiet(plane: DataPlane, startMs: number): void {
  plane.readClock();
  for (const connection of plane.connections) {
    if (connection.isIdle && connection.usedMs <= Math.max(startMs, plane.nowMs - QUIET_MS))
      connection.close();
  }
}
