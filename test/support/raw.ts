// Both ends of the wire for tests: a client that sends exact bytes, and an upstream that a script drives byte by byte.
// Nothing here waits for time: whoever waits, waits for bytes, for the end of a connection, or for a state that both bring.

import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { Test } from "tap";
import {
  type FramingOf,
  type RawMessage,
  readMessage,
  requestFraming,
  responseFraming,
} from "./raw-message.ts";

/** How a connection ended, as seen from this side. */
export type Ending = "open" | "fin" | "reset";

/** One socket: what it received, how it ended, and who waits for that. */
export class RawPeer {
  readonly socket: Socket;
  /** Bytes received and not taken by a reader yet. */
  bytes: Buffer = Buffer.alloc(0);
  /** All bytes received, as a count. */
  received = 0;
  ending: Ending = "open";
  isGone = false;
  /** Received bytes are only counted: for bodies too large to keep. */
  discards = false;
  /** Told of every event, after those who wait here. */
  onEvent: () => void = () => undefined;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.received += bytes.length;
      if (!this.discards) this.bytes = Buffer.concat([this.bytes, bytes]);
      this.wake();
    });
    socket.on("end", () => this.#end("fin"));
    socket.on("error", () => this.#end("reset"));
    socket.on("close", () => {
      this.isGone = true;
      this.wake();
    });
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Sends nothing more; still reads. */
  finish(): void {
    this.socket.end();
  }

  /** Ends both directions with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Waits until `isTrue`; it is asked again after every event of this connection. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Waits for the other side's end. */
  async ended(): Promise<Ending> {
    await this.until(() => this.ending !== "open" || this.isGone);
    return this.ending;
  }

  /** Takes the next whole message; undefined when the connection ends before there is one. */
  async message(framingOf: FramingOf): Promise<RawMessage | undefined> {
    for (;;) {
      const hasEnded = this.ending !== "open";
      const message = readMessage(this.bytes, framingOf, this.ending === "fin");
      if (message !== undefined) {
        this.bytes = this.bytes.subarray(message.raw.length);
        return message;
      }
      if (hasEnded) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Lets everybody who waits look again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
    this.onEvent();
  }

  #end(ending: Ending): void {
    if (this.ending === "open") this.ending = ending;
    this.wake();
  }
}

/** A client of raw bytes. It is destroyed when the test ends. */
export class RawClient extends RawPeer {
  static async open(t: Test, target: number | string): Promise<RawClient> {
    const socket =
      typeof target === "number"
        ? connect({ port: target, host: "127.0.0.1", allowHalfOpen: true })
        : connect({ path: target, allowHalfOpen: true });
    t.teardown(() => socket.destroy());
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return client;
  }

  /** The next final response; interim ones before it are left out. Throws when none comes. */
  async response(method = "GET"): Promise<RawMessage> {
    for (;;) {
      const message = await this.message(responseFraming(method));
      if (message === undefined)
        throw new Error(`No response, but ${this.ending} after ${JSON.stringify(this.text.slice(0, 300))}`);
      if (!/ 1(?!01)\d\d /.test(message.start)) return message;
    }
  }

  /** Sends a whole request and takes its response. */
  ask(request: string, method: string = request.split(" ")[0] ?? "GET"): Promise<RawMessage> {
    this.send(request);
    return this.response(method);
  }
}

/** The status of a response. */
export function statusOf(message: RawMessage): number {
  return Number(message.start.split(" ")[1]);
}

/** A request at the raw upstream: its head is whole, its body perhaps not. */
export interface RawArrival {
  readonly head: string;
  readonly start: string;
  readonly peer: RawPeer;
  /** Which request of its connection it is, from 0. */
  readonly index: number;
  /** The whole request, once it is there; undefined when the connection ends before. */
  whole(): Promise<RawMessage | undefined>;
  /** Answers with these bytes. */
  answer(bytes: string | Uint8Array): void;
}

export type Script = (arrival: RawArrival) => void | Promise<void>;

/** An upstream that answers as its script says. Requests of one connection are scripted one after the other. */
export class RawUpstream {
  readonly server: Server;
  readonly peers: RawPeer[] = [];
  /** Requests whose body has come whole, in the order of their ends. */
  readonly requests: RawMessage[] = [];
  arrivals = 0;
  script: Script;
  #waiting: (() => void)[] = [];

  private constructor(server: Server, script: Script) {
    this.server = server;
    this.script = script;
    server.on("connection", (socket) => void this.#serve(new RawPeer(socket)));
  }

  /** Listens on a free port, on the one given, or on a Unix socket. */
  static async open(t: Test, script: Script, target: number | string = 0): Promise<RawUpstream> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const upstream = new RawUpstream(server, script);
    await new Promise<void>((resolve) => {
      if (typeof target === "number") server.listen(target, "127.0.0.1", resolve);
      else server.listen(target, resolve);
    });
    t.teardown(() => upstream.close());
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.peers.filter((peer) => !peer.isGone).length;
  }

  close(): void {
    this.server.close();
    for (const peer of this.peers) peer.socket.destroy();
  }

  /** Waits until `isTrue`; asked again after every connection, request and event of a connection. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The request with this number, from 0, once it is whole. */
  async request(index: number): Promise<RawMessage> {
    await this.until(() => this.requests.length > index);
    return this.requests[index] as RawMessage;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  async #serve(peer: RawPeer): Promise<void> {
    this.peers.push(peer);
    peer.onEvent = () => this.#wake();
    this.#wake();
    for (let index = 0; ; index += 1) {
      await peer.until(() => peer.ending !== "open" || peer.bytes.indexOf("\r\n\r\n") >= 0);
      const headEnd = peer.bytes.indexOf("\r\n\r\n") + 4;
      if (headEnd < 4) {
        if (peer.ending === "fin") peer.socket.end();
        return;
      }
      this.arrivals += 1;
      this.#wake();
      const head = peer.bytes.toString("latin1", 0, headEnd);
      const whole = peer.message(requestFraming).then((message) => {
        if (message !== undefined) this.requests.push(message);
        this.#wake();
        return message;
      });
      await this.script({
        head,
        start: head.slice(0, head.indexOf("\r\n")),
        peer,
        index,
        whole: () => whole,
        answer: (bytes) => peer.send(bytes),
      });
      if ((await whole) === undefined) {
        if (peer.ending === "fin") peer.socket.end();
        return;
      }
    }
  }
}

/** A whole response with a length. */
export function respond(body: string, fields = "", status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A script that answers every request alike, once it is whole. */
export function always(answer: string): Script {
  return async (arrival) => {
    if ((await arrival.whole()) !== undefined) arrival.answer(answer);
  };
}
