// An application server that holds sessions in memory, as a program of its own. It answers under /app, says in each answer
// who it is, writes down what it has done, and can close its keep-alive connections at the worst moments.
//
// Its parent forks it with its options as JSON; it answers with its port over the channel, and ends with its parent.

import { createHash, randomUUID } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { seededRandom } from "../../src/base/random.ts";

/** What an application server is started with. */
export interface AppServerOptions {
  readonly name: string;
  /** Its route id, at the end of its session ids; empty for servers that have none. */
  readonly route: string;
  /** 0 for a free one. */
  readonly port: number;
  /** File to which it appends one line for each request with an id: `done ID` or `dropped ID`. */
  readonly journal: string;
  readonly seed: number;
  /** How long it keeps an idle connection; `[least, most]` is drawn anew for each connection. */
  readonly keepAliveMs?: readonly [number, number];
  /** It does not say how long (`Keep-Alive: timeout`), so that nobody can be careful. */
  readonly isSecretive?: boolean;
  /** Share of the requests on a used connection at whose arrival the connection is closed instead, unread. */
  readonly dropsShare?: number;
  /** Share of the responses after which the connection is closed a moment later, without having said so. */
  readonly closesShare?: number;
  /** Share of the responses with `Connection: close`. */
  readonly saysCloseShare?: number;
}

/** The answer to most requests. */
export interface AppAnswer {
  readonly server: string;
  readonly pid: number;
  readonly session: string;
  readonly counter: number;
  readonly isNew: boolean;
  /** Fields that the router adds for the application. */
  readonly failover: string;
}

const COOKIE = "SID";
const BYTES_MAX = 64 * 1024 * 1024;

const options = JSON.parse(process.argv[2] ?? "{}") as AppServerOptions;
const random = seededRandom(options.seed);
const journal = openSync(options.journal, "a");
const sessions = new Map<string, number>();
const held = new Map<string, Set<() => void>>();
const served = new WeakMap<Socket, number>();
const sockets = new WebSocketServer({ noServer: true });
const server = http.createServer((request, response) => serve(request, response));

server.on("connection", (socket: Socket) => {
  const [least, most] = options.keepAliveMs ?? [0, 0];
  if (most > 0) server.keepAliveTimeout = Math.round(least + random.next() * (most - least));
  socket.on("error", () => socket.destroy());
});
if (options.keepAliveMs === undefined) server.keepAliveTimeout = 60_000;
server.on("upgrade", (request, socket, head) => upgrade(request, socket, head));
process.on("disconnect", () => process.exit(0));
server.listen(options.port, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
server.on("error", (error: NodeJS.ErrnoException) => {
  process.send?.({ error: error.message });
  process.exit(1);
});

function isDrawn(share: number | undefined): boolean {
  return share !== undefined && random.next() < share;
}

function note(word: "done" | "dropped", query: URLSearchParams): void {
  const id = query.get("id");
  if (id !== null) writeSync(journal, `${word} ${id}\n`);
}

function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { socket } = request;
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://app");
  const before = served.get(socket) ?? 0;
  served.set(socket, before + 1);
  if (before > 0 && isDrawn(options.dropsShare)) {
    note("dropped", searchParams);
    socket.destroy();
    return;
  }
  if (options.isSecretive === true) response.setHeader("connection", "keep-alive"); // then Node adds no hint
  if (isDrawn(options.saysCloseShare)) response.setHeader("connection", "close");
  if (isDrawn(options.closesShare)) {
    response.on("finish", () => setTimeout(() => closeIdle(socket, before + 1), random.next() * 3));
  }
  answer(request, response, pathname, searchParams);
}

/** Closes a connection on which nothing new has begun: a request may be on its way all the same. */
function closeIdle(socket: Socket, requests: number): void {
  if (served.get(socket) === requests) socket.destroy();
}

function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  path: string,
  query: URLSearchParams,
): void {
  switch (path) {
    case "/app/session":
      request.resume();
      request.on("end", () => {
        note("done", query);
        say(response, visit(request, response));
      });
      break;
    case "/app/logout":
      logout(request, response, query);
      break;
    case "/app/plain":
      say(response, { session: "", counter: 0, isNew: false });
      break;
    case "/app/upload":
      upload(request, response, query);
      break;
    case "/app/download":
      download(response, query);
      break;
    case "/app/slow":
      drip(response, query);
      break;
    case "/app/hold":
      hold(response, query.get("name") ?? "");
      break;
    case "/app/release":
      release(response, query.get("name") ?? "");
      break;
    case "/app/events":
      events(response);
      break;
    case "/app/health":
      say(response, { session: "", counter: 0, isNew: false });
      break;
    default:
      response.writeHead(404).end();
  }
}

