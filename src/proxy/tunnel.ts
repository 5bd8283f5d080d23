// hot: bench/cases.ts
// An upgraded connection: bytes both ways, as they come, until one side ends (RFC 9110 §7.8, SPEC M4).
//
//   open ──one side ends──▶ flushing (what is under way still arrives) ──▶ closed
//    └──mode closes it──▶ closing (WebSocket: close frame 1012 to both at a frame's end, then a short wait) ──▶ closed

import type { Socket } from "node:net";
import type { CompiledInstance } from "../routing/compiled.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { DataPlane } from "./data-plane.ts";
import { SessionUse } from "./session-use.ts";
import type { Reader } from "./socket-reads.ts";
import { handTo } from "./socket-reads.ts";
import { Timed } from "./timer-wheel.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";
import { closeFrame, WebSocketFrames } from "./websocket-frames.ts";

const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;

/** "Service restart": clients connect again, where they take 1000 and 1001 for the end (W64). */
const SERVICE_RESTART = 1012;
/** How long the two sides have to finish after a close frame or a half-close. */
const CLOSE_WAIT_MS = 3000;

/** The two sockets and what the tunnel tells its owner. */
export interface TunnelParts {
  readonly client: ClientConnection;
  readonly upstream: UpstreamConnection;
  readonly instance: CompiledInstance;
  readonly isWebSocket: boolean;
  readonly idleMs: number;
  /** The exchange's, which is about to end. */
  readonly session: SessionUse;
}

/** One tunnel; it owns both sockets and closes them. */
export class Tunnel extends Timed {
  readonly plane: DataPlane;
  readonly instance: CompiledInstance;
  readonly isWebSocket: boolean;
  readonly #client: ClientConnection;
  readonly #session: SessionUse;
  readonly #idleMs: number;
  readonly #toClient: TunnelEnd;
  readonly #toUpstream: TunnelEnd;
  #state = OPEN;

  constructor(plane: DataPlane, parts: TunnelParts) {
    super();
    this.plane = plane;
    this.instance = parts.instance;
    this.isWebSocket = parts.isWebSocket;
    this.#client = parts.client;
    this.#idleMs = parts.idleMs;
    this.#session = new SessionUse(plane);
    this.#session.goOnFrom(parts.session, parts.instance.application);
    this.#toClient = new TunnelEnd(this, { from: parts.upstream.socket, to: parts.client.socket });
    this.#toUpstream = new TunnelEnd(this, { from: parts.client.socket, to: parts.upstream.socket });
  }

