// One probe of one address, on a connection of its own: an idle kept connection says nothing of a new one.

import net from "node:net";
import { Client } from "undici";
import type { Clock } from "../base/clock.ts";
import type { ProbeOutcome } from "./probe-state.ts";
import type { ProbeTarget } from "./probe-targets.ts";

/** Bytes of a body that are read; a longer one is cut off and counts as read. */
const BODY_BYTES_MAX = 64 * 1024;

/**
 * Probes once. Always answers, at the latest when the probe's time is over; never throws.
 *
 * @param stop - aborts the probe; what it then answers is meaningless
 */
export function probeOnce(target: ProbeTarget, clock: Clock, stop: AbortSignal): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const answer = (outcome: ProbeOutcome): void => {
      cancel();
      stop.removeEventListener("abort", abort);
      over.abort();
      resolve(outcome);
    };
    const abort = (): void => answer({ ok: false, cause: "probing was stopped" });
    const cancel = clock.alarm(target.probe.timeoutMs, () => {
      answer({ ok: false, cause: `no answer within ${target.probe.timeoutMs} ms` });
    });
    if (stop.aborted) return abort();
    stop.addEventListener("abort", abort);
    if (target.probe.kind === "tcp") connect(target.address, over.signal, answer);
    else void get(target.address, target.probe, over.signal).then(answer);
    return undefined;
  });
}

function connect(address: string, over: AbortSignal, answer: (outcome: ProbeOutcome) => void): void {
  const socket = net.connect(socketOptions(address));
  over.addEventListener("abort", () => socket.destroy());
  socket.on("connect", () => answer({ ok: true }));
  socket.on("error", (error) => answer({ ok: false, cause: causeOf(error) }));
}

async function get(
  address: string,
  probe: Extract<ProbeTarget["probe"], { readonly kind: "http" }>,
  over: AbortSignal,
): Promise<ProbeOutcome> {
  const isUnix = address.startsWith("unix:");
  const client = new Client(`http://${isUnix ? "localhost" : address}`, {
    ...(isUnix ? { socketPath: address.slice("unix:".length) } : {}),
    connectTimeout: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    const { statusCode, body } = await client.request({
      method: "GET",
      path: probe.path,
      headers: { "user-agent": "tidegate-probe", accept: "*/*", connection: "close" },
      reset: true,
      signal: over,
    });
    body.on("error", () => {}); // what comes after the verdict does not matter
    if (statusCode < probe.statusMin || statusCode > probe.statusMax) {
      return { ok: false, cause: `status ${statusCode}` };
    }
    let read = 0;
    for await (const chunk of body) {
      read += (chunk as Buffer).length;
      if (read >= BODY_BYTES_MAX) break;
    }
    return { ok: true };
  } catch (error) {
    return { ok: false, cause: causeOf(error) };
  } finally {
    client.destroy().catch(() => {});
  }
}

function socketOptions(address: string): net.NetConnectOpts {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(address.slice(colon + 1)) };
}

/** In words that people know: the code of a system error, else its message. */
function causeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ECONNRESET":
    case "UND_ERR_SOCKET":
      return "connection closed before the answer was complete";
    case "ENOENT":
      return "there is no such socket";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "host name not found";
    default:
      return code ?? message;
  }
}
