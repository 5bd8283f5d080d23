// hot: bench/cases.ts
// One request and its response, from head to log line: holds the upstream connection and the one deadline, and ends when
// either side does. Used again; its relays move the bytes (request-relay.ts, response-relay.ts), its attempts hold the
// claim and know what to do when an instance fails (attempts.ts).
//
//   queued ──place──▶ sending ──head──▶ answering ──both done──▶ over
//      │                │ └─fails─▶ sending again (failure-policy.ts)
//      └──own answer────┴──101──▶ tunnel

import type { Socket } from "node:net";
import type { RequestHead } from "../http1/request-head.ts";
import type { CompiledApplication, CompiledInstance } from "../routing/compiled.ts";
import { BUSY, Decision, FORWARD } from "../routing/decision.ts";
import type { ApplicationEntry } from "../routing/table.ts";
import { Attempts } from "./attempts.ts";
import type { Cause } from "./causes.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { DataPlane } from "./data-plane.ts";
import type { UpstreamFailure } from "./failure-policy.ts";
import { HeldAnswer } from "./held-answer.ts";
import { endStreamPolitely } from "./mode-close.ts";
import { bodyBytesOf, causeOf, statusOfOutcome } from "./own-answers.ts";
import { RequestFacts } from "./request-facts.ts";
import { RequestRelay } from "./request-relay.ts";
import { ResponseRelay } from "./response-relay.ts";
import { SessionUse } from "./session-use.ts";
import { Timed } from "./timer-wheel.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

/** What the deadline waits for. */
const NOTHING = 0;
const PLACE = 1;
const CONNECT = 2;
const CLIENT_BODY = 3;
const FIRST_BYTE = 4;
const UPSTREAM_BYTES = 5;
const CLIENT_READS = 6;

/** One request with its response; used again for the next one of its connection. */
export class Exchange extends Timed {
  readonly plane: DataPlane;
  readonly decision: Decision = new Decision();
  readonly facts: RequestFacts = new RequestFacts();
  readonly request: RequestRelay;
  readonly response: ResponseRelay;
  readonly attempts: Attempts;
  readonly held: HeldAnswer;
  readonly session: SessionUse;
  client: ClientConnection;
  upstream: UpstreamConnection | null = null;
  clientMinor = 1;
  isUpgrade = false;
  startMs = 0;
  /** When the final response head came, 0 before. */
  headMs = 0;
  #waitsFor = NOTHING;
  #clientPersists = true;
  #isOver = true;

  constructor(plane: DataPlane, client: ClientConnection) {
    super();
    this.plane = plane;
    this.client = client;
    this.request = new RequestRelay(this);
    this.response = new ResponseRelay(this);
    this.attempts = new Attempts(this);
    this.held = new HeldAnswer(this);
    this.session = new SessionUse(plane);
  }

  get clientSocket(): Socket {
    return this.client.socket;
  }

  get upstreamSocket(): Socket | null {
    return this.upstream?.socket ?? null;
  }

  /** The Accept field of the request, for own answers. */
  get accept(): string {
    return this.request.accept() ?? this.facts.acceptNow(this.plane.requestHead);
  }

  get isHead(): boolean {
    return this.facts.isHead;
  }

  get application(): CompiledApplication | null {
    return this.decision.application;
  }

  /** The instance that the request is with. */
  get instance(): CompiledInstance | null {
    return this.attempts.instance;
  }

  /** The application's clocks and limits. */
  get traffic(): ApplicationEntry["traffic"] {
    return (this.decision.application as CompiledApplication).entry.traffic;
  }

  /** Starts with a parsed head; returns the position after the bytes that belong to this request. */
  begin(client: ClientConnection, bytes: Buffer, bodyStart: number, end: number): number {
    const { plane, decision, request } = this;
    const head = plane.requestHead;
    this.#reset(client, head);
    if (client.forwarded.isTrusted)
      client.clientAddress = plane.forwarding.clientOf(head, client.remoteAddress);
    const refusal = plane.refusalOf(head);
    if (refusal !== 0) return this.#refuseEarly(refusal, head, bodyStart, end);
    plane.router.decide(head, client, decision);
    if (decision.outcome !== FORWARD && decision.outcome !== BUSY) {
      return this.#refuseEarly(statusOfOutcome(decision.outcome), head, bodyStart, end);
    }
    if (decision.outcome === FORWARD) this.attempts.claim();
    if (decision.hasSession)
      this.session.begin(this.application as CompiledApplication, decision.sessionHigh, decision.sessionLow);
    plane.prepareAdditions(this);
    const next = request.begin(head, bytes, bodyStart, end);
    if (next < 0) return end; // answered already
    this.attempts.begin();
    return next;
  }

