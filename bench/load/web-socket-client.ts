// A WebSocket of the load generator: sends a message, waits for its echo, sends the next.

import { connect, type Socket } from "node:net";
import { clientFrame, FrameReader } from "./frames.ts";
import { handshakeBytes } from "./requests.ts";
import type { Tally } from "./tally.ts";

const received = Buffer.alloc(65_536);

/** What the WebSockets of one run share. */
export interface WebSocketRun {
  readonly port: number;
  readonly payloadBytes: number;
  readonly tally: Tally;
}

/** Works until `stop`. A tunnel that the proxy closes is an error and is not opened again. */
export class WebSocketClient {
  readonly #run: WebSocketRun;
  readonly #message: Buffer;
  readonly #frames = new FrameReader();
  #socket: Socket | undefined;
  #handshake = "";
  #isOpen = false;
  #isStopping = false;
  #isWaiting = false;
  #sentAtMs = 0;
  #onIdle: (() => void) | undefined;

  constructor(run: WebSocketRun) {
    this.#run = run;
    this.#message = clientFrame(Buffer.alloc(run.payloadBytes, "m"));
  }

  start(): void {
    const socket = connect({
      port: this.#run.port,
      host: "127.0.0.1",
      noDelay: true,
      onread: { buffer: received, callback: (count) => this.#received(count) },
    });
    this.#socket = socket;
    this.#isWaiting = true;
    socket.on("connect", () => socket.write(handshakeBytes()));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#closed());
  }

  /** Lets the message under way come back, then closes. */
  stop(onIdle: () => void): void {
    this.#isStopping = true;
    this.#onIdle = onIdle;
    if (!this.#isWaiting) this.#rest();
  }

  abort(): void {
    if (!this.#isWaiting) return;
    this.#run.tally.failed("timeout", "no echo within the time limit");
    this.#rest();
  }

  #received(count: number): boolean {
    if (!this.#isOpen) {
      this.#handshake += received.toString("latin1", 0, count);
      if (this.#handshake.includes("\r\n\r\n")) this.#opened();
      return true;
    }
    for (const payload of this.#frames.read(received.subarray(0, count))) this.#echoed(payload);
    return true;
  }

  #opened(): void {
    if (!this.#handshake.startsWith("HTTP/1.1 101 ")) {
      this.#run.tally.failed("status", `no upgrade: ${this.#handshake.slice(0, 200)}`);
      this.#rest();
      return;
    }
    this.#isOpen = true;
    this.#send();
  }

  #send(): void {
    this.#isWaiting = true;
    this.#sentAtMs = performance.now();
    this.#socket?.write(this.#message);
  }

  #echoed(payload: Buffer): void {
    if (payload.length !== this.#run.payloadBytes)
      this.#run.tally.failed("length", `echo of ${payload.length} bytes`);
    this.#run.tally.answered((performance.now() - this.#sentAtMs) * 1000, payload.length);
    this.#isWaiting = false;
    if (this.#isStopping) this.#rest();
    else this.#send();
  }

  #closed(): void {
    if (this.#socket === undefined) return; // by us
    this.#run.tally.failed("lost", "tunnel closed");
    this.#rest();
  }

  #rest(): void {
    this.#isWaiting = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    const tell = this.#onIdle;
    this.#onIdle = undefined;
    tell?.();
  }
}
