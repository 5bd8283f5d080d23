// hot: bench/micro/decide.ts
// `learn`: the router remembers which instance set the session cookie. Nothing in the cookie says so; the session table is all
// there is, and every worker must have an entry before the client can come again (SPEC A5).

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import { AFFINITY_FAILED_OVER, AFFINITY_MOVED } from "./decision.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import {
  COOKIE_NONE,
  COOKIE_SET,
  type IdentityReader,
  nextSetCookie,
  type SessionTracker,
} from "./session-tracker.ts";
import type { SessionValues } from "./session-values.ts";
import { TIE_INVALID, TIE_KNOWN, type Tie } from "./tie.ts";

/** The plan of one application with `style: learn`. */
export class LearnAffinity implements AffinityPlan, IdentityReader {
  readonly isSticky: boolean = true;
  idStart = 0;
  idEnd = 0;
  readonly #context: AffinityContext;
  readonly #tracker: SessionTracker;
  readonly #values: SessionValues;

  constructor(
    context: AffinityContext,
    parts: { readonly tracker: SessionTracker; readonly values: SessionValues },
  ) {
    this.#context = context;
    this.#tracker = parts.tracker;
    this.#values = parts.values;
  }

  find(
    head: RequestHead,
    _client: ClientPoint,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void {
    const values = this.#values;
    for (let isFound = values.first(head); isFound; isFound = values.next(head)) {
      const { valueStart, valueEnd } = values;
      if (!this.#tracker.identify(head.bytes, valueStart, valueEnd, tie, decision)) continue;
      const home = this.#tracker.home(tie);
      if (home !== null) tie.nameState(home, application, this.#context.nowMs);
      if (tie.kind === TIE_KNOWN) return;
      tie.kind = TIE_INVALID;
    }
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    let isTold = false;
    for (let field = nextSetCookie(head, 0); field >= 0; field = nextSetCookie(head, field + 1)) {
      const told = this.#tracker.readSetCookieField(decision, instance, head, field, this, edits);
      if (told !== COOKIE_NONE) isTold = true;
      if (told === COOKIE_SET) edits.mustReplicate = true;
    }
    if (!isTold) this.#tracker.readRest(decision, instance, head, edits);
    if (decision.affinity === AFFINITY_FAILED_OVER || decision.affinity === AFFINITY_MOVED) {
      edits.mustReplicate = true;
    }
  }

  readIdentity(_bytes: Uint8Array, start: number, end: number): void {
    this.idStart = start;
    this.idEnd = end;
  }
}
