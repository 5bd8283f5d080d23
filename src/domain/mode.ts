// The operator's wish for a server or node (WebSphere "maintenance mode"): what may be routed to it.
//
//   normal ⇄ affinity ⇄ break ⇄ stop     every mode is reached from every other by `mode NAME MODE`
//
// A mode is independent of health and lifecycle; it stays until somebody changes it (SPEC M2).

import { fault } from "../base/fault.ts";
import type { EpochMs } from "../base/units.ts";
import { formatDurationMs } from "../base/units.ts";
import type { DomainEvent, ModeTarget } from "./command.ts";
import type { Draft } from "./draft.ts";
import type { NodeName, ServerName } from "./names.ts";
import { dropIdleNodes } from "./node.ts";

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
  /** HTML shown instead of the application's maintenance page while this mode leaves it without a server. */
  readonly page?: string;
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

/** Sets the mode of a server or node; refuses a name that is not known. */
export function setMode(draft: Draft, wish: ModeWish & { readonly target: ModeTarget }): void {
  if (wish.target.kind === "server") setServerMode(draft, wish.target.name, wish);
  else setNodeMode(draft, wish.target.name, wish);
}

function setServerMode(draft: Draft, name: ServerName, wish: ModeWish): void {
  const server = draft.servers.get(name);
  if (server === undefined) {
    draft.faults.push(
      fault("SERVER_UNKNOWN", `Cannot set mode of server "${name}": there is no such server`),
    );
    return;
  }
  const mode = nextMode(draft, server.mode, wish);
  if (mode === server.mode) return;
  draft.servers.set(name, { ...server, mode });
  draft.events.push(modeEvent(draft, { kind: "server.mode", name, before: server.mode, after: mode }));
}

function setNodeMode(draft: Draft, name: NodeName, wish: ModeWish): void {
  const node = draft.nodes.get(name);
  if (node === undefined) {
    draft.faults.push(fault("NODE_UNKNOWN", `Cannot set mode of node "${name}": there is no such node`));
    return;
  }
  const mode = nextMode(draft, node.mode, wish);
  if (mode === node.mode) return;
  draft.nodes.set(name, { ...node, mode });
  draft.events.push(modeEvent(draft, { kind: "node.mode", name, before: node.mode, after: mode }));
  dropIdleNodes(draft);
}

/** What is asked for; actor and reason are those of the command. */
type ModeWish = Pick<ModeSetting, "mode" | "until" | "page">;

/**
 * The setting after a wish. The same mode again keeps `since`; it changes only what is given anew, so that a script that
 * repeats itself changes nothing.
 */
function nextMode(draft: Draft, before: ModeSetting, wish: ModeWish): ModeSetting {
  const { actor, reason } = draft.origin;
  const given = {
    ...(reason === undefined ? {} : { reason }),
    ...(wish.until === undefined ? {} : { until: wish.until }),
    ...(wish.page === undefined ? {} : { page: wish.page }),
  };
  if (wish.mode !== before.mode) return { mode: wish.mode, since: draft.now, actor, ...given };
  const isKept =
    (reason === undefined || reason === before.reason) &&
    (wish.until === undefined || wish.until === before.until) &&
    (wish.page === undefined || wish.page === before.page);
  return isKept ? before : { ...before, actor, ...given };
}

/** `Server02: mode break (was normal), for 30 min, because "disk swap"`. */
function modeEvent(
  draft: Draft,
  change: {
    readonly kind: string;
    readonly name: string;
    readonly before: ModeSetting;
    readonly after: ModeSetting;
  },
): DomainEvent {
  const { kind, name, before, after } = change;
  const because = after.reason === undefined ? "" : `, because "${after.reason}"`;
  const time =
    after.until === undefined ? "" : `, for ${formatDurationMs(Math.max(0, after.until - draft.now))}`;
  const was = before.mode === after.mode ? "as before" : `(was ${before.mode})`;
  const { page, ...setting } = after;
  const shown = page === undefined ? "" : ", with a page of its own";
  const message = `${name}: mode ${after.mode} ${was}${time}${because}${shown}`;
  // The page itself is in the command; here it would only make long lines longer.
  return {
    kind,
    subject: name,
    message,
    detail: { was: before.mode, ...setting, hasPage: page !== undefined },
  };
}
