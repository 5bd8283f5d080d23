// hot: bench/micro/decide.ts
// `learn`: the router remembers which instance set the session cookie. Nothing in the cookie says so; the session table is all
// there is, and every worker must have an entry before the client can come again (SPEC A5).

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import { COOKIE_SET, hasMoved, type TrackedSession } from "./session-tracker.ts";
import { TIE_INVALID, TIE_KNOWN, type Tie } from "./tie.ts";

/** The plan of applications with `style: learn`. */
export class LearnAffinity implements AffinityPlan {
  readonly isSticky: boolean = true;
  readonly #session: TrackedSession;

  constructor(session: TrackedSession) {
    this.#session = session;
  }

  find(
    head: RequestHead,
    _client: ClientPoint,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void {
    const { tracker, values } = this.#session;
    for (let isFound = values.first(head); isFound; isFound = values.next(head)) {
      if (!tracker.identify(application, head.bytes, values.valueStart, values.valueEnd, tie, decision))
        continue;
      tracker.nameHome(tie, application);
      if (tie.kind === TIE_KNOWN) return;
      tie.kind = TIE_INVALID;
    }
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    const told = this.#session.tracker.readResponse(decision, instance, head, edits);
    if (told === COOKIE_SET || hasMoved(decision)) edits.mustReplicate = true;
  }
}
