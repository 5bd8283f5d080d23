// hot: bench/micro/decide.ts
// `none`: every request goes where the balancer says. With a cookie named, sessions are counted all the same.

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import type { TrackedSession } from "./session-tracker.ts";
import type { Tie } from "./tie.ts";

/** The plan of one application with `style: none`. */
export class NoAffinity implements AffinityPlan {
  readonly isSticky: boolean = false;
  /** Null when the application names no session cookie. */
  readonly #session: TrackedSession | null;

  constructor(session: TrackedSession | null) {
    this.#session = session;
  }

  find(
    head: RequestHead,
    _client: ClientPoint,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void {
    if (this.#session === null) return;
    const { tracker, values } = this.#session;
    if (!values.first(head)) return;
    tracker.identify(application, head.bytes, values.valueStart, values.valueEnd, tie, decision);
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    this.#session?.tracker.readResponse(decision, instance, head, edits);
  }
}
