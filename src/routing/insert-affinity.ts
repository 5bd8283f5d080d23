// hot: bench/micro/decide.ts
// `insert`: a cookie of the router's own says which instance a user belongs to; the application never sees it. It is a sealed
// token (`tokens.ts`), set for new users, when the instance changes, and again before its time is over.
//
// With the application's session cookie named, that one is the session; without, the token itself is.

import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { NO_SESSION } from "../sessions/sessions.ts";
import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import { AFFINITY_KEPT, BAD_COOKIES } from "./decision.ts";
import { cookieLines, ownCookie } from "./own-cookie.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import type { SessionTracker, TrackedSession } from "./session-tracker.ts";
import { followSession, type SessionValues } from "./session-values.ts";
import { strip } from "./strips.ts";
import { TIE_INVALID, TIE_KNOWN, type Tie } from "./tie.ts";
import type { OpenedToken, Tokens } from "./tokens.ts";

/** What the plan is made of. */
export interface InsertParts {
  readonly tokens: Tokens;
  /** Name of the router's own cookie. */
  readonly cookie: string;
  /** Finds the router's own cookie. */
  readonly values: SessionValues;
  /** The application's own session; null when the token is the session. */
  readonly session: TrackedSession | null;
  /** Tracks token sessions; used when `session` is null. */
  readonly tracker: SessionTracker;
  readonly idleSeconds: number;
  /** 0 for no limit. */
  readonly absoluteSeconds: number;
}

/** The plan of applications with `style: insert`. */
export class InsertAffinity implements AffinityPlan {
  readonly isSticky: boolean = true;
  readonly #context: AffinityContext;
  readonly #parts: InsertParts;

  constructor(context: AffinityContext, parts: InsertParts) {
    this.#context = context;
    this.#parts = parts;
  }

  find(
    head: RequestHead,
    _client: ClientPoint,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void {
    const { values, tokens, session } = this.#parts;
    for (let isFound = values.first(head); isFound; isFound = values.next(head)) {
      if (!strip(decision, values.match.stripStart, values.match.stripEnd)) {
        decision.outcome = BAD_COOKIES;
        return;
      }
      if (tie.kind === TIE_KNOWN) continue;
      const token = tokens.open(application.entry.id, head.bytes, values.valueStart, values.valueEnd);
      if (token === null || this.#isExpired(token)) tie.kind = TIE_INVALID;
      else this.#follow(token, application, tie, decision);
    }
    if (session !== null) followSession(session, head, application, tie, decision);
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    const { session, tracker, cookie } = this.#parts;
    if (session !== null) {
      session.tracker.readResponse(decision, instance, head, edits);
    } else if (decision.hasSession && tracker.saysEnded(head)) {
      tracker.readRest(decision, instance, head, edits);
      edits.added = cookieLines(ownCookie(cookie, instance.application.entry), "", head, decision.isSecure);
      return;
    }
    const isKept = decision.affinity === AFFINITY_KEPT && decision.tokenBornSeconds > 0;
    if (isKept && !decision.isTokenDue) {
      if (session === null) tracker.readRest(decision, instance, head, edits);
      return;
    }
    this.#issue(decision, instance, head, edits);
  }

  /** Goes where a good token leads. */
  #follow(token: OpenedToken, application: RoutedApplication, tie: Tie, decision: Decision): void {
    const { session, tracker, idleSeconds } = this.#parts;
    // A session that was ended has no token either: what comes next is a new user.
    if (session === null && !tracker.adopt(token.high, token.low, tie, decision)) return;
    decision.tokenBornSeconds = token.bornSeconds;
    decision.isTokenDue = this.#context.nowSeconds - token.issuedSeconds > idleSeconds / 2;
    const isUsable = tie.nameState(token.state, application, this.#context.nowMs);
    // Another request with the same token may have moved the session already.
    if (session === null && !isUsable && tie.kind === TIE_KNOWN) tracker.nameHome(tie, application);
    if (tie.kind !== TIE_KNOWN) tie.kind = TIE_INVALID;
  }

  /** Sets the cookie: for a new user with a new session, else with the session's own id and birth. */
  #issue(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    const { tokens, session, tracker, cookie } = this.#parts;
    const { entry } = instance.application;
    const { nowSeconds } = this.#context;
    const isOld = decision.hasSession || decision.tokenBornSeconds > 0;
    const id = isOld ? { high: decision.sessionHigh, low: decision.sessionLow } : tokens.newSession();
    const bornSeconds = decision.tokenBornSeconds > 0 ? decision.tokenBornSeconds : nowSeconds;
    const token = tokens.seal(entry.id, {
      issuedSeconds: nowSeconds,
      bornSeconds,
      high: id.high,
      low: id.low,
      state: instance.state,
    });
    if (session === null) tracker.begin(id.high, id.low, instance, edits);
    if (token !== null) edits.added = cookieLines(ownCookie(cookie, entry), token, head, decision.isSecure);
  }

  #isExpired(token: OpenedToken): boolean {
    const { idleSeconds, absoluteSeconds } = this.#parts;
    const { nowSeconds } = this.#context;
    if (absoluteSeconds > 0 && nowSeconds - token.bornSeconds > absoluteSeconds) return true;
    return nowSeconds - token.issuedSeconds > idleSeconds && this.#isIdle(token);
  }

  /** A token is not renewed by every request, nor ever by an open tunnel: the session table may have seen it in use since. */
  #isIdle(token: OpenedToken): boolean {
    const { sessions, nowSeconds } = this.#context;
    const index = sessions.find(token.high, token.low);
    return index === NO_SESSION || nowSeconds - sessions.seenAt(index) > this.#parts.idleSeconds;
  }
}
