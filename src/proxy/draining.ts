// How a worker that is about to end lets go of its clients (W77): what is under way finishes, the next response on each
// connection says that it is the last, and connections that stay quiet for a second are closed.
//
// Tunnels and event streams would never end by themselves. They are closed politely, a few at a time, so that their
// clients come back one after the other (W64): at once when all of Tidegate stops, for waiting would only make the stop
// longer; near the end of the grace when another worker has taken this one's place, for until then they lose nothing.

import type { DataPlane } from "./data-plane.ts";

const QUIET_MS = 1000;
const LOOK_MS = 50;
/** Before the end of the grace, or half of a short grace: when long connections are closed for a successor's sake. */
const LAST_MS = 5000;
/** All long connections are closed within so much, or a quarter of a short grace. */
const SPREAD_MS = 2500;

/** Resolves when no connection is left, or after `graceMs`. The plane's `isDraining` and `hasSuccessor` are set before. */
export function drain(plane: DataPlane, graceMs: number): Promise<void> {
  const startMs = plane.clock.monotonicMs();
  const closesFromMs = graceMs - Math.min(LAST_MS, graceMs / 2);
  let closedByMs = -1;
  return new Promise((resolve) => {
    const look = (): void => {
      const sinceMs = plane.clock.monotonicMs() - startMs;
      if (sinceMs >= QUIET_MS) closeQuiet(plane, startMs);
      if (!plane.hasSuccessor || sinceMs >= closesFromMs) {
        if (closedByMs < 0) closedByMs = sinceMs + Math.min(SPREAD_MS, graceMs / 4);
        closeSome(plane, closedByMs - sinceMs);
      }
      if (plane.connections.size === 0 || sinceMs >= graceMs) resolve();
      else plane.clock.alarm(LOOK_MS, look);
    };
    look();
  });
}

/** Asks as many long connections to end as it takes to have asked all of them in `leftMs`. */
function closeSome(plane: DataPlane, leftMs: number): void {
  plane.readClock();
  const tunnels = [...plane.tunnels].filter((tunnel) => !tunnel.isClosing);
  const streams = [...plane.streams].filter(({ response }) => !response.isEnding);
  const looks = Math.max(1, Math.floor(leftMs / LOOK_MS));
  let asks = Math.ceil((tunnels.length + streams.length) / looks);
  for (const tunnel of tunnels.slice(0, asks)) tunnel.closePolitely();
  asks = Math.max(0, asks - tunnels.length);
  for (const stream of streams.slice(0, asks)) stream.response.endEventStream();
}

function closeQuiet(plane: DataPlane, startMs: number): void {
  plane.readClock();
  for (const connection of plane.connections) {
    if (connection.isIdle && connection.usedMs <= Math.max(startMs, plane.nowMs - QUIET_MS))
      connection.close();
  }
}
