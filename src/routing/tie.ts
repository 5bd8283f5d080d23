// hot: bench/micro/decide.ts
// What a request says of its session, and the instance that the session is tied to. One object a worker, filled anew for
// each request by the application's affinity plan.

import { NO_SESSION } from "../sessions/sessions.ts";
import { takesAffinity } from "./availability.ts";
import type { InstanceState } from "./compiled.ts";
import type { RoutedApplication, RoutedEdition, RoutedInstance } from "./routed.ts";

/** The request names no session. */
export const TIE_ABSENT = 0;
/** The session belongs to an instance that the table has. */
export const TIE_KNOWN = 1;
/** The request names a session that leads nowhere: an unknown route, a forged or expired token. */
export const TIE_INVALID = 2;

/** No hash says which instance to choose. */
export const NO_BUCKET = -1;

/** Filled by an affinity plan's `find`. */
export class Tie {
  kind: number = TIE_ABSENT;
  /** The first instance named that may take the request now; null when none may. */
  usable: RoutedInstance | null = null;
  /** The first instance named, usable or not. */
  first: RoutedInstance | null = null;
  /** Another instance was named before `usable`: the session has failed over to it. */
  isSecondChoice = false;
  /** The edition of the first instance named, usable or not; null with `TIE_KNOWN` when that edition is gone. */
  edition: RoutedEdition | null = null;
  /** Index of the request's session in the session table, or `NO_SESSION`. */
  index: number = NO_SESSION;
  /** `hash`: whom to choose when the session is tied to nobody (`Pool.chooseByHash`), or `NO_BUCKET`. */
  bucket: number = NO_BUCKET;

  reset(): void {
    this.kind = TIE_ABSENT;
    this.usable = null;
    this.first = null;
    this.isSecondChoice = false;
    this.edition = null;
    this.index = NO_SESSION;
    this.bucket = NO_BUCKET;
  }

  /**
   * Takes note of an instance that the request names; true when it is the one to use, so that looking further ends. An
   * edition that is only distributed has no sessions: naming its instance is naming nothing (E3).
   */
  name(instance: RoutedInstance, nowMs: number): boolean {
    if (instance.edition.entry.state === "distributed") return false;
    this.kind = TIE_KNOWN;
    this.first ??= instance;
    if (this.edition === null) this.edition = instance.edition;
    else this.isSecondChoice = true;
    if (!takesAffinity(instance, nowMs)) return false;
    this.usable = instance;
    return true;
  }

  /**
   * The same for an instance that may have left the table: what is left of its edition is next in line, and if that is
   * gone too, the session is known but homeless.
   */
  nameState(state: InstanceState, application: RoutedApplication, nowMs: number): boolean {
    const { routed } = state;
    if (routed !== null) return routed.application === application && this.name(routed, nowMs);
    this.nameEdition(state, application);
    return false;
  }

  /** Takes note of the edition of an instance, any instance of which will do. */
  nameEdition(state: InstanceState, application: RoutedApplication): void {
    const edition = state.routed?.edition ?? editionByKey(state.key, application);
    if (edition === undefined || edition?.entry.state === "distributed") return;
    if (edition !== null && edition.application !== application) return;
    this.kind = TIE_KNOWN;
    this.edition ??= edition;
  }

  /**
   * For a session that nobody knows. An edition that retires never gets a new one (SPEC E4), which is what follows the
   * cookie of one that is over; and over it is when sessions were watched for longer than one may be idle.
   */
  keepNewFromOld(watchedMs: number): void {
    const edition = this.usable?.edition ?? this.edition;
    if (edition?.entry.state !== "retiring") return;
    if (watchedMs >= edition.application.entry.sessions.idleMs) this.kind = TIE_INVALID;
  }

  /** Nothing was named: what the cookie says is out of date. */
  forgetNames(): void {
    this.usable = null;
    this.first = null;
    this.isSecondChoice = false;
    this.edition = null;
  }
}

/** The edition of an instance that has left the table; null when it is gone too, undefined for another application's. */
function editionByKey(key: string, application: RoutedApplication): RoutedEdition | null | undefined {
  const [id, label] = key.split("/");
  if (id !== application.entry.id) return undefined;
  return application.editions.find((one) => one.entry.label === label) ?? null;
}