  #reset(client: ClientConnection, head: RequestHead): void {
    this.client = client;
    this.#isOver = false;
    this.startMs = this.plane.nowMs;
    this.headMs = 0;
    this.clientMinor = head.minor;
    this.#clientPersists = head.isPersistent;
    this.isUpgrade = head.upgradeField >= 0 && head.bodyLength === 0;
    this.facts.read(head, this.plane.accessLog.escape);
  }

  /** Answers without an instance. The connection stays when the whole body, if any, is at hand to be skipped. */
  #refuseEarly(status: number, head: RequestHead, bodyStart: number, end: number): number {
    const isAtHand = head.bodyLength >= 0 && head.bodyLength <= end - bodyStart;
    this.request.isDone = isAtHand;
    this.answer(status, causeOf(status));
    return isAtHand ? bodyStart + head.bodyLength : end;
  }

  /** A place may have become free. True when the exchange has left the queue. */
  leaveQueue(): boolean {
    return this.#isOver || this.attempts.leaveQueue();
  }

  waitForPlace(): void {
    this.#wait(PLACE, this.traffic.queueMs);
  }

  /** Sends the request over this connection, as soon as it is open. */
  sendOver(upstream: UpstreamConnection): void {
    this.upstream = upstream;
    upstream.exchange = this;
    if (upstream.isOpen) this.upstreamOpened();
    else this.#wait(CONNECT, this.traffic.connectMs);
  }

  /** The connection is open: what is there of the request goes out. */
  upstreamOpened(): void {
    const goesOn = this.request.flush(this.upstream as UpstreamConnection);
    if (this.request.isDone) {
      this.#wait(FIRST_BYTE, this.traffic.firstByteMs);
      return;
    }
    this.#wait(CLIENT_BODY, this.plane.settings.client.stallMs);
    if (goesOn) this.client.startReading();
  }

  /** The request's body is whole. */
  requestDone(): void {
    if (this.upstream?.isOpen === true && !this.response.isCommitted)
      this.#wait(FIRST_BYTE, this.traffic.firstByteMs);
  }

  /** Bytes of the request's body came. */
  bodyMoved(): void {
    if (this.#waitsFor === CLIENT_BODY) this.#wait(CLIENT_BODY, this.plane.settings.client.stallMs);
  }

  /** The request's body is framed wrongly: it cannot be finished, nor anything after it be read. */
  requestMalformed(): void {
    this.#dropUpstream();
    if (this.response.isCommitted) this.responseCutShort("bad-request");
    else this.answer(400, "bad-request");
  }

  /** The final response head came, or a 101. `mustReplicate`: hold it until every worker knows what it says. */
  headReceived(mustReplicate: boolean): void {
    this.headMs = this.plane.nowMs;
    this.bytesMoved();
    this.session.follow(this.application as CompiledApplication, this.plane.edits);
    if (mustReplicate) this.held.begin();
  }

  /** The response is a stream of events; it counts as one of the instance's long connections. */
  streamBegan(): void {
    this.plane.streams.add(this);
    if (this.instance !== null) this.instance.state.streams += 1;
    endStreamPolitely(this.plane, this);
  }

  /** Bytes of the response's body came. */
  bytesMoved(): void {
    const traffic = this.traffic;
    this.#wait(UPSTREAM_BYTES, this.response.isEventStream ? traffic.tunnelIdleMs : traffic.betweenBytesMs);
  }

  /** The client does not take what we send: the upstream is not read until it does. */
  clientIsBehind(): void {
    this.#wait(CLIENT_READS, this.plane.settings.client.stallMs);
  }

  clientCaughtUp(): void {
    this.bytesMoved();
    this.upstream?.startReading();
  }

  /** Whether the client's connection ends with the response whose head is being written. */
  mustClose(): boolean {
    const { client, plane } = this;
    const { requestsMax } = plane.settings.client;
    const isLast = requestsMax > 0 && client.requests >= requestsMax;
    return !this.#clientPersists || !this.request.isDone || isLast || client.hasEnded || plane.isDraining;
  }

  /** The response is whole and on its way to the client. */
  responseDone(): void {
    const { upstream, response } = this;
    this.upstream = null;
    if (upstream !== null) {
      if (response.isReusable && this.request.isDone && !upstream.isClosed)
        upstream.rest(response.keepAliveMs);
      else upstream.close();
    }
    const cause = response.wasEnded ? "mode-closed" : "done";
    this.#over(response.status, cause, !response.closes && this.request.isDone);
  }

  /** The response broke off: the client must see that it is not whole. */
  responseCutShort(cause: Cause = "upstream-truncated"): void {
    this.#dropUpstream();
    this.client.reset();
    this.#over(this.response.status, cause, false);
  }

  /** The upstream has closed its side. */
  upstreamEnded(): void {
    const { upstream } = this;
    if (upstream === null || this.response.upstreamEnded()) return;
    this.#dropUpstream();
    this.#upstreamGone(upstream, undefined);
  }

  /** The connection is gone. */
  upstreamClosed(upstream: UpstreamConnection, error: Error | undefined): void {
    if (this.upstream !== upstream) return;
    this.upstream = null;
    this.#upstreamGone(upstream, error);
  }

  #upstreamGone(upstream: UpstreamConnection, error: Error | undefined): void {
    if (this.response.isCommitted) {
      this.responseCutShort();
      return;
    }
    const failure = upstream.isOpen ? "closed" : "connect";
    this.attempts.failed(failure, upstream.uses > 0, error?.message ?? failure);
  }

  /** What the upstream sends is no response, or none came in time. */
  upstreamFailed(failure: UpstreamFailure): void {
    const wasReused = (this.upstream?.uses ?? 0) > 0;
    this.#dropUpstream();
    this.attempts.failed(failure, wasReused, failure);
  }

  /**
   * The instance has left the table: its edition is undeployed, or its server removed (SPEC D12). Cut off where the client
   * has some of the answer, else sent to another instance where that is safe, or answered.
   */
  interrupt(): void {
    const { held, response } = this;
    if (held.isWhole) return; // the instance has done its part
    if (response.isCommitted && !held.isHeld) this.responseCutShort("instance-gone");
    else this.upstreamFailed("gone");
  }

  /** Answers with the router's own words. */
  answer(status: number, cause: Cause): void {
    const { client, plane } = this;
    const closes = this.mustClose();
    const bytes = plane.answers.answer(this, status, closes);
    this.response.bodyBytes = bodyBytesOf(bytes);
    client.socket.write(bytes);
    this.#over(status, cause, !closes);
  }

  /** Closes the client's connection without an answer: it repeats by itself (wire checklist, keep-alive race). */
  mirrorClose(): void {
    this.client.close();
    this.#over(0, "mirror-close", false);
  }

  /** The client has closed its side before the answer was there. */
  clientEnded(): void {
    const isPointless = !this.request.isDone || (this.request.isIdempotent && !this.response.isCommitted);
    if (!isPointless) return;
    this.client.close();
    this.clientClosed();
  }

  /** The client's connection is gone. */
  clientClosed(): void {
    if (this.#isOver) return;
    this.#dropUpstream();
    this.#over(this.response.isCommitted ? this.response.status : 499, "client-abort", false);
  }

  override onDeadline(): void {
    switch (this.#waitsFor) {
      case PLACE:
        this.answer(503, "queue-timeout");
        return;
      case CONNECT:
        this.upstreamFailed("connect");
        return;
      case FIRST_BYTE:
        this.upstreamFailed("silent");
        return;
      case CLIENT_BODY:
        this.#bodyStalled();
        return;
      case CLIENT_READS:
        this.responseCutShort("client-timeout");
        return;
      case UPSTREAM_BYTES:
        this.responseCutShort("upstream-timeout");
        return;
      default:
    }
  }

  /** The body has not moved: the client sends nothing, or the upstream takes nothing. */
  #bodyStalled(): void {
    const isUpstreamAtFault = this.client.isStopped;
    if (this.response.isCommitted)
      this.responseCutShort(isUpstreamAtFault ? "upstream-timeout" : "client-timeout");
    else if (isUpstreamAtFault) this.upstreamFailed("silent");
    else {
      this.#dropUpstream();
      this.answer(408, "client-timeout");
    }
  }

  /** A tunnel has taken both connections over, and the claim. */
  becameTunnel(): void {
    this.upstream = null;
    this.attempts.keepForTunnel();
    this.#over(this.response.status, "done", false);
  }

  #wait(waitsFor: number, ms: number): void {
    this.#waitsFor = waitsFor;
    this.plane.wheel.set(this, this.plane.nowMs + ms);
  }

  #dropUpstream(): void {
    const { upstream } = this;
    this.upstream = null;
    upstream?.close();
  }

  /** Counts and logs, gives everything back and lets the client go on. */
  #over(status: number, cause: Cause, isKept: boolean): void {
    if (this.#isOver) return;
    const { client, plane, instance } = this;
    this.#isOver = true;
    plane.wheel.clear(this);
    this.session.end();
    plane.record(this, status, cause);
    if (plane.streams.delete(this) && instance !== null) instance.state.streams -= 1;
    if (plane.queues.length > 0) plane.queues.remove(this);
    this.attempts.release();
    this.attempts.reset();
    this.held.reset();
    this.#waitsFor = NOTHING;
    this.request.recycle();
    this.response.recycle();
    plane.recycle(this);
    client.exchangeDone(isKept);
  }
}
