// A short-lived process that opens the listening sockets and sends them to the keeper as bare sockets.
//
// The keeper must hold them without accepting from them, and Node has no way to stop a `net.Server` of one's own from
// accepting but to close it. A bare socket that comes over a process channel is listening in the kernel and polled by
// nobody until `net.Server.listen(socket)` is called, which only workers do. The keeper kills this process when it has
// them all; ending by itself would remove the files of Unix sockets.

import { rmSync } from "node:fs";
import net from "node:net";
import { ACCEPT_BACKLOG } from "./accept-spread.ts";

/** What the keeper asks. */
export interface OpenRequest {
  /** `host:port`, `[v6]:port` or `unix:/path`, in order. */
  readonly addresses: readonly string[];
  /** How long an address may stay in use: the children of a killed keeper need a moment to end. */
  readonly patienceMs: number;
}

/** What is answered for each address, in order; the socket comes as the message's handle. */
export type OpenAnswer =
  | { readonly index: number; readonly port: number }
  | { readonly index: number; readonly error: string; readonly message: string };

const RETRY_MS = 50;

/** What the kernel's address structure holds on every system that Node runs on, without its final zero. */
const UNIX_PATH_BYTES_MAX = 103;

const TOO_LONG: NodeJS.ErrnoException = Object.assign(
  new Error(`the path of a Unix socket has at most ${UNIX_PATH_BYTES_MAX} bytes`),
  { code: "ENAMETOOLONG" },
);

process.on("message", (request: OpenRequest) => openAll(request));
process.on("disconnect", () => process.exit(1));

async function openAll(request: OpenRequest): Promise<void> {
  const deadline = performance.now() + request.patienceMs;
  for (const [index, address] of request.addresses.entries()) await open(index, address, deadline);
}

async function open(index: number, address: string, deadline: number): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    // A dead Unix socket takes two tries: one finds and removes it, one opens.
    const isLast = tries > 0 && performance.now() > deadline;
    const server = net.createServer();
    const error = isTooLong(address) ? TOO_LONG : await listen(server, address);
    if (error === undefined) {
      send(index, server);
      return;
    }
    if (error.code === "EADDRINUSE") await removeDeadSocket(address);
    if (error.code !== "EADDRINUSE" || isLast) {
      process.send?.({ index, error: error.code ?? "", message: error.message });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function listen(server: net.Server, address: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen({ ...splitAddress(address), backlog: ACCEPT_BACKLOG }, () => resolve(undefined));
  });
}

function splitAddress(address: string): net.ListenOptions {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { port: Number(address.slice(colon + 1)), ...(host === "" ? {} : { host }) };
}

/** The runtime would cut a longer path off without a word, and listen somewhere else. */
function isTooLong(address: string): boolean {
  return address.startsWith("unix:") && Buffer.byteLength(address) - "unix:".length > UNIX_PATH_BYTES_MAX;
}

/** A Unix socket's file outlives its process: removes it when nobody listens behind it. */
async function removeDeadSocket(address: string): Promise<void> {
  if (!address.startsWith("unix:")) return;
  const path = address.slice("unix:".length);
  const isDead = await new Promise<boolean>((resolve) => {
    const trial = net.connect({ path }, () => {
      trial.destroy();
      resolve(false);
    });
    trial.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
  if (isDead) rmSync(path, { force: true });
}

/** `_handle` is the bare socket; Node's own `cluster` passes the same thing around. */
function send(index: number, server: net.Server): void {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { _handle: socket } = server as unknown as { readonly _handle: net.Server };
  process.send?.({ index, port }, socket);
}
