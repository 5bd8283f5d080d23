// What a new table does to what is open (SPEC M4, D12). `break`, or an edition that stops, ends tunnels and event streams
// politely, spread over the application's `closeSpread`, so that their clients do not all come back at once; requests in
// flight finish. Of an instance that has left the table requests are interrupted too. `affinity` leaves all alone.

import type { CompiledInstance } from "../routing/compiled.ts";
import { RoutedInstance } from "../routing/routed.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Exchange } from "./exchange.ts";
import type { Tunnel } from "./tunnel.ts";

/** How long an event that is under way has to end when its instance has left the table. */
const LAST_EVENT_MS = 3000;

/** Ends what is open to instances that the current table closes or no longer has. */
export function endClosed(plane: DataPlane): void {
  for (const tunnel of plane.tunnels) closeTunnelPolitely(plane, tunnel);
  for (const stream of plane.streams) endStreamPolitely(plane, stream);
  for (const { exchange } of plane.connections) {
    if (exchange !== null && isGone(exchange.instance) && !plane.streams.has(exchange)) exchange.interrupt();
  }
}

/** The same for one tunnel, which may open only now: its request was sent before the mode. */
export function closeTunnelPolitely(plane: DataPlane, tunnel: Tunnel): void {
  const { instance, isClosing } = tunnel;
  if (isClosed(instance) && !isClosing) later(plane, instance, () => tunnel.closePolitely());
}

/** The same for one event stream. */
export function endStreamPolitely(plane: DataPlane, stream: Exchange): void {
  const { instance } = stream;
  if (instance === null || !isClosed(instance)) return;
  const { startMs } = stream; // an exchange is used again
  const isOpen = (): boolean =>
    stream.startMs === startMs && stream.instance === instance && plane.streams.has(stream);
  later(plane, instance, () => {
    if (isOpen()) stream.response.endEventStream();
    if (!isOpen() || !isGone(instance)) return;
    plane.clock.alarm(LAST_EVENT_MS, () => {
      plane.readClock();
      if (isOpen() && isGone(instance)) stream.interrupt();
    });
  });
}

/** Closed by the table in use now, which may have another object for the instance than the one it was claimed by. */
function isClosed(instance: CompiledInstance): boolean {
  const { routed } = instance.state;
  return routed === null || routed.isClosed;
}

/** In the table no more. What a preview shows goes when users see it, and its requests finish. */
function isGone(instance: CompiledInstance | null): boolean {
  if (instance === null || instance.state.routed !== null) return false;
  return !(instance instanceof RoutedInstance && instance.application.isPreview);
}

function later(plane: DataPlane, instance: CompiledInstance, close: () => void): void {
  const { closeSpreadMs } = instance.application.entry.traffic;
  plane.clock.alarm(plane.random.next() * closeSpreadMs, () => {
    plane.readClock();
    if (isClosed(instance)) close(); // the operator may have opened it again meanwhile
  });
}
