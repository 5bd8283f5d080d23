// The worker's side of accepting: takes listening sockets from the keeper, accepts from them, and pauses when this worker
// holds more than its share, so that connections spread over the workers. The keeper's side is accept-shares.ts; what was
// measured and why it is done like this stands in README.md.
//
//   idle ── start() ──▶ asking ── listeners come ──▶ accepting ── above the limit ──▶ asking
//   every state ── close() or the keeper's `stop` ──▶ closed
//
// A pause closes this process's copy of the listening sockets; the keeper holds them open, so nothing is refused: what
// waits in the kernel's queue is taken by another worker, or by this one once the keeper sends the sockets again.

import net from "node:net";
import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { AcceptEnd, ChildProcess } from "./child-process.ts";

/** Length of the kernel's queue of connections that no worker has accepted yet; the system may allow fewer. */
export const ACCEPT_BACKLOG = 4096;

/** How often a worker tells how many connections it holds, when that has changed. */
const TELL_MS = 250;

/** A change that is told at once, lest the others wait for news: this many, or this share of the limit. */
const TELL_STEP = 4;
const TELL_STEP_SHARE = 0.02;

/** Accepting of one worker; see the file's header. */
export interface AcceptSpread {
  /** Asks for the listening sockets; resolves when this worker accepts from all of them for the first time. */
  start(): Promise<void>;
  /** Accepts no more, for good. Connections are not touched. May be called twice. */
  close(): void;
}

/** What accepting needs. */
export interface AcceptSpreadOptions {
  readonly child: ChildProcess;
  readonly clock: Clock;
  /** How many client connections this worker holds now, the one that was given to `onConnection` last included. */
  readonly openConnections: () => number;
  /** Gets each accepted socket, paused (no byte is read), `TCP_NODELAY` set, half-open allowed. */
  readonly onConnection: (socket: net.Socket, listenerIndex: number) => void;
}

/** Prepares accepting; nothing is accepted before `start`. With one worker there is never a pause, nor a message after the start. */
export function openAcceptSpread(options: AcceptSpreadOptions): AcceptSpread {
  return new Spread(options);
}

type SpreadState = "idle" | "asking" | "accepting" | "closed";

class Spread implements AcceptSpread, AcceptEnd {
  readonly #options: AcceptSpreadOptions;
  readonly #listeners: number;
  readonly #servers = new Map<number, net.Server>();
  #state: SpreadState = "idle";
  #limit = Number.POSITIVE_INFINITY;
  #told = 0;
  #cancelTell: CancelAlarm | undefined;
  #onFirst: (() => void) | undefined;

  constructor(options: AcceptSpreadOptions) {
    this.#options = options;
    this.#listeners = options.child.start.settings.router.listeners.length;
    options.child.accepting.attach(this);
  }

  start(): Promise<void> {
    if (this.#state !== "idle") return Promise.resolve();
    this.#ask();
    this.#tellLater();
    if (this.#listeners === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onFirst = resolve;
    });
  }

  close(): void {
    this.#state = "closed";
    this.#cancelTell?.();
    this.#closeServers();
  }

  onStop(): void {
    this.close();
  }

  /** A limit comes with the listeners, and alone when it has changed or the keeper wants news: it is always answered. */
  onLimit(limit: number): void {
    this.#limit = limit;
    if (this.#state !== "closed") this.#tell(this.#options.openConnections());
  }

  onListener(index: number, socket: object): void {
    const old = this.#servers.get(index);
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    server.on("connection", (connection: net.Socket) => this.#accepted(connection, index));
    // Out of descriptors and the like: the kernel keeps the connection in its queue and we try again.
    server.on("error", () => undefined);
    server.listen(socket, ACCEPT_BACKLOG);
    this.#servers.set(index, server);
    old?.close();
    if (this.#state === "closed") this.#closeServers();
    if (this.#state !== "asking" || this.#servers.size < this.#listeners) return;
    this.#state = "accepting";
    this.#onFirst?.();
    this.#onFirst = undefined;
  }

  /** Called inside the runtime's accept loop, which ends when the listening socket is closed here. */
  #accepted(connection: net.Socket, index: number): void {
    this.#options.onConnection(connection, index);
    if (!this.#isShared()) return;
    const open = this.#options.openConnections();
    if (open > this.#limit && this.#state === "accepting") this.#ask();
    else if (open - this.#told >= Math.max(TELL_STEP, this.#limit * TELL_STEP_SHARE)) this.#tell(open);
  }

  #ask(): void {
    this.#closeServers();
    this.#state = "asking";
    this.#told = this.#options.openConnections();
    this.#options.child.accepting.askForListeners(this.#told);
  }

  /** Without other workers there is no limit, and nobody to tell. */
  #isShared(): boolean {
    return this.#limit !== Number.POSITIVE_INFINITY;
  }

  #tell(open: number): void {
    this.#told = open;
    this.#options.child.accepting.tellOpen(open);
  }

  #tellLater(): void {
    this.#cancelTell = this.#options.clock.alarm(TELL_MS, () => {
      const open = this.#options.openConnections();
      if (open !== this.#told && this.#isShared()) this.#tell(open);
      this.#tellLater();
    });
  }

  #closeServers(): void {
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
  }
}
