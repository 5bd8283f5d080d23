// The least that a proxy on `node:http` and undici can do: raw header lists through, bodies piped, both upstreams in turn.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Dispatcher, Pool } from "undici";

const KEEP_ALIVE_MS = 600_000;
const CONNECTIONS = 256;
const NOT_FORWARDED = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "expect"]);

const [port = 0, ...upstreamPorts] = process.argv.slice(2).map(Number);
const pools = upstreamPorts.map(
  (upstream) =>
    new Pool(`http://127.0.0.1:${upstream}`, { connections: CONNECTIONS, keepAliveTimeout: KEEP_ALIVE_MS }),
);
let turn = 0;

function forwarded(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = [rawHeaders[index], rawHeaders[index + 1]];
    if (!NOT_FORWARDED.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined
  );
}

/** Passes undici's callbacks on to the client's response. */
function passOn(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onConnect: () => {},
    onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
      response.writeHead(status, forwarded(rawHeaders.map((bytes) => bytes.toString("latin1"))));
      response.on("drain", resume);
      return true;
    },
    onData: (chunk: Buffer): boolean => response.write(chunk),
    onComplete() {
      response.removeAllListeners("drain");
      response.end();
    },
    onError(error: Error) {
      console.error(error.message);
      if (!response.headersSent) response.writeHead(502);
      response.end();
    },
  };
}

const server = createServer((request, response) => {
  turn = (turn + 1) % pools.length;
  pools[turn]?.dispatch(
    {
      method: (request.method ?? "GET") as Dispatcher.HttpMethod,
      path: request.url ?? "/",
      headers: forwarded(request.rawHeaders),
      body: hasBody(request) ? request : null,
    },
    passOn(response),
  );
});
server.keepAliveTimeout = KEEP_ALIVE_MS;
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
