// A router in front of one upstream that records every byte, for the lines of the wire checklist.

import type { Test } from "tap";
import type { RunningPlane } from "../support/data-plane.ts";
import { always, RawClient, RawUpstream, respond, type Script, statusOf } from "../support/raw.ts";
import type { RawMessage } from "../support/raw-message.ts";
import { startShop } from "../support/shop-plane.ts";

const PLAIN = "router: { requestId: false }";

/** The lines that the router adds to a request for this host. */
export function added(host = "a"): string {
  return (
    `X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: ${host}\r\nX-Forwarded-Proto: http\r\n` +
    "X-Forwarded-Port: 8080\r\nVia: 1.1 tidegate\r\n"
  );
}

export interface Site {
  readonly up: RawUpstream;
  readonly running: RunningPlane;
  /** A new connection to the router. */
  client(): Promise<RawClient>;
  /**
   * Sends bytes on a connection of their own. They must be answered with this status and the connection be closed,
   * and not one byte may reach the upstream.
   */
  refuses(bytes: string, status: number, name?: string): Promise<RawMessage>;
  /** Sends one request on a connection of its own and returns, byte for byte, what reached the upstream. */
  forwards(bytes: string, name?: string): Promise<string>;
}

/** Starts the site; its upstream answers `ok` unless a script is given. */
export async function startSite(t: Test, script: Script = always(respond("ok")), more = ""): Promise<Site> {
  const up = await RawUpstream.open(t, script);
  const running = await startShop(t, { addresses: [up.address], settings: PLAIN, traffic: `{ ${more} }` });
  const client = (): Promise<RawClient> => RawClient.open(t, running.port);
  return {
    up,
    running,
    client,
    refuses: async (bytes, status, name = JSON.stringify(bytes.slice(0, 90))) => {
      const before = received(up);
      const connection = await client();
      connection.send(bytes);
      const response = await connection.response();
      t.equal(statusOf(response), status, `${name} is refused`);
      t.match(response.head, "\r\nConnection: close\r\n", "and says that it closes");
      t.equal(await connection.ended(), "fin", "and closes");
      t.equal(received(up), before, "and nothing reaches the upstream");
      connection.socket.destroy();
      return response;
    },
    forwards: async (bytes, name = JSON.stringify(bytes.slice(0, 90))) => {
      const before = up.requests.length;
      const connection = await client();
      connection.send(bytes);
      const response = await connection.response(bytes.split(" ")[0]);
      t.equal(statusOf(response), 200, `${name} is answered`);
      t.equal(up.requests.length, before + 1, "by exactly one request");
      connection.socket.destroy();
      return up.requests[before]?.raw.toString("latin1") ?? "";
    },
  };
}

/** Bytes that the upstream has received in all. */
function received(up: RawUpstream): number {
  return up.peers.reduce((sum, peer) => sum + peer.received, 0);
}
