// hot: bench/cases.ts
// The data plane of one worker: what its connections and exchanges share, and what the worker asks of them all.

import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { RequestHead } from "../http1/request-head.ts";
import { ResponseHead } from "../http1/response-head.ts";
import { RequestAdditions } from "../http1/write-request-head.ts";
import { ResponseForm } from "../http1/write-response-head.ts";
import type { CompiledInstance } from "../routing/compiled.ts";
import {
  AFFINITY_FAILED_OVER,
  AFFINITY_OUTCOMES,
  type RequestRouter,
  ResponseEdits,
} from "../routing/decision.ts";
import type { AffinityOutcome } from "../routing/report.ts";
import type { RouterSettings } from "../settings/process-settings.ts";
import { httpDate } from "../system/dates.ts";
import type { AccessLog } from "./access-log.ts";
import { CAUSES, type Cause } from "./causes.ts";
import { ClientConnection } from "./client-connection.ts";
import { ConnectionLimits } from "./connection-limits.ts";
import { drain } from "./draining.ts";
import { Exchange } from "./exchange.ts";
import { Forwarding } from "./forwarding.ts";
import { endClosed } from "./mode-close.ts";
import { BufferLender, Output } from "./output.ts";
import { OwnAnswers } from "./own-answers.ts";
import { refusalOf } from "./refusals.ts";
import { RequestIds } from "./request-ids.ts";
import { TICK_MS, TimerWheel } from "./timer-wheel.ts";
import { Traffic } from "./traffic.ts";
import type { Tunnel } from "./tunnel.ts";
import { UpstreamPools } from "./upstream-pool.ts";
import { WaitQueues } from "./wait-queue.ts";

/** An open listener, as its connections see it. */
export interface OpenListener {
  readonly name: string;
  readonly virtualHost: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly isPreview: boolean;
}

/** A router that is told the time. */
export interface TimedRouter extends RequestRouter {
  nowMs: number;
  nowSeconds: number;
}

/** What a data plane stands on. */
export interface DataPlaneParts {
  readonly settings: RouterSettings;
  readonly listeners: readonly OpenListener[];
  readonly router: TimedRouter;
  readonly clock: Clock;
  readonly random: Random;
  readonly accessLog: AccessLog;
  /**
   * Calls back when all workers know what was just learned of sessions; it may do so before it returns. Absent with one
   * worker.
   */
  readonly replicate?: (whenKnown: () => void) => void;
}

const EXCHANGES_KEPT = 512;
const OWN_BUFFER_BYTES = 131_072;
const OWN_BUFFERS_KEPT = 32;
const RESPONSE_HEAD_MAX = 65_536;
const MASK_BYTES = 4;

/** The data plane of a worker: takes sockets, tells its counts, and drains. */
export class DataPlane {
  readonly settings: RouterSettings;
  readonly router: TimedRouter;
  readonly clock: Clock;
  readonly random: Random;
  readonly accessLog: AccessLog;
  readonly wheel: TimerWheel;
  readonly output: Output = new Output();
  readonly lender: BufferLender = new BufferLender({ size: OWN_BUFFER_BYTES, keep: OWN_BUFFERS_KEPT });
  readonly pools: UpstreamPools;
  readonly queues: WaitQueues;
  readonly forwarding: Forwarding;
  readonly answers: OwnAnswers;
  readonly traffic: Traffic = new Traffic();
  readonly limits: ConnectionLimits;
  readonly ids: RequestIds;
  readonly requestHead: RequestHead = new RequestHead();
  readonly responseHead: ResponseHead = new ResponseHead();
  readonly responseHeadMax: number = RESPONSE_HEAD_MAX;
  readonly edits: ResponseEdits = new ResponseEdits();
  readonly additions: RequestAdditions = new RequestAdditions();
  readonly form: ResponseForm = new ResponseForm();
  /** Form of 1xx heads. */
  readonly interimForm: ResponseForm = new ResponseForm();
  /** Form of a 101. */
  readonly switchForm: ResponseForm = new ResponseForm();
  readonly connections: Set<ClientConnection> = new Set();
  readonly tunnels: Set<Tunnel> = new Set();
  readonly streams: Set<Exchange> = new Set();
  /** Exchanges by cause and by affinity outcome, in the order of `CAUSES` and `AFFINITY_OUTCOMES`. */
  readonly #causes: number[] = CAUSES.map(() => 0);
  readonly #affinity: number[] = AFFINITY_OUTCOMES.map(() => 0);
  readonly #listeners: readonly OpenListener[];
  readonly #replicate: ((whenKnown: () => void) => void) | null;
  readonly #spare: Exchange[] = [];
  acceptedConnections = 0;
  /** The process is about to end: responses say `Connection: close`. */
  isDraining = false;
  /** While it drains: another worker serves in its place, so that long connections may stay until near the end. */
  hasSuccessor = false;
  /** Monotonic ms, read once a callback from the network. */
  nowMs: number;
  epochMs: number;
  #dateSecond = 0;
  #dateLine: Uint8Array = new Uint8Array(0);
  #isClosed = false;

