// hot: bench/cases.ts
// One connection to an instance: opened by an exchange, idle in the pool between exchanges.
//
//   connecting ──connect──▶ busy ──response complete──▶ idle ──next exchange──▶ busy
//        └──fails──┐          └──close, error, no reuse──┐  └──close, time, surprise bytes──┐
//                  ▼                                     ▼                                 ▼
//                closed                                closed                            closed

import type { Socket } from "node:net";
import type { CompiledInstance } from "../routing/compiled.ts";
import { dialTarget } from "./address.ts";
import { BufferLoan } from "./buffer-loan.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Exchange } from "./exchange.ts";
import type { Reader } from "./socket-reads.ts";
import { dial } from "./socket-reads.ts";
import { Timed } from "./timer-wheel.ts";

/** Idle connections end this long before the instance said that it would close them (W76). */
const IDLE_MARGIN_MS = 1000;

/** A connection to an instance. Its exchange has it alone while it is busy, the pool while it is idle. */
export class UpstreamConnection extends Timed implements Reader {
  readonly plane: DataPlane;
  readonly instance: CompiledInstance;
  readonly address: string;
  readonly socket: Socket;
  /** Who uses it now; null when idle. */
  exchange: Exchange | null = null;
  isOpen = false;
  isClosed = false;
  /** Exchanges that it has carried to their end. */
  uses = 0;
  idleSinceMs = 0;
  idleMsMax: number;
  readonly loan: BufferLoan;
  /** Reading is stopped until somebody calls `startReading`. */
  #isStopped = false;

  constructor(plane: DataPlane, instance: CompiledInstance) {
    super();
    this.plane = plane;
    this.instance = instance;
    this.address = instance.entry.address;
    this.idleMsMax = plane.settings.upstream.idleMs;
    this.loan = new BufferLoan(plane.lender);
    this.socket = dial(dialTarget(this.address), this);
    this.socket.once("connect", () => this.#opened());
  }

  #opened(): void {
    this.plane.readClock();
    this.isOpen = true;
    this.exchange?.upstreamOpened();
  }

  onRead(count: number, bytes: Buffer): boolean {
    this.plane.readClock();
    const exchange = this.exchange;
    if (exchange === null) {
      // Bytes on an idle connection are never a response (W28).
      this.#leaveIdle();
      return true;
    }
    const target = exchange.clientSocket; // the exchange may carry another client's request afterwards
    const { uses } = this;
    let goesOn = exchange.response.onBytes(bytes, count, this.loan.owns(bytes));
    // The exchange was over with these bytes: a client that is behind with them stops nobody's next response.
    if (this.uses !== uses) goesOn = true;
    this.loan.settle(this.exchange === exchange && exchange.response.wantsOwnBuffer, target);
    this.#isStopped = !goesOn;
    return goesOn;
  }

  startReading(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.socket.resume();
  }

  onEnd(): void {
    if (this.exchange === null) this.#leaveIdle();
    else this.exchange.upstreamEnded();
  }

  onDrain(): void {
    this.exchange?.request.upstreamDrained();
  }

  onClose(error: Error | undefined): void {
    this.isClosed = true;
    this.plane.wheel.remove(this);
    const exchange = this.exchange;
    this.exchange = null;
    if (exchange === null) this.plane.pools.forget(this);
    else exchange.upstreamClosed(this, error);
  }

  override onDeadline(): void {
    if (this.exchange === null) this.#leaveIdle();
  }

  /** The exchange is over and the connection may carry another one. `hintMs` is the instance's `Keep-Alive: timeout`. */
  rest(hintMs: number): void {
    this.exchange = null;
    this.uses += 1;
    this.startReading(); // it was stopped while the answer was held
    const nowMs = this.plane.nowMs;
    this.idleSinceMs = nowMs;
    if (hintMs >= 0) {
      this.idleMsMax = Math.min(this.plane.settings.upstream.idleMs, Math.max(0, hintMs - IDLE_MARGIN_MS));
    }
    this.plane.wheel.set(this, nowMs + this.idleMsMax);
    this.plane.pools.giveBack(this);
  }

  /** A tunnel has taken the socket over: the connection belongs to it until it ends. */
  leaveToTunnel(): void {
    this.plane.wheel.remove(this);
  }

  /** Ends the connection at once; nobody is told. */
  close(): void {
    this.exchange = null;
    this.isClosed = true;
    this.plane.wheel.remove(this);
    this.socket.destroy();
  }

  #leaveIdle(): void {
    this.plane.pools.forget(this);
    this.close();
  }
}
