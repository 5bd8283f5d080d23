// hot: bench/micro/decide.ts
// What `decide` answers, filled in place: one object an exchange, reused with it.

import type { Revision } from "../base/units.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { CompiledApplication, CompiledEdition, CompiledInstance } from "./compiled.ts";
import type { AffinityOutcome } from "./report.ts";

/** The request goes to `instance`, which is claimed: whoever decided releases it exactly once. */
export const FORWARD = 0;
/** No virtual host has this host (404). */
export const NO_VIRTUAL_HOST = 1;
/** No application has this path (404). */
export const NO_APPLICATION = 2;
/** The path cannot be decoded without doubt (400). */
export const BAD_PATH = 3;
/** No instance may take the request now: modes, or an edition that is only distributed (503 and the maintenance page). */
export const UNAVAILABLE = 4;
/** The session's instance is gone and the application's policy is `error` (503). */
export const SESSION_LOST = 5;
/** Every instance that may take the request is at its `maxConnections`: wait in the queue. */
export const BUSY = 6;

/** More of the router's own cookies than any honest client sends (400). */
export const BAD_COOKIES = 7;

/** How the instance was found; indexes `AFFINITY_OUTCOMES`. */
export const AFFINITY_NONE = 0;
export const AFFINITY_NEW = 1;
export const AFFINITY_KEPT = 2;
export const AFFINITY_FAILED_OVER = 3;
export const AFFINITY_MOVED = 4;
export const AFFINITY_INVALID = 5;

/** Names of the numbers above, for reports, metrics and the access log. */
export const AFFINITY_OUTCOMES: readonly AffinityOutcome[] = [
  "none",
  "new",
  "kept",
  "failed-over",
  "moved",
  "invalid",
];

/** Most ranges that a decision strips; a request with more of the router's cookies is refused as `BAD_COOKIES`. */
export const STRIPS_MAX = 8;

/** What is decided for one exchange. Overwritten whole by each decision; the exchange releases the claim. */
export class Decision {
  outcome: number = NO_VIRTUAL_HOST;
  application: CompiledApplication | null = null;
  instance: CompiledInstance | null = null;
  affinity: number = AFFINITY_NONE;
  /**
   * With `BUSY`: the one instance that the session is tied to and whose place it waits for; null when any instance of
   * the edition will do. With `FORWARD`: null.
   */
  waitsFor: CompiledInstance | null = null;
  /** The edition in which an instance was chosen or is waited for: where to choose again. */
  edition: CompiledEdition | null = null;
  /** The request belongs to `edition` because its session does; else to whichever edition is running. */
  isTied = false;
  /** Birth, epoch seconds, of the router's own cookie that the request brought; 0 when it brought none that is good. */
  tokenBornSeconds = 0;
  /** That cookie is to be renewed by the response. */
  isTokenDue = false;
  /** The client's connection is TLS: the router's own cookies get `Secure`. */
  isSecure = false;
  /** The one trial that a marked-down instance gets (SPEC P3): its result decides the mark. */
  isTrial = false;
  /** The request carries a session of the application, identified by this fingerprint. */
  hasSession = false;
  sessionHigh = 0;
  sessionLow = 0;
  /**
   * Bytes of the head that are the router's own and not forwarded: the own cookie's pair (`insert`), or the appended
   * route (`rewrite`). `stripCount` ranges `[stripStart[i], stripEnd[i])`, ascending, each within one Cookie field's
   * value. A Cookie field of which nothing is left is left out by the head writer.
   */
  stripCount = 0;
  readonly stripStart: Int32Array = new Int32Array(STRIPS_MAX);
  readonly stripEnd: Int32Array = new Int32Array(STRIPS_MAX);
}

/** Where a request came in; one object a client connection. */
export interface ClientPoint {
  /** The listener's virtual host, which decides instead of the Host field; empty for none. */
  readonly virtualHost: string;
  /** Port for matching when the Host field has none. */
  readonly port: number;
  /** Address of the client for `hash` affinity, after trusted proxies were believed. */
  readonly clientAddress: string;
  readonly isSecure: boolean;
  /** It came in where operators and testers try what users cannot see yet (SPEC E3). */
  readonly isPreview: boolean;
}

/** What affinity changes in a response head. One object a worker, filled anew for each response. */
export class ResponseEdits {
  /** Whole field lines to add, each with its CRLF (own Set-Cookie, served-by, Cache-Control); null for none. */
  added: Buffer | null = null;
  /** `rewrite`: `inserted` goes in at these offsets into the response head's bytes, ascending. */
  insertCount = 0;
  readonly insertAt: Int32Array = new Int32Array(STRIPS_MAX);
  inserted: Buffer | null = null;
  /** A Set-Cookie or ended session that every worker must know before the client reads the response (SPEC A5). */
  mustReplicate = false;
  /** The client has a session from this response on, with this fingerprint: the request's, or one that was born. */
  hasSession = false;
  sessionHigh = 0;
  sessionLow = 0;
}

/** How the proxy asks; one object a worker. All methods run in one turn and allocate nothing on the usual way. */
export interface RequestRouter {
  readonly revision: Revision;
  /** Decides and claims in one act. `decision` is overwritten whole. */
  decide(head: RequestHead, client: ClientPoint, decision: Decision): void;
  /**
   * Chooses again after the claimed instance failed or when a place may have become free, without the head: another
   * instance of the same edition first, then as `onInstanceLost` says. Instances in `tried` are left out. The claim
   * of the failed instance must have been released before.
   */
  decideAgain(decision: Decision, tried: readonly CompiledInstance[]): void;
  /** Gives a claim back; exactly once for each `FORWARD`. */
  release(instance: CompiledInstance): void;
  /** Reads what the response says of the session: born, touched, ended, moved; fills `edits`. */
  readResponse(decision: Decision, head: ResponseHead, edits: ResponseEdits): void;
  /** A tunnel or a response of the session is open: it is not idle (SPEC A4). An unknown session stays unknown. */
  keepSession(high: number, low: number): void;
  /** The instance answered (any status): a trial that succeeds marks it up. */
  succeeded(decision: Decision): void;
  /** Connect failure or no answer: marks it down, unless it is the last one (SPEC P3). */
  failed(decision: Decision, cause: string): void;
}
