// hot: bench/cases.ts
// One request and its response: what holds the claim, the upstream connection and the one deadline, and what to do when
// either side fails. The object is used again; its two relays move the bytes.
//
//   queued ──place──▶ sending ──head──▶ answering ──both done──▶ over
//      │                │ └─fails─▶ sending again (failure-policy.ts)
//      └──own answer────┴──101──▶ tunnel
//
// long: every way out of an exchange gives back the same private claim, connection and deadline, exactly once.

import type { Socket } from "node:net";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { writeResponseHead } from "../http1/write-response-head.ts";
import type { CompiledApplication, CompiledInstance } from "../routing/compiled.ts";
import { AFFINITY_FAILED_OVER, AFFINITY_MOVED, BUSY, Decision, FORWARD } from "../routing/decision.ts";
import type { ApplicationEntry } from "../routing/table.ts";
import type { Cause } from "./causes.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { DataPlane } from "./data-plane.ts";
import type { UpstreamFailure } from "./failure-policy.ts";
import { afterFailure } from "./failure-policy.ts";
import { statusOfOutcome } from "./own-answers.ts";
import { RequestFacts } from "./request-facts.ts";
import { RequestRelay } from "./request-relay.ts";
import { ResponseRelay } from "./response-relay.ts";
import { Timed } from "./timer-wheel.ts";
import { Tunnel } from "./tunnel.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

/** What the deadline waits for. */
const NOTHING = 0;
const PLACE = 1;
const CONNECT = 2;
const CLIENT_BODY = 3;
const FIRST_BYTE = 4;
const UPSTREAM_BYTES = 5;
const CLIENT_READS = 6;

const ATTEMPTS_MAX = 4;
const NO_INSTANCES: readonly CompiledInstance[] = [];

/** One request with its response; used again for the next one of its connection. */
export class Exchange extends Timed {
  readonly plane: DataPlane;
  readonly decision: Decision = new Decision();
  readonly facts: RequestFacts = new RequestFacts();
  readonly request: RequestRelay;
  readonly response: ResponseRelay;
  client: ClientConnection;
  upstream: UpstreamConnection | null = null;
  clientMinor = 1;
  isUpgrade = false;
  /** The answer waits until all workers know what it says of the session (SPEC A5). */
  isHeld = false;
  startMs = 0;
  /** When the final response head came, 0 before. */
  headMs = 0;
  attempts = 0;
  #waitsFor = NOTHING;
  #claimed: CompiledInstance | null = null;
  #tried: readonly CompiledInstance[] = NO_INSTANCES;
  #clientPersists = true;
  #isOver = true;
  #held: Buffer[] = [];
  #isHeldWhole = false;
  /** The claim is the tunnel's from now on. */
  #isTunnel = false;

  constructor(plane: DataPlane, client: ClientConnection) {
    super();
    this.plane = plane;
    this.client = client;
    this.request = new RequestRelay(this);
    this.response = new ResponseRelay(this);
  }

  get clientSocket(): Socket {
    return this.client.socket;
  }

  get upstreamSocket(): Socket | null {
    return this.upstream === null ? null : this.upstream.socket;
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
    return this.#claimed;
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
    if (decision.outcome === FORWARD) this.#claim();
    plane.prepareAdditions(this);
    const next = request.begin(head, bytes, bodyStart, end);
    if (next < 0) return end; // answered already
    if (decision.outcome === FORWARD)
      this.#send(plane.pools.take(decision.instance as CompiledInstance, request.isIdempotent));
    else this.#queue();
    return next;
  }

  #reset(client: ClientConnection, head: RequestHead): void {
    this.client = client;
    this.#isOver = false;
    this.startMs = this.plane.nowMs;
    this.headMs = 0;
    this.attempts = 0;
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

