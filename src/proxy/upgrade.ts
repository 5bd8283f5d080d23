// A 101: the exchange becomes a tunnel, once every worker knows what the head says of its session (SPEC A5).

import type { ResponseHead } from "../http1/response-head.ts";
import { responseHeadRoom, writeResponseHead } from "../http1/write-response-head.ts";
import type { CompiledInstance } from "../routing/compiled.ts";
import type { Exchange } from "./exchange.ts";
import { closeTunnelPolitely } from "./mode-close.ts";
import { Tunnel } from "./tunnel.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

/**
 * Sends the head of a 101 and opens the tunnel, or has both wait. What came early, `bytes[bodyStart, end)`, goes first.
 *
 * @returns false when they wait: nothing more may be read from the upstream meanwhile
 */
export function switchProtocols(
  exchange: Exchange,
  head: ResponseHead,
  bytes: Buffer,
  bodyStart: number,
  end: number,
): boolean {
  const { plane, client, decision, held } = exchange;
  const { router, output, edits, switchForm } = plane;
  router.succeeded(decision);
  router.readResponse(decision, head, edits);
  exchange.headReceived(edits.mustReplicate);
  const out = output.room(responseHeadRoom(head, edits));
  const length = writeResponseHead(out, 0, head, edits, switchForm);
  const early = bytes.subarray(bodyStart, end);
  if (held.isHeld) return held.keepSwitch(Buffer.from(out.subarray(0, length)), Buffer.from(early));
  output.send(client.socket, out, length);
  openTunnel(exchange, early);
  return true;
}

/** Gives both connections to a tunnel; the head of the 101 is on its way. `early` is what the upstream sent behind it. */
export function openTunnel(exchange: Exchange, early: Buffer): void {
  const { plane, client } = exchange;
  const upstream = exchange.upstream as UpstreamConnection; // an exchange without one is over
  upstream.startReading(); // it was stopped while the answer was held
  upstream.leaveToTunnel();
  const earlyOfClient = client.becomeTunnel();
  const tunnel = new Tunnel(plane, {
    client,
    upstream,
    instance: exchange.instance as CompiledInstance,
    isWebSocket: exchange.facts.isWebSocket,
    idleMs: exchange.traffic.tunnelIdleMs,
    session: exchange.session,
  });
  tunnel.open(earlyOfClient, early);
  exchange.becameTunnel();
  closeTunnelPolitely(plane, tunnel);
}
