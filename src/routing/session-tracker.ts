// hot: bench/micro/decide.ts
// The life of an application's sessions as requests and responses show it (SPEC A4): born when a response sets the session
// cookie, moved when another instance serves it, over when the cookie is deleted or the application says so.
//
// A session that this router does not know, but whose request names an instance that exists, is adopted when the
// application answers it without setting the cookie anew: after a restart the users of before are counted again.

import type { EpochMs } from "../base/units.ts";
import { readSetCookie, SetCookie } from "../http/cookies.ts";
import { equalsIgnoringCase, ZERO } from "../http1/octets.ts";
import { FIELD_OTHER, FIELD_SET_COOKIE, type ResponseHead } from "../http1/response-head.ts";
import { fingerprint } from "../sessions/fingerprint.ts";
import { NO_SESSION } from "../sessions/sessions.ts";
import type { AffinityContext } from "./affinity-plan.ts";
import type { InstanceState } from "./compiled.ts";
import type { Decision, ResponseEdits } from "./decision.ts";
import { AFFINITY_FAILED_OVER, AFFINITY_KEPT, AFFINITY_MOVED } from "./decision.ts";
import { octetsOf } from "./octet-hash.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import type { SessionIdentity } from "./session-identity.ts";
import type { SessionValues } from "./session-values.ts";
import type { Tie } from "./tie.ts";

/** What a Set-Cookie field of the session's name did: there was none. */
export const COOKIE_NONE = 0;
export const COOKIE_SET = 1;
const COOKIE_DELETED = 2;
/** Set to an id that is bound to this instance already. */
export const COOKIE_SAME = 3;

/** How an application's sessions are found in requests and followed in responses. */
export interface TrackedSession {
  readonly tracker: SessionTracker;
  readonly values: SessionValues;
}

/** Tracks the sessions of the applications that have the same settings. */
export class SessionTracker {
  /** The last Set-Cookie that was read. */
  readonly setCookie: SetCookie = new SetCookie();
  readonly #context: AffinityContext;
  readonly #cookie: Uint8Array;
  readonly #endedHeader: Uint8Array;
  readonly #identity: SessionIdentity;
  readonly #target = { high: 0, low: 0 };

  constructor(
    context: AffinityContext,
    parts: { readonly cookie: string; readonly endedHeader: string; readonly identity: SessionIdentity },
  ) {
    this.#context = context;
    this.#cookie = octetsOf(parts.cookie);
    this.#endedHeader = octetsOf(parts.endedHeader.toLowerCase());
    this.#identity = parts.identity;
  }

  /**
   * The request's session is the one with the identity in `bytes[start, end)`; looks it up. False when it was ended while
   * its cookie lives on: then the request has none.
   */
  identify(
    application: RoutedApplication,
    bytes: Uint8Array,
    start: number,
    end: number,
    tie: Tie,
    decision: Decision,
  ): boolean {
    const target = this.#target;
    fingerprint(application.seed, bytes, start, end, target);
    return this.adopt(target.high, target.low, tie, decision);
  }

  /** The same for a session that is known by its fingerprint. */
  adopt(high: number, low: number, tie: Tie, decision: Decision): boolean {
    const { sessions, ended, nowSeconds } = this.#context;
    tie.index = sessions.find(high, low);
    if (tie.index === NO_SESSION && ended.has(high, low, nowSeconds)) {
      decision.hasSession = false;
      return false;
    }
    decision.hasSession = true;
    decision.sessionHigh = high;
    decision.sessionLow = low;
    return true;
  }

  /** The instance that the session table knows the request's session to be on; null when it knows none. */
  home(tie: Tie): InstanceState | null {
    if (tie.index === NO_SESSION) return null;
    const { sessions, states } = this.#context;
    return states.at(sessions.slotOf(tie.index)) ?? null;
  }

