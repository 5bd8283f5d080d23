// The operator's wish for a server or node (WebSphere "maintenance mode"): what may be routed to it.
//
//   normal ⇄ affinity ⇄ break ⇄ stop     every mode is reached from every other by `mode NAME MODE`
//
// A mode is independent of health and lifecycle; it stays until somebody changes it (SPEC M2).

import type { EpochMs } from "../base/units.ts";

/** From the freest to the strictest. */
export const MODES: readonly Mode[] = ["normal", "affinity", "break", "stop"];

/** normal: all requests; affinity: only those with affinity; break: none; stop: none, and a managed server is stopped. */
export type Mode = "normal" | "affinity" | "break" | "stop";

/** A mode with who set it, when, why, and what to tell users meanwhile (SPEC M5). */
export interface ModeSetting {
  readonly mode: Mode;
  readonly since: EpochMs;
  readonly actor: string;
  readonly reason?: string;
  /** When the operator expects to be done; only told to users (`Retry-After`), nothing switches back by itself. */
  readonly until?: EpochMs;
}

/** What a mode lets through: the only form in which routing sees it. */
export type Access = "open" | "affinity-only" | "closed";

/** The stricter of two modes: a server's effective mode is that of itself and its node (SPEC M1). */
export function stricter(one: Mode, other: Mode): Mode {
  return MODES.indexOf(one) >= MODES.indexOf(other) ? one : other;
}

/** Folds a mode into what routing may do with the server. `stop` acts as `break` for external servers. */
export function accessOf(mode: Mode): Access {
  if (mode === "normal") return "open";
  return mode === "affinity" ? "affinity-only" : "closed";
}