  /** Takes both sockets over; sends on what came early on either side. */
  open(fromClient: Buffer, fromUpstream: Buffer): void {
    const { state } = this.instance;
    if (this.isWebSocket) state.webSockets += 1;
    else state.tunnels += 1;
    this.plane.tunnels.add(this);
    this.#client.startReading();
    if (fromUpstream.length > 0) this.#toClient.onRead(fromUpstream.length, fromUpstream);
    if (fromClient.length > 0) this.#toUpstream.onRead(fromClient.length, fromClient);
    this.touched();
    if (this.#client.hasEnded) this.#toUpstream.onEnd(); // it said so before the tunnel was there to hear it
  }

  get isClosing(): boolean {
    return this.#state !== OPEN;
  }

  /** Bytes went through. */
  touched(): void {
    if (this.#state === OPEN) this.plane.wheel.set(this, this.plane.nowMs + this.#idleMs);
  }

  /** Closes politely because of a mode: each side gets its close frame where a frame of the other ends. */
  closePolitely(): void {
    if (this.#state !== OPEN) return;
    this.#state = CLOSING;
    this.plane.wheel.set(this, this.plane.nowMs + CLOSE_WAIT_MS);
    if (!this.isWebSocket) {
      this.#toClient.finish();
      this.#toUpstream.finish();
      return;
    }
    this.#toClient.finishWith(closeFrame(SERVICE_RESTART));
    this.#toUpstream.finishWith(closeFrame(SERVICE_RESTART, this.plane.maskKey()));
  }

  /** One side has sent its last byte: the other gets what is under way, then both close (W72). */
  ended(end: TunnelEnd): void {
    end.to.end();
    if (this.#state === CLOSED) return;
    const other = end === this.#toClient ? this.#toUpstream : this.#toClient;
    if (other.hasEnded) {
      this.close();
      return;
    }
    this.#state = CLOSING;
    this.plane.wheel.set(this, this.plane.nowMs + CLOSE_WAIT_MS);
  }

  override onDeadline(): void {
    if (this.#state === CLOSED) this.destroy();
    else this.close();
  }

  /** Ends both sides, whatever they have not taken yet. */
  destroy(): void {
    this.close();
    this.plane.wheel.remove(this);
    this.#toClient.to.destroy();
    this.#toUpstream.to.destroy();
  }

  /** Ends both sides once they have taken what is under way, which is waited for only so long; twice is the same. */
  close(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.plane.wheel.remove(this);
    this.plane.tunnels.delete(this);
    this.#session.end();
    const { state } = this.instance;
    if (this.isWebSocket) state.webSockets -= 1;
    else state.tunnels -= 1;
    this.#toClient.to.destroySoon();
    this.#toUpstream.to.destroySoon();
    const unsent = this.#toClient.to.writableLength + this.#toUpstream.to.writableLength;
    if (unsent > 0) this.plane.wheel.set(this, this.plane.nowMs + CLOSE_WAIT_MS);
    this.plane.release(this.instance);
    this.#client.tunnelClosed();
  }

  /** The other direction's reading goes on once this socket has taken what it got. */
  drained(socket: Socket): void {
    if (this.#toClient.to === socket) this.#toClient.resume();
    else this.#toUpstream.resume();
  }
}

/** One direction of a tunnel: reads `from`, writes `to`. */
class TunnelEnd implements Reader {
  readonly #tunnel: Tunnel;
  readonly #from: Socket;
  readonly to: Socket;
  readonly #frames: WebSocketFrames | null;
  #isStopped = false;
  /** What ends this direction at the next frame boundary. */
  #last: Buffer | null = null;
  #isFinished = false;
  hasEnded = false;

  constructor(tunnel: Tunnel, sockets: { readonly from: Socket; readonly to: Socket }) {
    this.#tunnel = tunnel;
    this.#from = sockets.from;
    this.to = sockets.to;
    this.#frames = tunnel.isWebSocket ? new WebSocketFrames() : null;
    handTo(sockets.from, this);
  }

  onRead(count: number, bytes: Buffer): boolean {
    if (this.#isFinished) return true; // after our close frame nothing more goes this way
    this.#tunnel.touched();
    const frames = this.#frames;
    const end = frames === null ? count : frames.follow(bytes, 0, count, this.#last !== null);
    const goesOn = end === 0 ? true : this.#tunnel.plane.output.sendCopy(this.to, bytes, 0, end);
    if (this.#last !== null && frames?.isAtBoundary === true) this.#sendLast();
    this.#isStopped = !goesOn;
    return goesOn;
  }

  resume(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#from.resume();
  }

  /** Ends this direction with `last`, now or where the frame under way ends. */
  finishWith(last: Buffer): void {
    this.#last = last;
    if (this.#frames?.isAtBoundary === true) this.#sendLast();
  }

  /** Ends this direction now. */
  finish(): void {
    this.#isFinished = true;
    this.to.end();
  }

  #sendLast(): void {
    if (this.#last === null || this.#isFinished) return;
    this.#isFinished = true;
    this.to.end(this.#last);
  }

  onEnd(): void {
    this.hasEnded = true;
    this.#tunnel.ended(this);
  }

  onDrain(): void {
    this.#tunnel.drained(this.#from);
  }

  onClose(): void {
    this.#tunnel.close();
  }
}
