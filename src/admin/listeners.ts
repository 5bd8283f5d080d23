// Where the admin API listens: a TCP address and a Unix socket that only its owner may use.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, lstat, rename, unlink } from "node:fs/promises";
import type { Server, ServerResponse } from "node:http";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { fault, refuse } from "../base/fault.ts";
import { ok, type Result } from "../base/result.ts";
import { makeFolder } from "../system/disk.ts";
import { PROBLEM_TYPE, problemOf } from "./problem.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A listening server; `close` ends its connections too, and may be called twice. */
export interface Listener {
  /** `http://host:port` or `unix:/path`. */
  readonly address: string;
  close(): Promise<void>;
}

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 30_000,
} as const;
const CONNECTIONS_MAX = 512;
/** `sun_path` of Linux has 108 bytes with the final 0. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Listens on a TCP address. Faults: `ADDRESS_IN_USE`, `BAD_SETTINGS`. */
export async function listenTcp(
  at: { readonly host: string; readonly port: number },
  handle: Handler,
): Promise<Result<Listener>> {
  const server = newServer(handle);
  const bound = await listening(server, { host: at.host, port: at.port });
  if (bound !== undefined) return cannotListen(`${at.host}:${at.port}`, bound);
  const { address, family, port } = server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  return ok({ address: `http://${host}:${port}`, close: () => closeServer(server) });
}

/**
 * Listens on a Unix socket with mode 0600. A socket that nobody listens on is left over and replaced; one in use is
 * refused. Faults: `ADDRESS_IN_USE`, `BAD_SETTINGS`.
 */
export async function listenUnix(path: string, handle: Handler): Promise<Result<Listener>> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
    return refuse(
      "BAD_SETTINGS",
      `Cannot listen on "${path}": a socket's path has ${SOCKET_PATH_BYTES_MAX} bytes at most`,
      { hint: "Set `admin: socket` in tidegate.yaml to a shorter path" },
    );
  }
  const free = await checkFree(path);
  if (!free.ok) return free;
  await makeFolder(dirname(path));
  const server = newServer(handle);
  // Bound beside its place and moved there only when nobody else can connect any more.
  const temporary = join(dirname(path), `.${randomBytes(2).toString("hex")}`);
  const bound = await listening(server, { path: temporary });
  if (bound !== undefined) return cannotListen(path, bound);
  await chmod(temporary, 0o600);
  await rename(temporary, path);
  const { ino } = await lstat(path);
  return ok({
    address: `unix:${path}`,
    close: async () => {
      await removeOwn(path, ino);
      await closeServer(server);
    },
  });
}

function newServer(handle: Handler): Server {
  const server = createServer(LIMITS, handle);
  server.maxConnections = CONNECTIONS_MAX;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || (socket as Socket).bytesWritten > 0) {
      socket.destroy();
      return;
    }
    const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400;
    const body = JSON.stringify(
      problemOf(fault("BAD_REQUEST", "Cannot read the request: it is not HTTP/1.1"), { status }),
    );
    socket.end(
      `HTTP/1.1 ${status} Bad Request\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  return server;
}

/** Resolves with the error when it cannot listen. */
function listening(server: Server, at: object): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen(at, () => {
      server.off("error", resolve);
      resolve(undefined);
    });
  });
}

function cannotListen(address: string, error: NodeJS.ErrnoException): Result<never> {
  if (error.code === "EADDRINUSE") {
    return refuse("ADDRESS_IN_USE", `Cannot listen on "${address}": another process does`, { cause: error });
  }
  return refuse("BAD_SETTINGS", `Cannot listen on "${address}": ${error.message}`, {
    hint: "Correct `admin` in tidegate.yaml",
    cause: error,
  });
}

async function checkFree(path: string): Promise<Result<void>> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return ok(undefined);
  if (!stats.isSocket()) {
    return refuse("ADDRESS_IN_USE", `Cannot listen on "${path}": a file is there that is no socket`, {
      hint: "Remove the file, or set `admin: socket` to another path",
    });
  }
  const probe = connect(path);
  try {
    await once(probe, "connect");
  } catch {
    return ok(undefined); // refused: whoever made it is gone
  } finally {
    probe.destroy();
  }
  return refuse("ADDRESS_IN_USE", `Cannot listen on "${path}": a running Tidegate does`, {
    hint: "Stop it, or give this one another `data` directory",
  });
}

/** Another process may have put its own socket there meanwhile. */
async function removeOwn(path: string, ino: number): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.ino === ino) await unlink(path).catch(() => undefined);
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
