// hot: bench/micro/decide.ts
// `rewrite`: the router appends separator and route id to the application's own session cookie on the way out and takes
// them off on the way in, so that the application never sees them.
//
// The cookie cannot be changed when a session fails over, because only the application knows its attributes. So the session
// table is asked first: it knows where the session went. In the path (`;jsessionid=`) the application's own id stands without
// a route; there only the table knows.

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import { BAD_COOKIES, STRIPS_MAX } from "./decision.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import type { SessionTracker, TrackedSession } from "./session-tracker.ts";
import { COOKIE_NONE, COOKIE_SAME, COOKIE_SET, hasMoved, nextSetCookie } from "./session-tracker.ts";
import type { SessionValues } from "./session-values.ts";
import { strip } from "./strips.ts";
import { TIE_INVALID, TIE_KNOWN, type Tie } from "./tie.ts";

/** The plan of applications with `style: rewrite`. */
export class RewriteAffinity implements AffinityPlan {
  readonly isSticky: boolean = true;
  readonly #context: AffinityContext;
  readonly #tracker: SessionTracker;
  readonly #values: SessionValues;
  readonly #separator: string;
  readonly #separatorOctet: number;

  constructor(context: AffinityContext, parts: TrackedSession & { readonly separator: string }) {
    this.#context = context;
    this.#tracker = parts.tracker;
    this.#values = parts.values;
    this.#separator = parts.separator;
    this.#separatorOctet = parts.separator.charCodeAt(0);
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
      const { valueStart, valueEnd, isFromPath } = values;
      const separator = isFromPath ? -1 : this.#lastSeparator(head.bytes, valueStart, valueEnd);
      const isOurs = separator > valueStart && this.#isOurs(head, separator, application, tie, decision);
      if (isOurs && !strip(decision, separator, valueEnd)) {
        decision.outcome = BAD_COOKIES;
        return;
      }
      if (!isOurs && tie.kind !== TIE_KNOWN) this.#findUnmarked(head, application, tie, decision);
    }
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    let isTold = false;
    for (let field = nextSetCookie(head, 0); field >= 0; field = nextSetCookie(head, field + 1)) {
      const told = this.#tracker.readSetCookieField(decision, instance, head, field, edits);
      if (told !== COOKIE_NONE) isTold = true;
      if ((told === COOKIE_SET || told === COOKIE_SAME) && instance.route !== "") {
        if (edits.insertCount === STRIPS_MAX) continue;
        edits.insertAt[edits.insertCount] = this.#tracker.setCookie.valueEnd;
        edits.insertCount += 1;
        edits.inserted = instance.routeSuffix(this.#separator);
      }
    }
    if (isTold) return;
    this.#tracker.readRest(decision, instance, head, edits);
    if (hasMoved(decision)) edits.mustReplicate = true;
  }

  /** True when what stands behind the separator is a route that the router has appended; notes where it leads. */
  #isOurs(
    head: RequestHead,
    separator: number,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): boolean {
    const { bytes } = head;
    const { valueStart, valueEnd } = this.#values;
    const instance = application.routes.find(bytes, separator + 1, valueEnd);
    if (tie.kind === TIE_KNOWN) return instance !== null;
    const lives = this.#tracker.identify(application, bytes, valueStart, separator, tie, decision);
    const home = this.#tracker.home(tie);
    if (instance === null && home === null) return false;
    if (!lives) return true;
    if (home === null || !tie.nameState(home, application, this.#context.nowMs)) {
      // A route of another edition than the table's is that of an edition that the session has left.
      const isNext = instance !== null && instance !== home?.routed;
      if (isNext && (home === null || instance.edition === tie.edition))
        tie.name(instance, this.#context.nowMs);
    }
    if (tie.kind !== TIE_KNOWN) tie.kind = TIE_INVALID;
    return true;
  }

  /** A session id without a route of ours: only the session table can know it. */
  #findUnmarked(head: RequestHead, application: RoutedApplication, tie: Tie, decision: Decision): void {
    const { valueStart, valueEnd } = this.#values;
    if (!this.#tracker.identify(application, head.bytes, valueStart, valueEnd, tie, decision)) return;
    this.#tracker.nameHome(tie, application);
    if (tie.kind !== TIE_KNOWN) tie.kind = TIE_INVALID;
  }

  #lastSeparator(bytes: Uint8Array, start: number, end: number): number {
    let at = end - 1;
    while (at >= start && bytes[at] !== this.#separatorOctet) at -= 1;
    return at >= start ? at : -1;
  }
}