  /**
   * Names the instance that the session table knows the request's session to be on. When the cookie has named one of
   * another edition, the table is right: the session has left that edition and does not go back (SPEC A3).
   */
  nameHome(tie: Tie, application: RoutedApplication): void {
    const home = this.home(tie);
    if (home === null) return;
    const edition = home.routed?.application === application ? home.routed.edition : null;
    const named = tie.usable?.edition ?? tie.edition;
    if (edition !== null && named !== null && edition !== named && edition.entry.state !== "distributed") {
      tie.forgetNames();
    }
    if (tie.usable === null) tie.nameState(home, application, this.#context.nowMs);
  }

  /** Names the edition that the session table knows the request's session to be in. */
  nameHomeEdition(tie: Tie, application: RoutedApplication): void {
    const home = this.home(tie);
    if (home !== null) tie.nameEdition(home, application);
  }

  /**
   * Reads what a response says of the session: every Set-Cookie of its name, or, without one, what `readRest` reads.
   *
   * @returns `COOKIE_SET` when a session was born, came here or got another id; `COOKIE_NONE` when no cookie spoke of one
   */
  readResponse(
    decision: Decision,
    instance: RoutedInstance,
    head: ResponseHead,
    edits: ResponseEdits,
  ): number {
    let told = COOKIE_NONE;
    if (head.hasSetCookie) {
      for (let field = nextSetCookie(head, 0); field >= 0; field = nextSetCookie(head, field + 1)) {
        const one = this.readSetCookieField(decision, instance, head, field, edits);
        if (told !== COOKIE_SET && one !== COOKIE_NONE) told = one;
      }
    }
    if (told === COOKIE_NONE) this.readRest(decision, instance, head, edits);
    return told;
  }

  /**
   * Reads one Set-Cookie field: binds the session that it names, or ends the request's. Offsets of what was read are
   * in `setCookie`.
   */
  readSetCookieField(
    decision: Decision,
    instance: RoutedInstance,
    head: ResponseHead,
    field: number,
    edits: ResponseEdits,
  ): number {
    const { bytes } = head;
    const start = head.valueStart[field] as number;
    if (!this.#isOurs(bytes, start)) return COOKIE_NONE;
    const now = (this.#context.nowSeconds * 1000) as EpochMs;
    const cookie = this.setCookie;
    if (!readSetCookie(bytes, start, head.valueEnd[field] as number, now, cookie)) return COOKIE_NONE;
    if (cookie.nameEnd - cookie.nameStart !== this.#cookie.length) return COOKIE_NONE;
    if (cookie.isDeletion) {
      this.end(decision, edits);
      return COOKIE_DELETED;
    }
    const identity = this.#identity;
    identity.read(bytes, cookie.valueStart, cookie.valueEnd);
    fingerprint(instance.application.seed, bytes, identity.start, identity.end, this.#target);
    const { high, low } = this.#target;
    const isSame = decision.hasSession && high === decision.sessionHigh && low === decision.sessionLow;
    // A new id in place of an old one, as after a login: the client forgets the old one.
    if (!isSame) this.end(decision, edits);
    return this.begin(high, low, instance, edits) ? COOKIE_SET : COOKIE_SAME;
  }

  /** Ends the request's session; every worker must know before the client can come again (SPEC A5). */
  end(decision: Decision, edits: ResponseEdits): void {
    if (edits.sessionHigh === decision.sessionHigh && edits.sessionLow === decision.sessionLow) {
      edits.hasSession = false;
    }
    if (!decision.hasSession) return;
    if (this.#context.sessions.end(decision.sessionHigh, decision.sessionLow)) edits.mustReplicate = true;
  }

  /** What every response can say, whatever the style: that the session has ended, or, by saying nothing, that it lives. */
  readRest(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    if (!decision.hasSession) return;
    if (this.saysEnded(head)) {
      const { ended, nowSeconds } = this.#context;
      this.end(decision, edits);
      ended.add(decision.sessionHigh, decision.sessionLow, nowSeconds);
      return;
    }
    const { affinity } = decision;
    if (affinity !== AFFINITY_KEPT && affinity !== AFFINITY_FAILED_OVER && affinity !== AFFINITY_MOVED)
      return;
    const { sessions } = this.#context;
    if (sessions.find(decision.sessionHigh, decision.sessionLow) !== NO_SESSION) return;
    this.#bind(decision.sessionHigh, decision.sessionLow, instance);
  }

  /** Binds a session to an instance; false when it is bound there already. */
  #bind(high: number, low: number, instance: RoutedInstance): boolean {
    const { sessions, nowSeconds } = this.#context;
    const { slot } = instance.state;
    const known = sessions.find(high, low);
    if (known !== NO_SESSION && sessions.slotOf(known) === slot) return false;
    sessions.bind(high, low, slot, nowSeconds);
    return true;
  }

  /** From this response on the client has the session with this fingerprint; false when it is bound here already. */
  begin(high: number, low: number, instance: RoutedInstance, edits: ResponseEdits): boolean {
    edits.hasSession = true;
    edits.sessionHigh = high;
    edits.sessionLow = low;
    return this.#bind(high, low, instance);
  }

  /** True for `Session-Ended: 1`. */
  saysEnded(head: ResponseHead): boolean {
    const length = this.#endedHeader.length;
    if (length === 0) return false;
    for (let field = 0; field < head.fieldCount; field += 1) {
      if (head.fieldId[field] !== FIELD_OTHER) continue;
      const start = head.nameStart[field] as number;
      const end = head.nameEnd[field] as number;
      if (end - start !== length || !equalsIgnoringCase(head.bytes, start, end, this.#endedHeader)) continue;
      const value = head.valueStart[field] as number;
      return (head.valueEnd[field] as number) - value === 1 && head.bytes[value] === ZERO + 1;
    }
    return false;
  }

  #isOurs(bytes: Uint8Array, start: number): boolean {
    for (let at = 0; at < this.#cookie.length; at += 1) {
      if (bytes[start + at] !== this.#cookie[at]) return false;
    }
    return true;
  }
}

/** The session is on another instance now: with styles that look there, all workers must know (SPEC A5). */
export function hasMoved(decision: Decision): boolean {
  return decision.affinity === AFFINITY_FAILED_OVER || decision.affinity === AFFINITY_MOVED;
}

/** The index of the next Set-Cookie field at or after `from`; -1 when there is none. */
export function nextSetCookie(head: ResponseHead, from: number): number {
  for (let field = from; field < head.fieldCount; field += 1) {
    if (head.fieldId[field] === FIELD_SET_COOKIE) return field;
  }
  return -1;
}
