// hot: bench/cases.ts
// The instances that a request is sent to, one after the other: the claim on the present one, the wait for a place, and
// what follows when one fails (failure-policy.ts decides). Every claim is given back exactly once.

import type { CompiledInstance } from "../routing/compiled.ts";
import { AFFINITY_FAILED_OVER, AFFINITY_MOVED, BUSY, FORWARD } from "../routing/decision.ts";
import type { Exchange } from "./exchange.ts";
import { afterFailure, type UpstreamFailure } from "./failure-policy.ts";
import { statusOfOutcome } from "./own-answers.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

/** Times that one request is sent at most. */
const ATTEMPTS_MAX = 4;
const NO_INSTANCES: readonly CompiledInstance[] = [];

/** The attempts of one exchange; used again with it. */
export class Attempts {
  readonly #exchange: Exchange;
  /** Instances that have failed this request. */
  #tried: readonly CompiledInstance[] = NO_INSTANCES;
  /** The claimed instance; null when none is. */
  instance: CompiledInstance | null = null;
  /** Times that the request was sent. */
  count = 0;
  /** A tunnel has the claim: it stays the exchange's for counting, but is not given back by it. */
  #isTunnels = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Gets ready for another request. */
  reset(): void {
    this.count = 0;
    this.#tried = NO_INSTANCES;
  }

  /** The decision has claimed its instance for this exchange. */
  claim(): void {
    this.instance = this.#exchange.decision.instance;
  }

  /** Gives the claim back, if there is one. */
  release(): void {
    const claimed = this.instance;
    if (claimed === null) return;
    this.instance = null;
    if (!this.#isTunnels) this.#exchange.plane.release(claimed);
    this.#isTunnels = false;
  }

  /** A tunnel takes the claim over, and gives it back when it closes. */
  keepForTunnel(): void {
    this.#isTunnels = true;
  }

  /** Sends to the instance that was decided and claimed, or waits for a place at one. */
  begin(): void {
    const { decision, plane, request } = this.#exchange;
    if (decision.outcome === BUSY) this.#queue();
    else this.#send(plane.pools.take(decision.instance as CompiledInstance, request.isIdempotent));
  }

  /** A place may have become free. True when the request has left the queue. */
  leaveQueue(): boolean {
    const { decision, plane } = this.#exchange;
    plane.router.decideAgain(decision, this.#tried);
    if (decision.outcome === BUSY) return false;
    if (decision.outcome === FORWARD) this.#sendAgain();
    else this.#exchange.answer(statusOfOutcome(decision.outcome), "unavailable");
    return true;
  }

  /** The instance has failed; `cause` is for the mark and the log. */
  failed(failure: UpstreamFailure, wasReused: boolean, cause: string): void {
    const exchange = this.#exchange;
    const { plane, request, response, decision } = exchange;
    const instance = this.instance as CompiledInstance;
    const traffic = plane.traffic.of(instance);
    if (failure === "connect") traffic.connectFailures += 1;
    if (failure === "connect" || decision.isTrial) plane.router.failed(decision, cause);
    const verdict = afterFailure({
      failure,
      wasReused: wasReused && !response.hasBegun, // once it answers, no idle close has crossed the request
      nothingSent: request.nothingSent,
      isIdempotent: request.isIdempotent,
      isReplayable: request.isReplayable && !response.hasBegun,
      attempts: this.count,
      attemptsMax: ATTEMPTS_MAX,
      clientMayRetry: exchange.client.requests > 1,
    });
    if (verdict === "mirror-close") exchange.mirrorClose();
    else if (verdict === "answer") this.#answer(failure);
    else {
      traffic.retries += 1;
      if (verdict === "other-instance") this.#tryAnother(instance, failure);
      else {
        request.rewind(false);
        this.#send(plane.pools.dial(instance));
      }
    }
  }

  #tryAnother(failed: CompiledInstance, failure: UpstreamFailure): void {
    const { decision, plane } = this.#exchange;
    this.#tried = [...this.#tried, failed];
    this.release();
    plane.router.decideAgain(decision, this.#tried);
    if (decision.outcome === FORWARD) this.#sendAgain();
    else if (decision.outcome === BUSY) this.#queue();
    else this.#answer(failure);
  }

  #queue(): void {
    const exchange = this.#exchange;
    if (exchange.plane.queues.add(exchange, exchange.traffic.queueLimit)) exchange.waitForPlace();
    else exchange.answer(503, "queue-full");
  }

  #sendAgain(): void {
    const { decision, plane, request } = this.#exchange;
    this.claim();
    const hasMoved = decision.affinity === AFFINITY_FAILED_OVER || decision.affinity === AFFINITY_MOVED;
    request.rewind(hasMoved && this.count > 0);
    this.#send(plane.pools.take(decision.instance as CompiledInstance, request.isIdempotent));
  }

  #send(upstream: UpstreamConnection): void {
    this.count += 1;
    this.#exchange.sendOver(upstream);
  }

  #answer(failure: UpstreamFailure): void {
    const exchange = this.#exchange;
    if (failure === "connect") exchange.answer(503, "upstream-connect");
    else if (failure === "gone") exchange.answer(503, "instance-gone");
    else if (failure === "silent") exchange.answer(504, "upstream-timeout");
    else exchange.answer(502, failure === "malformed" ? "upstream-malformed" : "upstream-closed");
  }
}
