// hot: bench/micro/decide.ts
// `suffix`: the application server appends route ids to its session id, `0000ABC:s1:s2` (§2.11). They are tried in order.
// The session's identity is what stands between the cache id and the first separator.
//
// When none of the instances named may take the request, the session table is asked: it knows a session that came without
// a route (an application on one server), and the server that took the session over while its cookie names the old one.

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import type { ValueWithRoutes } from "./session-identity.ts";
import type { SessionTracker } from "./session-tracker.ts";
import { COOKIE_SET, hasMoved } from "./session-tracker.ts";
import type { SessionValues } from "./session-values.ts";
import { TIE_INVALID, TIE_KNOWN, type Tie } from "./tie.ts";

/** The plan of applications with `style: suffix`. */
export class SuffixAffinity implements AffinityPlan {
  readonly isSticky: boolean = true;
  readonly #context: AffinityContext;
  readonly #tracker: SessionTracker;
  readonly #values: SessionValues;
  readonly #separator: number;
  readonly #identity: ValueWithRoutes;

  constructor(
    context: AffinityContext,
    parts: {
      readonly tracker: SessionTracker;
      readonly values: SessionValues;
      /** Octet before each route. */
      readonly separator: number;
      readonly identity: ValueWithRoutes;
    },
  ) {
    this.#context = context;
    this.#tracker = parts.tracker;
    this.#values = parts.values;
    this.#separator = parts.separator;
    this.#identity = parts.identity;
  }

  find(
    head: RequestHead,
    _client: ClientPoint,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void {
    const values = this.#values;
    const identity = this.#identity;
    const { bytes } = head;
    for (let isFound = values.first(head); isFound; isFound = values.next(head)) {
      identity.read(bytes, values.valueStart, values.valueEnd);
      if (identity.end === identity.start) continue;
      if (!this.#tracker.identify(application, bytes, identity.start, identity.end, tie, decision)) continue;
      if (identity.hasRoutes) this.#tryRoutes(bytes, identity.end + 1, values.valueEnd, application, tie);
      if (tie.usable === null || application.editions.length > 1) {
        const named = tie.usable;
        this.#tracker.nameHome(tie, application);
        if (tie.usable !== null && tie.usable === named) return;
        tie.isSecondChoice = false; // it has failed over before, and is kept where it went
      }
      if (tie.kind === TIE_KNOWN) return;
      tie.kind = TIE_INVALID;
    }
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    const told = this.#tracker.readResponse(decision, instance, head, edits);
    const isOnlyInTable = told === COOKIE_SET && !this.#identity.hasRoutes;
    if (isOnlyInTable || (decision.hasSession && hasMoved(decision))) edits.mustReplicate = true;
  }

  /** Names every instance whose route stands behind the id, up to the first that may take the request. */
  #tryRoutes(bytes: Uint8Array, start: number, end: number, application: RoutedApplication, tie: Tie): void {
    for (let at = start; at < end; ) {
      let stop = at;
      while (stop < end && bytes[stop] !== this.#separator) stop += 1;
      const instance = application.routes.find(bytes, at, stop);
      if (instance !== null && tie.name(instance, this.#context.nowMs)) return;
      at = stop + 1;
    }
  }
}