  #queue(): void {
    const traffic = this.#traffic();
    if (!this.plane.queues.add(this, traffic.queueLimit)) {
      this.answer(503, "queue-full");
      return;
    }
    this.#wait(PLACE, traffic.queueMs);
  }

  /** A place may have become free. True when the exchange has left the queue. */
  leaveQueue(): boolean {
    if (this.#isOver) return true;
    this.plane.router.decideAgain(this.decision, this.#tried);
    if (this.decision.outcome === BUSY) return false;
    this.#goOn();
    return true;
  }

  /** Sends to the instance that was chosen again, or answers that there is none. */
  #goOn(): void {
    const { decision, plane, request } = this;
    if (decision.outcome !== FORWARD) {
      this.answer(statusOfOutcome(decision.outcome), "unavailable");
      return;
    }
    this.#claim();
    const movedNow = decision.affinity === AFFINITY_FAILED_OVER || decision.affinity === AFFINITY_MOVED;
    request.rewind(movedNow && this.attempts > 0);
    this.#send(plane.pools.take(decision.instance as CompiledInstance, request.isIdempotent));
  }

  #claim(): void {
    this.#claimed = this.decision.instance;
  }

  #release(): void {
    const claimed = this.#claimed;
    if (claimed === null) return;
    this.#claimed = null;
    if (this.#isTunnel) this.#isTunnel = false;
    else this.plane.release(claimed);
  }

  #traffic(): ApplicationEntry["traffic"] {
    return (this.decision.application as CompiledApplication).entry.traffic;
  }

  #send(upstream: UpstreamConnection): void {
    this.attempts += 1;
    this.upstream = upstream;
    upstream.exchange = this;
    if (upstream.isOpen) this.upstreamOpened();
    else this.#wait(CONNECT, this.#traffic().connectMs);
  }

  /** The connection is open: what is there of the request goes out. */
  upstreamOpened(): void {
    const goesOn = this.request.flush(this.upstream as UpstreamConnection);
    if (this.request.isDone) {
      this.#wait(FIRST_BYTE, this.#traffic().firstByteMs);
      return;
    }
    this.#wait(CLIENT_BODY, this.plane.settings.client.stallMs);
    if (goesOn) this.client.startReading();
  }

  /** The request's body is whole. */
  requestDone(): void {
    const { upstream } = this;
    if (upstream === null || !upstream.isOpen || this.response.isCommitted) return;
    this.#wait(FIRST_BYTE, this.#traffic().firstByteMs);
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

  /** The final response head came. `mustReplicate`: hold the answer until every worker knows what it says. */
  headReceived(mustReplicate: boolean): void {
    this.headMs = this.plane.nowMs;
    this.bytesMoved();
    if (!mustReplicate) return;
    const { startMs } = this;
    const client = this.client;
    this.isHeld = this.plane.replicate(() => {
      // Meanwhile the client may have gone and this object may carry another request.
      if (this.startMs === startMs && this.client === client) this.#letGo();
    });
  }

  /** The response is a stream of events; it counts as one of the instance's long connections. */
  streamBegan(): void {
    this.plane.streams.add(this);
    if (this.#claimed !== null) this.#claimed.state.streams += 1;
  }

  /** Bytes of the response's body came. */
  bytesMoved(): void {
    const traffic = this.#traffic();
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

  /** Keeps an answer that has to wait; false, since the upstream waits as well. */
  hold(bytes: Buffer, isWhole: boolean): boolean {
    this.#held.push(bytes);
    this.#isHeldWhole = isWhole;
    return false;
  }

  #letGo(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.client.socket.write(bytes);
    if (this.#isHeldWhole) this.responseDone();
    else this.upstream?.startReading();
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
    this.#over(
      response.status,
      response.wasEnded ? "mode-closed" : "done",
      !response.closes && this.request.isDone,
    );
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
    this.#failed(failure, upstream.uses > 0, error?.message ?? failure);
  }

  /** What the upstream sends is no response, or none came in time. */
  upstreamFailed(failure: UpstreamFailure): void {
    const wasReused = (this.upstream?.uses ?? 0) > 0;
    this.#dropUpstream();
    this.#failed(failure, wasReused, failure);
  }

  #failed(failure: UpstreamFailure, wasReused: boolean, cause: string): void {
    const { plane, request, decision } = this;
    const instance = this.#claimed as CompiledInstance;
    const traffic = plane.traffic.of(instance);
    if (failure === "connect") traffic.connectFailures += 1;
    if (failure === "connect" || decision.isTrial) plane.router.failed(decision, cause);
    const verdict = afterFailure({
      failure,
      wasReused: wasReused && !this.response.hasBegun, // once it answers, no idle close has crossed the request
      nothingSent: request.nothingSent,
      isIdempotent: request.isIdempotent,
      isReplayable: request.isReplayable && !this.response.hasBegun,
      attempts: this.attempts,
      attemptsMax: ATTEMPTS_MAX,
      clientMayRetry: this.client.requests > 1,
    });
    switch (verdict) {
      case "same-instance":
        traffic.retries += 1;
        request.rewind(false);
        this.#send(plane.pools.dial(instance));
        return;
      case "other-instance":
        traffic.retries += 1;
        this.#tried = [...this.#tried, instance];
        this.#release();
        plane.router.decideAgain(decision, this.#tried);
        this.#goOnOrAnswer(failure);
        return;
      case "mirror-close":
        this.client.close();
        this.#over(0, "mirror-close", false);
        return;
      default:
        this.#answerFailure(failure);
    }
  }

  #goOnOrAnswer(failure: UpstreamFailure): void {
    if (this.decision.outcome === FORWARD) this.#goOn();
    else if (this.decision.outcome === BUSY) this.#queue();
    else this.#answerFailure(failure);
  }

  #answerFailure(failure: UpstreamFailure): void {
    if (failure === "connect") this.answer(503, "upstream-connect");
    else if (failure === "silent") this.answer(504, "upstream-timeout");
    else this.answer(502, failure === "malformed" ? "upstream-malformed" : "upstream-closed");
  }

  /** Answers with the router's own words. */
  answer(status: number, cause: Cause): void {
    const { client, plane } = this;
    const closes = this.mustClose();
    client.socket.write(plane.answers.answer(this, status, closes));
    this.#over(status, cause, !closes);
  }

  /** The client has closed its side before the answer was there. */
  clientEnded(): void {
    const isPointless = !this.request.isDone || (this.request.isIdempotent && !this.response.isCommitted);
    if (isPointless) this.client.close();
    if (isPointless) this.clientClosed();
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

  /** A 101 came: both connections become a tunnel, which keeps the claim. */
  becomeTunnel(head: ResponseHead, bytes: Buffer, bodyStart: number, end: number): void {
    const { plane, client, upstream } = this;
    const claimed = this.#claimed as CompiledInstance;
    plane.router.succeeded(this.decision);
    plane.router.readResponse(this.decision, head, plane.edits);
    const out = plane.output.room(head.end - head.start + 8192);
    plane.output.send(client.socket, out, writeResponseHead(out, 0, head, plane.edits, plane.switchForm));
    this.#isTunnel = true;
    this.upstream = null;
    upstream?.leaveToTunnel();
    const early = client.becomeTunnel();
    const tunnel = new Tunnel(plane, {
      client,
      upstream: upstream as UpstreamConnection,
      instance: claimed,
      isWebSocket: this.facts.isWebSocket,
      idleMs: this.#traffic().tunnelIdleMs,
    });
    tunnel.open(early, bytes.subarray(bodyStart, end));
    this.#over(head.status, "done", false);
  }

  /** Ends an event stream between two events, for a mode change. */
  endEventStream(): void {
    this.response.endEventStream();
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

  /** Counts, gives everything back and lets the client go on. */
  #over(status: number, cause: Cause, isKept: boolean): void {
    if (this.#isOver) return;
    const { client, plane } = this;
    this.#isOver = true;
    plane.wheel.clear(this);
    plane.record(this, status, cause);
    if (plane.streams.delete(this) && this.#claimed !== null) this.#claimed.state.streams -= 1;
    if (plane.queues.length > 0) plane.queues.remove(this);
    this.#release();
    this.isHeld = false;
    this.#isHeldWhole = false;
    if (this.#held.length > 0) this.#held = []; // nobody else may ever get them
    this.#tried = NO_INSTANCES;
    this.#waitsFor = NOTHING;
    this.request.recycle();
    this.response.recycle();
    plane.recycle(this);
    client.exchangeDone(isKept);
  }
}

/** Why the router answers by itself with this status, without an instance. */
function causeOf(status: number): Cause {
  if (status === 503) return "unavailable";
  if (status === 404) return "no-route";
  return status < 400 ? "done" : "bad-request";
}
