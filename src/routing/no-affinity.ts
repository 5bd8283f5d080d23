// hot: bench/micro/decide.ts
// `none`: every request goes where the balancer says. With a cookie named, sessions are counted all the same, and stay in
// their edition: any of its instances takes their requests.

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import { COOKIE_SET, hasMoved, type TrackedSession } from "./session-tracker.ts";
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
    if (!tracker.identify(application, head.bytes, values.valueStart, values.valueEnd, tie, decision)) return;
    tracker.nameHomeEdition(tie, application);
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    const told = this.#session?.tracker.readResponse(decision, instance, head, edits);
    // Only the table knows its edition: a switch may come before the client's next request.
    if (told === COOKIE_SET || (decision.hasSession && hasMoved(decision))) edits.mustReplicate = true;
  }
}
