// hot: bench/micro/decide.ts
// What a request says of its session, and the instance that the session is tied to. One object a worker, filled anew for
// each request by the application's affinity plan.

import type { RoutedEdition, RoutedInstance } from "./routed.ts";

/** The request names no session. */
export const TIE_ABSENT = 0;
/** The session belongs to an instance that the table has. */
export const TIE_KNOWN = 1;
/** The request names a session that leads nowhere: an unknown route, a forged or expired token. */
export const TIE_INVALID = 2;

/** `index` before the session table was asked. */
export const NOT_ASKED = -2;

export class Tie {
  kind: number = TIE_ABSENT;
  /** The first instance named that may take the request now; null when none may. */
  usable: RoutedInstance | null = null;
  /** Another instance was named before `usable`: the session has failed over to it. */
  isSecondChoice = false;
  /** The edition of the first instance named, usable or not. */
  edition: RoutedEdition | null = null;
  /** Index in the session table, `NO_SESSION`, or `NOT_ASKED`. */
  index: number = NOT_ASKED;

  reset(): void {
    this.kind = TIE_ABSENT;
    this.usable = null;
    this.isSecondChoice = false;
    this.edition = null;
    this.index = NOT_ASKED;
  }

  /** Takes note of an instance that the request names; true when it is the one to use, so that looking further ends. */
  name(instance: RoutedInstance, isUsable: boolean): boolean {
    this.kind = TIE_KNOWN;
    if (this.edition === null) this.edition = instance.edition;
    else this.isSecondChoice = true;
    if (isUsable) this.usable = instance;
    return isUsable;
  }
}
