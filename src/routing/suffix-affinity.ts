// hot: bench/micro/decide.ts
// `suffix`: the application server appends route ids to its session id, `0000ABC:s1:s2` (§2.11). They are tried in order.
// The session's identity is what stands between the cache id and the first separator.

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import type { SessionTracker } from "./session-tracker.ts";
import { type IdentityReader, nextSetCookie } from "./session-tracker.ts";
import type { SessionValues } from "./session-values.ts";
import { TIE_INVALID, TIE_KNOWN, type Tie } from "./tie.ts";

/** The plan of one application with `style: suffix`. */
export class SuffixAffinity implements AffinityPlan, IdentityReader {
  readonly isSticky: boolean = true;
  idStart = 0;
  idEnd = 0;
  readonly #context: AffinityContext;
  readonly #tracker: SessionTracker;
  readonly #values: SessionValues;
  readonly #separator: number;
  readonly #cacheIdLength: number;

  constructor(
    context: AffinityContext,
    parts: {
      readonly tracker: SessionTracker;
      readonly values: SessionValues;
      readonly separator: string;
      readonly cacheIdLength: number;
    },
  ) {
    this.#context = context;
    this.#tracker = parts.tracker;
    this.#values = parts.values;
    this.#separator = parts.separator.charCodeAt(0);
    this.#cacheIdLength = parts.cacheIdLength;
  }

  find(
    head: RequestHead,
    _client: ClientPoint,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void {
    const values = this.#values;
    const { bytes } = head;
    for (let isFound = values.first(head); isFound; isFound = values.next(head)) {
      this.readIdentity(bytes, values.valueStart, values.valueEnd);
      if (this.idEnd === this.idStart) continue;
      if (!this.#tracker.identify(bytes, this.idStart, this.idEnd, tie, decision)) continue;
      this.#tryRoutes(bytes, values.valueEnd, application, tie);
      if (tie.kind === TIE_KNOWN) return;
      // An id without a route that we know, as of an application on one server: we may know where it was born.
      const home = this.#tracker.home(tie);
      if (home !== null) tie.nameState(home, application, this.#context.nowMs);
      // (the cast undoes a narrowing that does not see that the call above changes it)
      if ((tie.kind as number) === TIE_KNOWN) return;
      tie.kind = TIE_INVALID;
    }
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    let isTold = false;
    if (head.hasSetCookie) {
      for (let field = nextSetCookie(head, 0); field >= 0; field = nextSetCookie(head, field + 1)) {
        if (this.#tracker.readSetCookieField(decision, instance, head, field, this, edits) !== 0)
          isTold = true;
      }
    }
    if (!isTold) this.#tracker.readRest(decision, instance, head, edits);
  }

  readIdentity(bytes: Uint8Array, start: number, end: number): void {
    const idStart = end - start > this.#cacheIdLength ? start + this.#cacheIdLength : start;
    let at = idStart;
    while (at < end && bytes[at] !== this.#separator) at += 1;
    this.idStart = idStart;
    this.idEnd = at;
  }

  /** Names every instance whose route stands behind the id, up to the first that may take the request. */
  #tryRoutes(bytes: Uint8Array, end: number, application: RoutedApplication, tie: Tie): void {
    let start = this.idEnd + 1;
    while (start < end) {
      let stop = start;
      while (stop < end && bytes[stop] !== this.#separator) stop += 1;
      const instance = application.routes.find(bytes, start, stop);
      if (instance !== null && tie.name(instance, this.#context.nowMs)) return;
      start = stop + 1;
    }
  }
}
