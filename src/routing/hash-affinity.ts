// hot: bench/micro/decide.ts
// `hash`: the client's address, a header or a cookie says which instance gets the request, the same one on every worker
// (rendezvous, see `rendezvous.ts`). A session that is known to be elsewhere stays there; a request that lacks the header or
// cookie goes where the balancer says.

import { CookieMatch, findCookie } from "../http/cookies.ts";
import { equalsIgnoringCase } from "../http1/octets.ts";
import { FIELD_COOKIE, type RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AffinityPlan } from "./affinity-plan.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import { hashOctets, hashText, octetsOf } from "./octet-hash.ts";
import { bucketOf } from "./rendezvous.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import { COOKIE_SET, hasMoved, type TrackedSession } from "./session-tracker.ts";
import { followSession } from "./session-values.ts";
import { TIE_KNOWN, type Tie } from "./tie.ts";

/** The plan of one application with `style: hash`. */
export class HashAffinity implements AffinityPlan {
  readonly isSticky: boolean = true;
  readonly #on: "address" | "header" | "cookie";
  readonly #name: Uint8Array;
  /** Null when the application names no session cookie. */
  readonly #session: TrackedSession | null;
  readonly #match = new CookieMatch();

  constructor(parts: {
    readonly on: "address" | "header" | "cookie";
    /** Of the header or cookie. */
    readonly name: string;
    readonly session: TrackedSession | null;
  }) {
    this.#on = parts.on;
    this.#name = octetsOf(parts.on === "header" ? parts.name.toLowerCase() : parts.name);
    this.#session = parts.session;
  }

  find(
    head: RequestHead,
    client: ClientPoint,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void {
    if (this.#session !== null) followSession(this.#session, head, application, tie, decision);
    if (tie.kind === TIE_KNOWN) return;
    switch (this.#on) {
      case "address":
        tie.bucket = bucketOf(hashText(client.clientAddress, 0));
        return;
      case "header":
        this.#hashHeader(head, tie);
        return;
      case "cookie":
        this.#hashCookie(head, tie);
    }
  }

  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void {
    const told = this.#session?.tracker.readResponse(decision, instance, head, edits);
    // Only the table knows its edition: a switch may come before the client's next request.
    if (told === COOKIE_SET || (decision.hasSession && hasMoved(decision))) edits.mustReplicate = true;
  }

  #hashHeader(head: RequestHead, tie: Tie): void {
    const { bytes, fieldCount, nameStart, nameEnd, valueStart, valueEnd } = head;
    for (let field = 0; field < fieldCount; field += 1) {
      const start = nameStart[field] as number;
      if (!equalsIgnoringCase(bytes, start, nameEnd[field] as number, this.#name)) continue;
      tie.bucket = bucketOf(hashOctets(bytes, valueStart[field] as number, valueEnd[field] as number));
      return;
    }
  }

  #hashCookie(head: RequestHead, tie: Tie): void {
    const { bytes, fieldCount, fieldId, valueStart, valueEnd } = head;
    const match = this.#match;
    for (let field = 0; field < fieldCount; field += 1) {
      if (fieldId[field] !== FIELD_COOKIE) continue;
      const start = valueStart[field] as number;
      if (!findCookie(bytes, start, valueEnd[field] as number, this.#name, match)) continue;
      tie.bucket = bucketOf(hashOctets(bytes, match.valueStart, match.valueEnd));
      return;
    }
  }
}
