// hot: bench/micro/decide.ts
// What `decide` answers, filled in place: one object an exchange, reused with it.

import type { CompiledApplication, CompiledInstance } from "./compiled.ts";

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

/** How the instance was found; indexes `AFFINITY_OUTCOMES`. */
export const AFFINITY_NONE = 0;
export const AFFINITY_NEW = 1;
export const AFFINITY_KEPT = 2;
export const AFFINITY_FAILED_OVER = 3;
export const AFFINITY_MOVED = 4;
export const AFFINITY_INVALID = 5;

export class Decision {
  outcome: number = NO_VIRTUAL_HOST;
  application: CompiledApplication | null = null;
  instance: CompiledInstance | null = null;
  affinity: number = AFFINITY_NONE;
  /** The one trial that a marked-down instance gets (SPEC P3): its result decides the mark. */
  isTrial = false;
  /** The request carries a session of the application, identified by this fingerprint. */
  hasSession = false;
  sessionHigh = 0;
  sessionLow = 0;
  /**
   * The request carries the router's own mark and where: for `insert` the own cookie's pair, for `rewrite` and the URL
   * form the appended route, as offsets into the head's bytes. The writer leaves these bytes out. 0, 0 for none.
   */
  stripStart = 0;
  stripEnd = 0;
}
