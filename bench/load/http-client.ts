// A keep-alive connection of the load generator: one request at a time, every answer checked.

import { connect, type Socket } from "node:net";
import type { Work } from "./messages.ts";
import { firstVisit, requestBytes } from "./requests.ts";
import { cookiesSet, ResponseReader, Shape } from "./response-reader.ts";
import type { Tally } from "./tally.ts";

const READ_BYTES = 262_144;
const RECONNECT_MS = 20;
const MARK_1 = 0x31;
const MARK_2 = 0x32;

/** All sockets read into the same bytes: what was read is looked at before the next read. */
const received = Buffer.alloc(READ_BYTES);

/** What the connections of one run share. */
export interface HttpRun {
  readonly work: Extract<Work, { readonly kind: "http" }>;
  readonly port: number;
  readonly sticky: boolean;
  readonly connections: number;
  /** As in `LoadOrder`. */
  readonly routes: number;
  readonly tally: Tally;
  readonly shape: Shape;
}

/** Works until `stop`; `onIdle` is called once it then waits for nothing more. */
export class HttpClient {
  readonly #run: HttpRun;
  readonly #reader: ResponseReader;
  readonly #visitReader = new ResponseReader(new Shape());
  /** Where this client's first visit wants to be routed to, such as `?route=s17`. */
  readonly #query: string;
  /** The mark of the upstream that our route leads to; 0 when the first visit decides. */
  readonly #routed: number;
  #socket: Socket | undefined;
  #request: Buffer;
  #sentAtMs = 0;
  #state: "visiting" | "working" | "idle" = "idle";
  #isStopping = false;
  /** First byte of the answers of our session's upstream; 0 while there is no session. */
  #upstream = 0;
  #hasVisited = false;
  #onIdle: (() => void) | undefined;

  constructor(run: HttpRun, index: number) {
    this.#run = run;
    this.#reader = new ResponseReader(run.shape);
    const route = 1 + Math.floor((index * run.routes) / run.connections);
    this.#query = run.routes === 0 ? "" : `?route=s${route}`;
    this.#routed = run.routes === 0 ? 0 : route % 2 === 1 ? MARK_1 : MARK_2;
    this.#request = requestBytes(run.work, { cookies: "", query: "" });
  }

  start(): void {
    const socket = connect({
      port: this.#run.port,
      host: "127.0.0.1",
      noDelay: true,
      onread: { buffer: received, callback: (count) => this.#received(count) },
    });
    this.#socket = socket;
    socket.on("connect", () => this.#connected());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#closed());
  }

  /** Lets the request in flight finish, then closes. */
  stop(onIdle: () => void): void {
    this.#isStopping = true;
    this.#onIdle = onIdle;
    if (this.#state === "idle") this.#rest();
  }

  /** Gives up on a request in flight; counts it as failed. */
  abort(): void {
    if (this.#state === "idle") return;
    this.#run.tally.failed("timeout", "no answer within the time limit");
    this.#rest();
  }

  #connected(): void {
    const needsVisit = this.#run.work.head === "browser" && !this.#hasVisited;
    if (!needsVisit) {
      this.#send();
      return;
    }
    this.#state = "visiting";
    this.#visitReader.next();
    this.#socket?.write(requestBytes(firstVisit(this.#run.work), { cookies: "", query: this.#query }));
  }

  #send(): void {
    this.#state = "working";
    this.#reader.next();
    this.#sentAtMs = performance.now();
    this.#socket?.write(this.#request);
  }

  #received(count: number): boolean {
    if (this.#state === "visiting") this.#visited(count);
    else if (this.#state === "working") this.#answered(count);
    return true;
  }

  #visited(count: number): void {
    const reading = this.#visitReader.read(received, count);
    if (reading === "more") return;
    if (reading !== "whole") {
      this.#bad(reading, this.#visitReader);
      return;
    }
    this.#hasVisited = true;
    this.#upstream = this.#routed === 0 ? this.#visitReader.mark : this.#routed;
    this.#request = requestBytes(this.#run.work, { cookies: cookiesSet(this.#visitReader.head), query: "" });
    this.#next();
  }

  #answered(count: number): void {
    const reading = this.#reader.read(received, count);
    if (reading === "more") return;
    if (reading !== "whole") {
      this.#bad(reading, this.#reader);
      return;
    }
    const { tally, work, sticky } = this.#run;
    if (this.#reader.bodyBytes !== work.responseBytes) {
      this.#bad("bad length", this.#reader);
      return;
    }
    if (sticky && this.#upstream !== 0 && this.#reader.mark !== this.#upstream) {
      tally.failed(
        "affinity",
        `answered by upstream ${String.fromCharCode(this.#reader.mark)}, not by its own`,
      );
      this.#upstream = this.#reader.mark;
    }
    tally.answered((performance.now() - this.#sentAtMs) * 1000, work.responseBytes + work.uploadBytes);
    this.#next();
  }

  #next(): void {
    if (this.#isStopping) this.#rest();
    else this.#send();
  }

  #bad(reading: "bad status" | "bad length", reader: ResponseReader): void {
    const kind = reading === "bad status" ? "status" : "length";
    this.#run.tally.failed(
      kind,
      `${reading}, ${reader.bodyBytes} bytes of body announced: ${reader.head.slice(0, 200)}`,
    );
    this.#state = "idle";
    this.#socket?.destroy(); // opened again on close
  }

  #closed(): void {
    if (this.#state !== "idle") this.#run.tally.failed("lost", `connection closed while ${this.#state}`);
    this.#state = "idle";
    this.#socket = undefined;
    if (this.#isStopping) {
      this.#rest();
      return;
    }
    this.#run.tally.reconnected();
    setTimeout(() => {
      if (!this.#isStopping) this.start();
    }, RECONNECT_MS);
  }

  #rest(): void {
    this.#state = "idle";
    this.#socket?.destroy();
    this.#socket = undefined;
    const tell = this.#onIdle;
    this.#onIdle = undefined;
    tell?.();
  }
}
