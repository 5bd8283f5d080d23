// hot: bench/micro/decide.ts
// Goes through the session ids of a request: every cookie of the session's name in every Cookie field, in order, then the
// path parameter (`;jsessionid=`). A browser sends several cookies of one name when their paths nest.

import { CookieMatch, findCookie, nextCookie } from "../http/cookies.ts";
import { EQUALS, SEMICOLON, SLASH } from "../http1/octets.ts";
import { FIELD_COOKIE, type RequestHead } from "../http1/request-head.ts";
import type { Decision } from "./decision.ts";
import { octetsOf, startsWithOctets } from "./octet-hash.ts";
import type { RoutedApplication } from "./routed.ts";
import type { TrackedSession } from "./session-tracker.ts";
import type { Tie } from "./tie.ts";

/** A walk over the session ids of one request. One object a plan, used within one turn. */
export class SessionValues {
  /** The cookie that was found; not set when `isFromPath`. */
  readonly match: CookieMatch = new CookieMatch();
  valueStart = 0;
  valueEnd = 0;
  isFromPath = false;
  readonly #cookie: Uint8Array;
  readonly #parameter: Uint8Array | null;
  #field = 0;
  #isInField = false;

  /** The names of the cookie and of the path parameter; the latter may be absent. */
  constructor(cookie: string, parameter: string | undefined) {
    this.#cookie = octetsOf(cookie);
    this.#parameter = parameter === undefined || parameter === "" ? null : octetsOf(`;${parameter}`);
  }

  /** Moves to the first id; false when the request has none. */
  first(head: RequestHead): boolean {
    this.#field = 0;
    this.#isInField = false;
    this.isFromPath = false;
    return this.next(head);
  }

  /** Moves to the next id; false at the end. */
  next(head: RequestHead): boolean {
    if (this.isFromPath) return false;
    const { bytes, fieldCount, fieldId, valueStart, valueEnd } = head;
    for (; this.#field < fieldCount; this.#field += 1) {
      if (fieldId[this.#field] !== FIELD_COOKIE) continue;
      const end = valueEnd[this.#field] as number;
      const isFound = this.#isInField
        ? nextCookie(bytes, end, this.#cookie, this.match)
        : findCookie(bytes, valueStart[this.#field] as number, end, this.#cookie, this.match);
      this.#isInField = isFound;
      if (isFound) {
        this.valueStart = this.match.valueStart;
        this.valueEnd = this.match.valueEnd;
        return true;
      }
    }
    return this.#parameter !== null && this.#findParameter(head, this.#parameter);
  }

  #findParameter(head: RequestHead, parameter: Uint8Array): boolean {
    const { bytes, pathStart, pathEnd } = head;
    for (let at = pathStart; at < pathEnd; at += 1) {
      if (bytes[at] !== SEMICOLON || !startsWithOctets(bytes, at, parameter)) continue;
      const equals = at + parameter.length;
      if (bytes[equals] !== EQUALS) continue;
      let end = equals + 1;
      while (end < pathEnd && bytes[end] !== SEMICOLON && bytes[end] !== SLASH) end += 1;
      this.isFromPath = true;
      this.valueStart = equals + 1;
      this.valueEnd = end;
      return end > equals + 1;
    }
    return false;
  }
}

/**
 * The request's session is its first session id, where the style needs no more of it: notes it, and where the session table
 * knows it to be, unless something else has named an instance that may take the request.
 */
export function followSession(
  { tracker, values }: TrackedSession,
  head: RequestHead,
  application: RoutedApplication,
  tie: Tie,
  decision: Decision,
): void {
  if (!values.first(head)) return;
  if (!tracker.identify(application, head.bytes, values.valueStart, values.valueEnd, tie, decision)) return;
  if (tie.usable === null) tracker.nameHome(tie, application);
}
