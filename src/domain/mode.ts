// The operator's wish for a server or node (WebSphere "maintenance mode"): what may be routed to it.
//
//   normal ⇄ affinity ⇄ break ⇄ stop     every mode is reached from every other by `mode NAME MODE`
//
//   any mode ── `--from TIME` ──▶ the same, with a plan ── TIME has come ──▶ the planned mode
//
// A mode is independent of health and lifecycle; it stays until somebody changes it (SPEC M2), or has planned to.

import { isDeepStrictEqual } from "node:util";
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
  /** What it changes to by itself at a time that lies ahead (SPEC M5). */
  readonly plan?: ModePlan;
}

/** A mode that begins at its time, with all that will then be said of it. */
export interface ModePlan extends Omit<ModeSetting, "since" | "plan"> {
  readonly from: EpochMs;
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

/**
 * Sets the mode of a server or node, or plans it when its start lies ahead. A mode that is set at once gives up what was
 * planned: the last wish holds. Refuses a name that is not known, and an end that is not after the start.
 */
export function setMode(draft: Draft, wish: ModeWish & { readonly target: ModeTarget }): void {
  const { from, until } = wish;
  if (from !== undefined && until !== undefined && until <= from) {
    const message = `Cannot plan mode ${wish.mode} of "${wish.target.name}": it would end before it starts`;
    draft.faults.push(fault("BAD_COMMAND", message));
  } else if (from !== undefined && from > draft.now) {
    changeSetting(draft, wish.target, (before) => planned(draft, before, { ...wish, from }));
  } else {
    changeSetting(draft, wish.target, (before) => nextMode(draft, before, wish));
  }
}

/** Begins the mode that is planned from this time on; changes nothing when another or none is planned, or it is too early. */
export function beginPlannedMode(
  draft: Draft,
  { target, from }: { readonly target: ModeTarget; readonly from: EpochMs },
): void {
  changeSetting(draft, target, (before) => {
    if (before.plan?.from !== from || from > draft.now) return before;
    const { from: _, ...begun } = before.plan;
    return { ...begun, since: draft.now };
  });
}

/** What is asked for; actor and reason are those of the command. */
type ModeWish = Pick<ModeSetting, "mode" | "until" | "page"> & { readonly from?: EpochMs };

function changeSetting(draft: Draft, target: ModeTarget, next: (before: ModeSetting) => ModeSetting): void {
  if (target.kind === "server") changeServer(draft, target.name, next);
  else changeNode(draft, target.name, next);
}

function changeServer(draft: Draft, name: ServerName, next: (before: ModeSetting) => ModeSetting): void {
  const server = draft.servers.get(name);
  if (server === undefined) {
    draft.faults.push(
      fault("SERVER_UNKNOWN", `Cannot set mode of server "${name}": there is no such server`),
    );
    return;
  }
  const mode = next(server.mode);
  if (mode === server.mode) return;
  draft.servers.set(name, { ...server, mode });
  draft.events.push(settingEvent(draft, { noun: "server", name, before: server.mode, after: mode }));
}

function changeNode(draft: Draft, name: NodeName, next: (before: ModeSetting) => ModeSetting): void {
  const node = draft.nodes.get(name);
  if (node === undefined) {
    draft.faults.push(fault("NODE_UNKNOWN", `Cannot set mode of node "${name}": there is no such node`));
    return;
  }
  const mode = next(node.mode);
  if (mode === node.mode) return;
  draft.nodes.set(name, { ...node, mode });
  draft.events.push(settingEvent(draft, { noun: "node", name, before: node.mode, after: mode }));
  dropIdleNodes(draft);
}

/**
 * The setting after a wish. The same mode again keeps `since`; it changes only what is given anew, so that a script that
 * repeats itself changes nothing.
 */
function nextMode(draft: Draft, before: ModeSetting, wish: ModeWish): ModeSetting {
  const { actor, reason } = draft.origin;
  const given = givenWith(draft, wish);
  if (wish.mode !== before.mode) return { mode: wish.mode, since: draft.now, actor, ...given };
  const isKept =
    before.plan === undefined &&
    (reason === undefined || reason === before.reason) &&
    (wish.until === undefined || wish.until === before.until) &&
    (wish.page === undefined || wish.page === before.page);
  if (isKept) return before;
  const { plan: _, ...setting } = before;
  return { ...setting, actor, ...given };
}

/** The setting with another plan, or as it is when the very same is planned already. */
function planned(
  draft: Draft,
  before: ModeSetting,
  wish: ModeWish & { readonly from: EpochMs },
): ModeSetting {
  const { mode, from } = wish;
  const plan: ModePlan = { mode, from, actor: draft.origin.actor, ...givenWith(draft, wish) };
  return isDeepStrictEqual(plan, before.plan) ? before : { ...before, plan };
}

function givenWith(draft: Draft, wish: ModeWish): Pick<ModeSetting, "reason" | "until" | "page"> {
  const { reason } = draft.origin;
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(wish.until === undefined ? {} : { until: wish.until }),
    ...(wish.page === undefined ? {} : { page: wish.page }),
  };
}

interface SettingChange {
  readonly noun: ModeTarget["kind"];
  readonly name: string;
  readonly before: ModeSetting;
  readonly after: ModeSetting;
}

function settingEvent(draft: Draft, change: SettingChange): DomainEvent {
  const { plan } = change.after;
  return plan === undefined ? modeEvent(draft, change) : planEvent(draft, change, plan);
}

/** `Server02: mode break (was normal), for 30 min, because "disk swap"`. */
function modeEvent(draft: Draft, { noun, name, before, after }: SettingChange): DomainEvent {
  const { page, ...setting } = after;
  const was = before.mode === after.mode ? "as before" : `(was ${before.mode})`;
  const message = `${name}: mode ${after.mode} ${was}${circumstances(after, draft.now)}${planNote(draft, before)}`;
  // The page itself is in the command; here it would only make long lines longer.
  const detail = { was: before.mode, ...setting, hasPage: page !== undefined };
  return { kind: `${noun}.mode`, subject: name, message, detail };
}

/** `Server02: mode break planned in 2 h, for 30 min, because "disk swap"`. */
function planEvent(draft: Draft, { noun, name, after }: SettingChange, plan: ModePlan): DomainEvent {
  const { page, ...setting } = plan;
  const start = formatDurationMs(plan.from - draft.now);
  const message = `${name}: mode ${plan.mode} planned in ${start}${circumstances(plan, plan.from)}`;
  const detail = { is: after.mode, ...setting, hasPage: page !== undefined };
  return { kind: `${noun}.mode-planned`, subject: name, message, detail };
}

/** `, for 30 min, because "disk swap", with a page of its own`. */
function circumstances(setting: Pick<ModeSetting, "until" | "reason" | "page">, start: EpochMs): string {
  const { until, reason, page } = setting;
  const time = until === undefined ? "" : `, for ${formatDurationMs(Math.max(0, until - start))}`;
  const because = reason === undefined ? "" : `, because "${reason}"`;
  return `${time}${because}${page === undefined ? "" : ", with a page of its own"}`;
}

/** What has become of the plan there was: begun with this change, or given up. */
function planNote(draft: Draft, { plan }: ModeSetting): string {
  if (plan === undefined) return "";
  return plan.from <= draft.now ? ", as planned" : `; the planned mode ${plan.mode} is given up`;
}
