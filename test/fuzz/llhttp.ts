// The second implementation: Node's own llhttp, through the public server and client of `node:http`.

import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import * as net from "node:net";
import type { Message } from "./our-reader.ts";

/** What llhttp made of a stream. */
export interface Verdict {
  readonly messages: readonly Message[];
  readonly trailers: readonly string[];
  /** Empty, or the code of its error. */
  readonly error: string;
}

/** Collects what one connection brings. */
interface Collected {
  readonly messages: Message[];
  readonly trailers: string[];
  error: string;
}

const COLLECTED = Symbol("collected");
type WatchedSocket = Socket & { [COLLECTED]?: Collected };

/** A server of `node:http` that says which requests it read. */
export class LlhttpServer {
  readonly #server: http.Server;
  readonly #byPort: Map<number, (collected: Collected) => void> = new Map();

  constructor() {
    this.#server = http.createServer(
      { insecureHTTPParser: false, keepAliveTimeout: 60_000 },
      (request, response) => {
        const collected = (request.socket as WatchedSocket)[COLLECTED];
        if (collected === undefined) throw new Error("a request without a connection");
        const started = {
          verb: request.method ?? "",
          target: request.url ?? "",
          version: request.httpVersion,
          fields: request.rawHeaders,
        };
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          collected.messages.push({ ...started, body: Buffer.concat(chunks).toString("latin1") });
          collected.trailers.push(...request.rawTrailers);
          response.end();
        });
        request.on("error", () => {});
      },
    );
    this.#server.on("connection", (socket: WatchedSocket) => {
      const collected: Collected = { messages: [], trailers: [], error: "" };
      socket[COLLECTED] = collected;
      const port = socket.remotePort ?? 0;
      socket.on("close", () => {
        this.#byPort.get(port)?.(collected);
        this.#byPort.delete(port);
      });
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const collected = (socket as WatchedSocket)[COLLECTED];
      if (collected !== undefined) collected.error = error.code ?? "error";
      socket.destroy();
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** Sends a stream, closes our side of the connection, and answers what the server had read when it was over. */
  async read(stream: Buffer): Promise<Verdict> {
    const { port } = this.#server.address() as AddressInfo;
    return await new Promise<Verdict>((resolve, reject) => {
      const socket = net.connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {}); // the server may reset what it refuses
      socket.on("connect", () => {
        this.#byPort.set(socket.localPort ?? 0, resolve);
        socket.resume();
        socket.end(stream);
      });
      socket.setTimeout(20_000, () =>
        reject(new Error(`no end: ${JSON.stringify(stream.toString("latin1"))}`)),
      );
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A client of `node:http` that says which responses it read. */
export class LlhttpClient {
  readonly #streams: Map<string, Buffer> = new Map();
  readonly #server: net.Server;
  #next = 0;

  constructor() {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {}); // the client may leave early
      socket.once("data", (chunk: Buffer) => {
        const path = /^[A-Z]+ (\S+) /.exec(chunk.toString("latin1"))?.[1] ?? "";
        socket.end(this.#streams.get(path) ?? Buffer.alloc(0));
        this.#streams.delete(path);
        socket.resume();
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** Gets a stream as the answer to a request of this method, after which the server closes. */
  async read(stream: Buffer, method: "GET" | "HEAD"): Promise<Verdict> {
    const { port } = this.#server.address() as AddressInfo;
    this.#next += 1;
    const path = `/${this.#next}`;
    this.#streams.set(path, stream);
    return await new Promise<Verdict>((resolve) => {
      const messages: Message[] = [];
      const fail = (error: NodeJS.ErrnoException): void =>
        resolve({ messages, trailers: [], error: error.code ?? error.message });
      const request = http.request({
        port,
        host: "127.0.0.1",
        method,
        path,
        agent: false,
        insecureHTTPParser: false,
      });
      request.on("error", fail);
      request.on("information", (info) => messages.push(interimOf(info)));
      request.on("upgrade", (_response, socket) => {
        socket.destroy();
        resolve({ messages, trailers: [], error: "upgrade" });
      });
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", fail);
        response.on("end", () => {
          messages.push({
            verb: String(response.statusCode),
            target: response.statusMessage ?? "",
            version: response.httpVersion,
            fields: response.rawHeaders,
            body: Buffer.concat(chunks).toString("latin1"),
          });
          resolve({ messages, trailers: response.rawTrailers, error: response.complete ? "" : "incomplete" });
        });
      });
      request.end();
    });
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function interimOf(info: http.InformationEvent): Message {
  return {
    verb: String(info.statusCode),
    target: info.statusMessage,
    version: info.httpVersion,
    fields: info.rawHeaders,
    body: "",
  };
}
