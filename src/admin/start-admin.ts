// Starts the admin API of a control process.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../base/clock.ts";
import { FaultError, fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { type Result, unwrap } from "../base/result.ts";
import type { Operations } from "../control/operations.ts";
import type { AdminSettings } from "../settings/process-settings.ts";
import { systemClock } from "../system/clock.ts";
import { isLoopback } from "./access.ts";
import { buildApi } from "./build-api.ts";
import { type Listener, listenTcp, listenUnix } from "./listeners.ts";
import { TokensFile } from "./tokens.ts";

/** A running admin API. */
export interface Admin {
  /** `http://host:port` when it listens on TCP, else `unix:/path`. */
  readonly address: string;
  /** Everything that it listens on, in the same form. */
  readonly addresses: readonly string[];
  /** Ends the event streams, then all connections, and removes the Unix socket. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts the admin API on the TCP address and the Unix socket of the settings; either may be empty.
 *
 * Throws a `FaultError`: `BAD_SETTINGS` (also for an address that others can reach without tokens), `FILE_UNREADABLE`
 * for the tokens file, `ADDRESS_IN_USE`. Then nothing listens.
 */
export async function startAdmin(parts: {
  readonly settings: AdminSettings;
  readonly operations: Operations;
  readonly log: Log;
  readonly version: string;
  readonly clock?: Clock;
}): Promise<Admin> {
  const { settings, operations, log, version, clock = systemClock } = parts;
  const tcp = settings.listen === "" ? undefined : splitAddress(settings.listen);
  const tokens =
    settings.tokensFile === "" ? undefined : unwrap(await TokensFile.open(settings.tokensFile, log));
  if (tcp !== undefined && tokens === undefined && !isLoopback(tcp.host)) {
    throw new FaultError(
      fault("BAD_SETTINGS", `Cannot listen on "${settings.listen}" without tokens: others could reach it`, {
        hint: "Set `admin: tokensFile` in tidegate.yaml, or listen on 127.0.0.1",
      }),
    );
  }
  const socketRequests = new WeakSet<IncomingMessage>();
  const api = await buildApi(
    { operations, log, version, clock },
    { tokens, isSocketRequest: (request) => socketRequests.has(request) },
  );
  const fromSocket = (request: IncomingMessage, response: ServerResponse): void => {
    socketRequests.add(request);
    api.routing(request, response);
  };
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    await api.close(); // ends the event streams; what it is asked meanwhile it answers with 503
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  const keep = async (listener: Result<Listener>): Promise<void> => {
    if (!listener.ok) await close();
    listeners.push(unwrap(listener));
  };
  if (settings.socket !== "") await keep(await listenUnix(settings.socket, fromSocket));
  if (tcp !== undefined) await keep(await listenTcp(tcp, api.routing));
  const addresses = listeners.map(({ address }) => address).reverse();
  return { address: addresses[0] ?? "", addresses, close };
}

function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new FaultError(
    fault("BAD_SETTINGS", `Cannot listen on "${address}": it is not an address and a port`, {
      hint: "Set `admin: listen` in tidegate.yaml to something like 127.0.0.1:9700",
    }),
  );
}
