// hot: bench/cases.ts
// A client's connection: requests come one after the other, each answered before the next is read.
//
//   reading ──whole head──▶ exchanging ──answered, kept──▶ reading
//      │                        │  └──101──▶ tunnelling ──▶ closed
//      │ bad head, timeout      │ answered, not kept
//      └──────────┬─────────────┘
//                 ▼
//             lingering (our side is closed; what still comes is thrown away, so that the answer arrives) ──▶ closed
//
// Requests that come early (pipelining) wait in `pending`, within the limit of a head, with reading stopped.

import type { Socket } from "node:net";
import { isWorthParsing } from "../http1/head-end.ts";
import { parseRequestHead } from "../http1/parse-request.ts";
import type { ForwardedFields } from "../http1/write-request-head.ts";
import type { ClientPoint } from "../routing/decision.ts";
import { BufferLoan } from "./buffer-loan.ts";
import type { DataPlane, OpenListener } from "./data-plane.ts";
import type { Exchange } from "./exchange.ts";
import type { Reader } from "./socket-reads.ts";
import { readFrom } from "./socket-reads.ts";
import { Timed } from "./timer-wheel.ts";

const READING = 0;
const EXCHANGING = 1;
const TUNNELLING = 2;
const LINGERING = 3;
const CLOSED = 4;

/** How long, and for how many bytes, a closed connection is still read (RFC 9112 §9.6). */
const LINGER_MS = 2000;
const LINGER_BYTES_MAX = 33_554_432;

const NO_BYTES = Buffer.alloc(0);

/** One client's connection; it owns the socket and its exchange. */
export class ClientConnection extends Timed implements Reader, ClientPoint {
  readonly plane: DataPlane;
  readonly listener: OpenListener;
  readonly forwarded: ForwardedFields;
  readonly remoteAddress: string;
  readonly socket: Socket;
  readonly loan: BufferLoan;
  clientAddress: string;
  #state = READING;
  #exchange: Exchange | null = null;
  /** Bytes of a head that is not whole yet, or of requests that came early. */
  #pending: Buffer = NO_BYTES;
  #isHeadBegun = false;
  #isConsuming = false;
  #lingered = 0;
  /** Bytes of the last answer that were still to be sent when the lingering time began. */
  #unsent = 0;
  requests = 0;
  /** Reading is stopped until somebody calls `startReading`. */
  isStopped = false;
  /** When its last exchange ended, or it was accepted. */
  usedMs: number;
  /** The client has closed its side; what it asked before is still answered. */
  hasEnded = false;

  constructor(plane: DataPlane, accepted: Socket, listener: OpenListener) {
    super();
    this.plane = plane;
    this.listener = listener;
    this.remoteAddress = accepted.remoteAddress ?? "";
    this.clientAddress = this.remoteAddress;
    this.forwarded = plane.forwarding.fieldsFor(this.remoteAddress, listener);
    this.loan = new BufferLoan(plane.lender);
    this.usedMs = plane.nowMs;
    this.socket = readFrom(accepted, this);
    plane.wheel.set(this, plane.nowMs + plane.settings.client.headMs);
  }

  get virtualHost(): string {
    return this.listener.virtualHost;
  }

  get port(): number {
    return this.listener.port;
  }

  get isPreview(): boolean {
    return this.listener.isPreview;
  }

  get isSecure(): boolean {
    return false;
  }

  /** Nothing is under way: the connection may be closed without harm. */
  get isIdle(): boolean {
    return this.#state === READING && this.#pending.length === 0;
  }

  /** What is under way; null between requests, and once there is a tunnel. */
  get exchange(): Exchange | null {
    return this.#exchange;
  }

