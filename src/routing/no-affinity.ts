// hot: bench/micro/decide.ts
// `none`: every request goes where the balancer says. With a cookie named, sessions are counted all the same.

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import { type IdentityReader, nextSetCookie, type SessionTracker } from "./session-tracker.ts";
import type { SessionValues } from "./session-values.ts";
import type { Tie } from "./tie.ts";

/** The plan of one application with `style: none`. */
export class NoAffinity implements AffinityPlan, IdentityReader {
  readonly isSticky: boolean = false;
  idStart = 0;
  idEnd = 0;
  readonly #tracker: SessionTracker | null;
  readonly #values: SessionValues | null;

  /** Both are null when the application names no session cookie. */
  constructor(tracker: SessionTracker | null, values: SessionValues | null) {
    this.#tracker = tracker;
    this.#values = values;
  }

  find(
    head: RequestHead,
    _client: ClientPoint,
    _application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void {
    const values = this.#values;
    if (values === null || this.#tracker === null || !values.first(head)) return;
    this.#tracker.identify(head.bytes, values.valueStart, values.valueEnd, tie, decision);
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    if (this.#tracker === null) return;
    let isTold = false;
    for (let field = nextSetCookie(head, 0); field >= 0; field = nextSetCookie(head, field + 1)) {
      if (this.#tracker.readSetCookieField(decision, instance, head, field, this, edits) !== 0) isTold = true;
    }
    if (!isTold) this.#tracker.readRest(decision, instance, head, edits);
  }

  readIdentity(_bytes: Uint8Array, start: number, end: number): void {
    this.idStart = start;
    this.idEnd = end;
  }
}
