// What a mode change does to long connections (SPEC M4): `break` ends tunnels and event streams politely, spread over the
// application's `closeSpread`, so that their clients do not all come back at once. `affinity` leaves them alone.

import type { CompiledInstance } from "../routing/compiled.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Exchange } from "./exchange.ts";
import type { Tunnel } from "./tunnel.ts";

/** Ends what is open to instances that the current table closes or no longer has. */
export function closePolitely(plane: DataPlane): void {
  for (const tunnel of plane.tunnels) closeTunnelPolitely(plane, tunnel);
  for (const stream of plane.streams) endStreamPolitely(plane, stream);
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
  later(plane, instance, () => {
    if (stream.instance === instance && plane.streams.has(stream)) stream.response.endEventStream();
  });
}

/** Closed by the table in use now, which may have another object for the instance than the one it was claimed by. */
function isClosed(instance: CompiledInstance): boolean {
  const { routed } = instance.state;
  return routed === null || routed.isClosed;
}

function later(plane: DataPlane, instance: CompiledInstance, close: () => void): void {
  const { closeSpreadMs } = instance.application.entry.traffic;
  plane.clock.alarm(plane.random.next() * closeSpreadMs, () => {
    plane.readClock();
    if (isClosed(instance)) close(); // the operator may have opened it again meanwhile
  });
}