  constructor(parts: DataPlaneParts) {
    const { settings, clock } = parts;
    this.settings = settings;
    this.router = parts.router;
    this.clock = clock;
    this.random = parts.random;
    this.accessLog = parts.accessLog;
    this.#listeners = parts.listeners;
    this.#replicate = parts.replicate ?? null;
    this.nowMs = clock.monotonicMs();
    this.epochMs = clock.epochMs();
    this.wheel = new TimerWheel(this.nowMs);
    this.pools = new UpstreamPools(this);
    this.queues = new WaitQueues();
    this.forwarding = new Forwarding(settings);
    this.limits = new ConnectionLimits(settings.client);
    this.ids = new RequestIds({ random: parts.random, settings });
    this.answers = new OwnAnswers(() => this.epochMs);
    this.switchForm.isUpgrade = true;
    this.switchForm.keepsLength = false; // no length in a 1xx (RFC 9110 §8.6)
    this.interimForm.keepsLength = false;
    this.#turn();
  }

  /** Reads the clock; called at the start of whatever the network or a timer wakes. */
  readClock(): void {
    this.nowMs = this.clock.monotonicMs();
    this.router.nowMs = this.nowMs;
  }

  #turn(): void {
    if (this.#isClosed) return;
    this.readClock();
    this.epochMs = this.clock.epochMs();
    this.router.nowSeconds = Math.floor(this.epochMs / 1000);
    this.wheel.turn(this.nowMs);
    this.accessLog.flush();
    this.clock.alarm(TICK_MS, () => this.#turn());
  }

  /** Takes an accepted socket, of which nothing has been read. */
  accept(socket: Socket, listenerIndex: number): void {
    this.readClock();
    this.acceptedConnections += 1;
    if (!this.limits.admit(socket.remoteAddress ?? "")) {
      this.count("refused-connection");
      socket.destroy();
      return;
    }
    this.connections.add(new ClientConnection(this, socket, this.#listeners[listenerIndex] as OpenListener));
  }

  connectionClosed(connection: ClientConnection): void {
    if (this.connections.delete(connection)) this.limits.leave(connection.remoteAddress);
  }

  takeExchange(client: ClientConnection): Exchange {
    return this.#spare.pop() ?? new Exchange(this, client);
  }

  recycle(exchange: Exchange): void {
    if (this.#spare.length < EXCHANGES_KEPT) this.#spare.push(exchange);
  }

  /** Status with which a request is refused before anything is decided, 0 for none. */
  refusalOf(head: RequestHead): number {
    return refusalOf(head, this.settings.via);
  }

  /** What the head writer adds to this request. */
  prepareAdditions(exchange: Exchange): void {
    const { additions, ids } = this;
    additions.requestId = ids.requestId();
    additions.traceparent = ids.traceparent();
    additions.isUpgrade = exchange.isUpgrade;
    additions.isFailover = exchange.decision.affinity === AFFINITY_FAILED_OVER;
  }

  /** Gives a claim back and wakes who waits for the place. */
  release(instance: CompiledInstance): void {
    this.router.release(instance);
    if (this.queues.length > 0) this.queues.wake(instance.application.entry.id);
  }

  /** True when the caller has to wait until `whenKnown` is called; it never is when this returned false. */
  replicate(whenKnown: () => void): boolean {
    if (this.#replicate === null) return false;
    let hasReturned = false;
    let isKnown = false;
    this.#replicate(() => {
      isKnown = true;
      if (hasReturned) whenKnown();
    });
    hasReturned = true;
    return !isKnown;
  }

  /** Counts and logs an exchange that is over. */
  record(exchange: Exchange, status: number, cause: Cause): void {
    const { instance, decision } = exchange;
    const traffic =
      instance === null
        ? this.traffic.unrouted(decision.application?.entry.id ?? "")
        : this.traffic.of(instance);
    traffic.count(status, this.nowMs - exchange.startMs);
    traffic.requestBytes += exchange.facts.requestBytes + exchange.request.bodyBytes;
    traffic.responseBytes += exchange.response.bodyBytes;
    this.count(cause);
    this.#affinity[decision.affinity] = (this.#affinity[decision.affinity] as number) + 1;
    if (!this.accessLog.isOn) return;
    this.accessLog.add({ exchange, traffic, status, cause, nowMs: this.nowMs, epochMs: this.epochMs });
  }

  /** Counts bytes that were no request. */
  recordRefused(status: number, cause: Cause): void {
    this.traffic.unrouted("").count(status, 0);
    this.count(cause);
  }

  count(cause: Cause): void {
    const index = CAUSES.indexOf(cause);
    this.#causes[index] = (this.#causes[index] as number) + 1;
  }

  /** Termination causes and affinity outcomes so far, by name. */
  counts(): {
    readonly causes: Readonly<Record<string, number>>;
    readonly affinity: Readonly<Record<AffinityOutcome, number>>;
  } {
    const causes = Object.fromEntries(CAUSES.map((cause, index) => [cause, this.#causes[index] as number]));
    const affinity = Object.fromEntries(
      AFFINITY_OUTCOMES.map((name, index) => [name, this.#affinity[index] as number]),
    );
    return { causes, affinity: affinity as Record<AffinityOutcome, number> };
  }

  /** The `Date` line, made once a second. */
  dateLine(): Uint8Array {
    const second = Math.floor(this.epochMs / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#dateLine = Buffer.from(`Date: ${httpDate(this.epochMs)}\r\n`, "latin1");
    }
    return this.#dateLine;
  }

  /** A key for masking a frame to a server; unpredictable only as far as RFC 6455 §5.3 asks it of browsers, not of us. */
  maskKey(): Uint8Array {
    return Uint8Array.from({ length: MASK_BYTES }, () => Math.floor(this.random.next() * 256));
  }

  /** A new table is in use: what is open to instances that it closes or has no more is ended, who waits is asked again. */
  tableChanged(): void {
    this.readClock();
    endClosed(this);
    this.pools.closeWhere(
      (connection) => connection.instance.state.routed?.entry.address !== connection.address,
    );
    this.queues.wakeAll();
  }

  /** Lets go gently of what there is; resolves when no connection is left, at the latest after `graceMs`. */
  drain(graceMs: number): Promise<void> {
    this.isDraining = true;
    return drain(this, graceMs);
  }

  /** Ends everything at once. */
  close(): void {
    this.#isClosed = true;
    for (const tunnel of this.tunnels) tunnel.destroy();
    for (const connection of this.connections) connection.abandon();
    this.pools.closeWhere(() => true);
  }
}