  onRead(count: number, bytes: Buffer): boolean {
    this.plane.readClock();
    let goesOn = true;
    if (this.#state === READING) goesOn = this.#readHead(bytes, count);
    else if (this.#state === EXCHANGING) {
      const exchange = this.#exchange as Exchange;
      goesOn = exchange.request.onBytes(bytes, 0, count, this.loan.owns(bytes));
    } else if (this.#state === LINGERING) this.#throwAway(count);
    // The exchange was over with these bytes: what is thrown away is read, not left to the kernel, which would reset (W71).
    if (this.#state === LINGERING) goesOn = true;
    const exchange = this.#exchange;
    const wantsOwnBuffer = exchange?.request.wantsOwnBuffer === true;
    this.loan.settle(wantsOwnBuffer, exchange === null ? null : exchange.upstreamSocket);
    this.isStopped = !goesOn;
    return goesOn;
  }

  onEnd(): void {
    this.hasEnded = true;
    if (this.#state === EXCHANGING) (this.#exchange as Exchange).clientEnded();
    else if (this.#state === LINGERING) this.socket.destroySoon();
    else this.close();
  }

  onDrain(): void {
    if (this.#state === EXCHANGING) (this.#exchange as Exchange).response.clientDrained();
  }

  onClose(): void {
    const wasExchanging = this.#state === EXCHANGING;
    this.#closed();
    if (wasExchanging) (this.#exchange as Exchange).clientClosed();
    this.#exchange = null;
  }

  override onDeadline(): void {
    if (this.#state === LINGERING && this.socket.writableLength < this.#unsent) this.#lingerOn();
    else if (this.#state !== READING || this.#pending.length === 0) this.close();
    else this.refuse(408, "client-timeout");
  }

  startReading(): void {
    if (!this.isStopped) return;
    this.isStopped = false;
    this.socket.resume();
  }

  /** Keeps bytes that came before their time. False when there are enough: reading stops until the exchange is over. */
  keep(bytes: Buffer, start: number, end: number): boolean {
    if (end > start) {
      const fresh = bytes.subarray(start, end);
      this.#pending = this.#pending.length === 0 ? Buffer.from(fresh) : Buffer.concat([this.#pending, fresh]);
    }
    return this.#pending.length <= this.plane.settings.client.headBytes;
  }

  /** The exchange is over. `isKept`: the next request may come. */
  exchangeDone(isKept: boolean): void {
    this.#exchange = null;
    if (this.#state !== EXCHANGING) return;
    if (!isKept) {
      this.linger();
      return;
    }
    this.#state = READING;
    this.usedMs = this.plane.nowMs;
    this.plane.wheel.set(this, this.plane.nowMs + this.plane.settings.client.idleMs);
    if (this.#isConsuming) return;
    if (this.#pending.length > 0) {
      const pending = this.#pending;
      this.#pending = NO_BYTES;
      this.#consume(pending, 0, pending.length);
    }
    if (this.#state !== READING) return;
    if (this.hasEnded) this.linger();
    else this.startReading();
  }

  /** The exchange has become a tunnel, which reads the socket from now on. */
  becomeTunnel(): Buffer {
    this.#state = TUNNELLING;
    this.#exchange = null;
    this.plane.wheel.remove(this);
    const early = this.#pending;
    this.#pending = NO_BYTES;
    return early;
  }

  /** Answers with the router's own words and closes; for requests that never became an exchange. */
  refuse(status: number, cause: "bad-request" | "client-timeout"): void {
    this.requests += 1;
    this.plane.recordRefused(status, cause);
    this.socket.write(this.plane.answers.refusal(status));
    this.linger();
  }

  /** Closes our side and reads on for a while, so that no reset overtakes the answer (W71). */
  linger(): void {
    if (this.#state === LINGERING || this.#state === CLOSED) return;
    this.#state = LINGERING;
    this.#pending = NO_BYTES;
    this.socket.end();
    this.#lingerOn();
    if (this.hasEnded) this.socket.destroySoon();
    else this.startReading();
  }

  /** A client that has not got all yet has the time of a client that does not read; then the lingering time begins. */
  #lingerOn(): void {
    const { plane, socket } = this;
    this.#unsent = socket.writableLength;
    plane.wheel.set(this, plane.nowMs + (this.#unsent > 0 ? plane.settings.client.stallMs : LINGER_MS));
  }

  /** Closes at once. */
  close(): void {
    this.#closed();
    this.socket.destroy();
  }

  /** Closes at once, and ends what is under way; for the end of the worker. */
  abandon(): void {
    const exchange = this.#state === EXCHANGING ? this.#exchange : null;
    this.close();
    exchange?.clientClosed();
  }

  /** Closes so that the client sees a reset: what it got is not the whole (W75). A Unix socket has none to send. */
  reset(): void {
    this.#closed();
    if (this.remoteAddress === "") this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  #closed(): void {
    if (this.#state === CLOSED) return;
    if (this.#state !== TUNNELLING) this.plane.wheel.remove(this);
    this.#state = CLOSED;
    this.#pending = NO_BYTES;
    this.plane.connectionClosed(this);
  }

  /** Called by the tunnel when it is over. */
  tunnelClosed(): void {
    this.#closed();
  }

  #readHead(bytes: Buffer, count: number): boolean {
    if (this.#pending.length === 0) {
      this.#consume(bytes, 0, count);
    } else {
      const seen = this.#pending.length;
      const whole = Buffer.concat([this.#pending, bytes.subarray(0, count)]);
      this.#pending = NO_BYTES;
      const { headBytes } = this.plane.settings.client;
      if (isWorthParsing(whole, 0, seen, whole.length, headBytes)) this.#consume(whole, 0, whole.length);
      else this.#pending = whole;
    }
    return this.#state !== EXCHANGING || this.#pending.length <= this.plane.settings.client.headBytes;
  }

  /** Starts exchanges for as long as there are whole heads and the exchanges end at once (own answers). */
  #consume(bytes: Buffer, start: number, end: number): void {
    let at = start;
    this.#isConsuming = true;
    while (at < end && this.#state === READING) {
      const { requestHead, settings } = this.plane;
      const headEnd = parseRequestHead(requestHead, bytes, at, end, settings.client.headBytes);
      if (headEnd <= 0) {
        if (headEnd < 0) this.refuse(-headEnd, "bad-request");
        else this.#waitForRest(bytes, at, end);
        this.#isConsuming = false;
        return;
      }
      at = this.#begin(bytes, headEnd, end);
    }
    this.#isConsuming = false;
    if (at < end && this.#state === EXCHANGING) this.keep(bytes, at, end);
  }

  #begin(bytes: Buffer, bodyStart: number, end: number): number {
    this.#state = EXCHANGING;
    this.#isHeadBegun = false;
    this.requests += 1;
    this.plane.wheel.clear(this);
    const exchange = this.plane.takeExchange(this);
    this.#exchange = exchange;
    return exchange.begin(this, bytes, bodyStart, end);
  }

  #waitForRest(bytes: Buffer, start: number, end: number): void {
    this.#pending = Buffer.from(bytes.subarray(start, end));
    if (this.#isHeadBegun) return; // the time for a head counts from its first byte
    this.#isHeadBegun = true;
    this.plane.wheel.set(this, this.plane.nowMs + this.plane.settings.client.headMs);
  }

  #throwAway(count: number): void {
    this.#lingered += count;
    if (this.#lingered > LINGER_BYTES_MAX) this.close();
  }
}