/** The session of the request, or a new one. */
function visit(
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Pick<AppAnswer, "session" | "counter" | "isNew"> {
  const asked = sessionIn(request);
  const known = sessions.get(asked);
  const session = known === undefined ? randomUUID() : asked;
  const counter = (known ?? 0) + 1;
  sessions.set(session, counter);
  if (known === undefined) {
    const route = options.route === "" ? "" : `:${options.route}`;
    response.setHeader("set-cookie", `${COOKIE}=${session}${route}; Path=/app; HttpOnly`);
  }
  return { session, counter, isNew: known === undefined };
}

function sessionIn(request: http.IncomingMessage): string {
  const found = /(?:^|; ?)SID=([^;:]*)/.exec(request.headers.cookie ?? "");
  return found?.[1] ?? "";
}

function logout(request: http.IncomingMessage, response: http.ServerResponse, query: URLSearchParams): void {
  const session = sessionIn(request);
  const counter = sessions.get(session) ?? 0;
  sessions.delete(session);
  note("done", query);
  response.setHeader("set-cookie", `${COOKIE}=; Path=/app; Max-Age=0`);
  response.setHeader("session-ended", "1");
  say(response, { session, counter, isNew: false });
}

function say(
  response: http.ServerResponse,
  answer: Pick<AppAnswer, "session" | "counter" | "isNew"> & { readonly digest?: string },
): void {
  const failover = response.req.headers["x-failover"];
  const whole = { server: options.name, pid: process.pid, failover: String(failover ?? ""), ...answer };
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(whole));
}

function upload(request: http.IncomingMessage, response: http.ServerResponse, query: URLSearchParams): void {
  const hash = createHash("sha256");
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    hash.update(chunk);
  });
  request.on("end", () => {
    note("done", query);
    say(response, { session: "", counter: bytes, isNew: false, digest: hash.digest("hex") });
  });
}

/** Bytes of which each says where it stands. */
function download(response: http.ServerResponse, query: URLSearchParams): void {
  const bytes = Math.min(Number(query.get("bytes") ?? 0), BYTES_MAX);
  const body = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 1) body[at] = (at * 31 + (at >>> 8)) & 0xff;
  response.setHeader("x-server", options.name);
  response.setHeader("x-pid", String(process.pid));
  if (query.has("chunked")) {
    response.write(body.subarray(0, bytes >>> 1));
    response.end(body.subarray(bytes >>> 1));
  } else {
    response.setHeader("content-length", String(bytes));
    response.end(body);
  }
}

/** So many lines, one after the other. */
function drip(response: http.ServerResponse, query: URLSearchParams): void {
  const lines = Number(query.get("lines") ?? 5);
  const ms = Number(query.get("ms") ?? 20);
  response.writeHead(200, {
    "content-type": "text/plain",
    "x-server": options.name,
    "x-pid": String(process.pid),
  });
  let line = 0;
  const timer = setInterval(() => {
    line += 1;
    response.write(`${line}\n`);
    if (line >= lines) {
      clearInterval(timer);
      response.end();
    }
  }, ms);
  response.on("close", () => clearInterval(timer));
}

/** Answers when somebody releases the name. */
function hold(response: http.ServerResponse, name: string): void {
  const answerNow = (): void => say(response, { session: "", counter: 0, isNew: false });
  const waiting = held.get(name) ?? new Set();
  held.set(name, waiting.add(answerNow));
  response.on("close", () => waiting.delete(answerNow));
}

/** Releases who is held by the name; answers how many there were. */
function release(response: http.ServerResponse, name: string): void {
  const waiting = held.get(name) ?? new Set();
  const counter = waiting.size;
  if (response.req.method === "POST") {
    for (const answerNow of waiting) answerNow();
    waiting.clear();
  }
  say(response, { session: "", counter, isNew: false });
}

function events(response: http.ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  let number = 0;
  const next = (): void => {
    number += 1;
    response.write(
      `id: ${number}\ndata: ${JSON.stringify({ server: options.name, pid: process.pid, number })}\n\n`,
    );
  };
  next();
  const timer = setInterval(next, 50);
  response.on("close", () => clearInterval(timer));
}

function upgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
  served.set(request.socket, (served.get(request.socket) ?? 0) + 1);
  sockets.handleUpgrade(request, socket, head, (client: WebSocket) => {
    client.on("error", () => client.terminate());
    client.on("message", (data, isBinary) => client.send(data, { binary: isBinary }));
    client.send(JSON.stringify({ server: options.name, pid: process.pid }));
  });
}
