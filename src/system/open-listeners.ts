// The keeper's side of opening the listening sockets once.

import { fork } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Fault } from "../base/fault.ts";
import { fault } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { failed, ok } from "../base/result.ts";
import type { ListenerSettings } from "../settings/process-settings.ts";
import type { OpenAnswer, OpenRequest } from "./listener-opener.ts";

const OPENER = fileURLToPath(new URL("./listener-opener.js", import.meta.url));

/** A socket that listens in the kernel and that this process does not poll. */
export interface ListeningSocket {
  readonly name: string;
  readonly address: string;
  /** The port that was given when the settings say 0; 0 for a Unix socket. */
  readonly port: number;
  /** To be sent to a worker. */
  readonly socket: object;
  /** This process's copy only; the file of a Unix socket goes too. May be called twice. */
  close(): void;
}

/** A bare socket of the runtime. */
interface BareSocket {
  close(): void;
}

/**
 * Opens all listeners, or none: `ADDRESS_IN_USE` or `BAD_SETTINGS`, naming the listener and its address.
 *
 * @param patienceMs - how long an address may stay in use by what is about to end
 */
export function openListeners(
  listeners: readonly ListenerSettings[],
  patienceMs: number,
): Promise<Result<readonly ListeningSocket[]>> {
  if (listeners.length === 0) return Promise.resolve(ok([]));
  const opener = fork(OPENER, { serialization: "advanced", execArgv: [] });
  const sockets: ListeningSocket[] = [];
  return new Promise((resolve) => {
    const end = (result: Result<readonly ListeningSocket[]>) => {
      opener.removeAllListeners();
      opener.on("error", () => undefined);
      opener.kill("SIGKILL");
      if (!result.ok) for (const socket of sockets) socket.close();
      resolve(result);
    };
    opener.on("message", (answer: OpenAnswer, handle) => {
      const listener = listeners[answer.index];
      if (listener === undefined) return;
      if ("error" in answer) return end(failed(cannotOpen(listener, answer)));
      sockets.push(listening(listener, answer.port, handle as unknown as BareSocket));
      if (sockets.length === listeners.length) end(ok(sockets));
    });
    opener.on("error", (cause) => end(failed(cannotStart(cause))));
    opener.on("exit", () => end(failed(cannotStart(undefined))));
    const request: OpenRequest = { addresses: listeners.map((listener) => listener.address), patienceMs };
    opener.send(request);
  });
}

function listening(listener: ListenerSettings, port: number, socket: BareSocket): ListeningSocket {
  let isOpen = true;
  const { name, address } = listener;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    socket.close();
    if (address.startsWith("unix:")) rmSync(address.slice("unix:".length), { force: true });
  };
  return { name, address, port, socket, close };
}

function cannotOpen(
  listener: ListenerSettings,
  answer: { readonly error: string; readonly message: string },
): Fault {
  const what = `Cannot open listener "${listener.name}" on ${listener.address}`;
  switch (answer.error) {
    case "EADDRINUSE":
      return fault("ADDRESS_IN_USE", `${what}: the address is in use`);
    case "EACCES":
      return fault("BAD_SETTINGS", `${what}: permission denied`, {
        hint: "Ports below 1024 need CAP_NET_BIND_SERVICE; for a Unix socket, check its folder's permissions",
      });
    case "EADDRNOTAVAIL":
      return fault("BAD_SETTINGS", `${what}: this machine has no such address`, {
        hint: "Name an address of this machine (`ip addr` lists them), or 0.0.0.0 for all of them",
      });
    default:
      return fault("BAD_SETTINGS", `${what}: ${answer.message}`, { hint: "Correct it in tidegate.yaml" });
  }
}

function cannotStart(cause: unknown): Fault {
  return fault("INTERNAL", "Cannot open the listeners: the process that opens them did not run", { cause });
}
