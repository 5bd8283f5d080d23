// What an edition goes through, each verb at one revision (SPEC §6): two editions change places in one command, so that no
// request ever finds none or two of them open for new users. `edition.ts` draws the states.

import { isDeepStrictEqual } from "node:util";
import type { Fault } from "../base/fault.ts";
import { fault } from "../base/fault.ts";
import { hintFor } from "../base/nearest.ts";
import type { EpochMs } from "../base/units.ts";
import { formatDurationMs } from "../base/units.ts";
import type { Application } from "./application.ts";
import { checkApplications } from "./application.ts";
import type { DomainEvent } from "./command.ts";
import type { Draft } from "./draft.ts";
import type { Edition, EditionState, Target } from "./edition.ts";
import { isLive, targetsText } from "./edition.ts";
import type { ApplicationId, EditionLabel } from "./names.ts";

/** Which editions an undeploy means (SPEC E2); `only` is for when nothing was said. */
export type EditionChoice =
  | { readonly kind: "only" | "old" | "new" | "all" }
  | { readonly kind: "edition"; readonly label: EditionLabel };

/** How long an undeployed edition may finish what is in flight when nobody says (SPEC D12). */
export const GRACE_MS = 300_000;

/** Undeployed editions that an application remembers; the oldest ones are forgotten. */
export const UNDEPLOYED_MAX = 20;

/** Puts an edition beside the others: it is there, and served to nobody. Without targets it keeps those that it had. */
export function distributeEdition(
  draft: Draft,
  wish: {
    readonly application: ApplicationId;
    readonly label: EditionLabel;
    readonly targets?: readonly Target[];
  },
): void {
  const what = `Cannot distribute edition "${wish.label}" of "${wish.application}"`;
  const application = findApplication(draft, wish.application, what);
  if (application === undefined) return;
  const before = application.editions.find((edition) => edition.label === wish.label);
  const targets = wish.targets ?? before?.targets;
  if (targets === undefined) {
    draft.faults.push(
      fault("EDITION_UNKNOWN", `${what}: nobody has said where it is`, {
        hint: "Declare the edition in domain.yaml, or name its targets with --target",
      }),
    );
    return;
  }
  const state = before?.lifecycle.state;
  if (state === "distributed" && isDeepStrictEqual(targets, before?.targets)) return;
  if (state !== undefined && state !== "distributed" && state !== "undeployed") {
    const hint =
      state === "stopping" ? endsHint(application, wish.label) : "Give the new edition another label";
    draft.faults.push(wrongState(what, before as Edition, hint));
    return;
  }
  const edition: Edition = { label: wish.label, targets, lifecycle: { state: "distributed" } };
  // The newest is the last, also when an edition comes back that was undeployed.
  const others = application.editions.filter((other) => other !== before);
  draft.applications.set(application.id, { ...application, editions: [...others, edition] });
  draft.events.push(
    editionEvent(application, edition, "distributed", `distributed on ${targetsText(targets)}`),
  );
  checkApplications(draft, new Set());
}

/**
 * Opens an edition for new users; the one that had them retires in the same revision, until it is drained or `until`.
 * One that retires itself is opened again: a rollback.
 */
export function startEdition(
  draft: Draft,
  wish: {
    readonly application: ApplicationId;
    /** Undefined: the newest one that is distributed. */
    readonly label?: EditionLabel;
    readonly until: EpochMs | "drained";
  },
): void {
  const named = wish.label === undefined ? "" : ` edition "${wish.label}" of`;
  const what = `Cannot start${named} "${wish.application}"`;
  const application = findApplication(draft, wish.application, what);
  if (application === undefined) return;
  const edition = editionToStart(application, wish.label);
  if (edition === undefined) {
    draft.faults.push(
      wish.label === undefined
        ? fault("EDITION_STATE", `${what}: no edition is distributed`)
        : fault(
            "EDITION_UNKNOWN",
            `${what}: there is no such edition`,
            nearestLabel(application, wish.label),
          ),
    );
    return;
  }
  const { state } = edition.lifecycle;
  if (state === "running") return;
  if (state !== "distributed" && state !== "retiring") {
    const distribute = `Distribute it first: \`tidegate distribute ${application.id} --edition ${edition.label}\``;
    const hint = state === "stopping" ? endsHint(application, edition.label) : distribute;
    draft.faults.push(wrongState(what, edition, hint));
    return;
  }
  replaceEditions(draft, application, (other) => {
    if (other === edition) return opened(draft, edition);
    return other.lifecycle.state === "running" ? retired(draft, other, wish.until) : other.lifecycle;
  });
}

/** The edition that a start means: the one named, else the newest that is distributed, else the one that runs already. */
export function editionToStart(
  { editions }: Application,
  label: EditionLabel | undefined,
): Edition | undefined {
  if (label !== undefined) return editions.find((edition) => edition.label === label);
  return (
    editions.findLast(({ lifecycle }) => lifecycle.state === "distributed") ??
    editions.findLast(({ lifecycle }) => lifecycle.state === "running")
  );
}

/** Whether an edition is there, at these targets if any are named: a redeploy need not distribute it again. */
export function isDistributed(
  { editions }: Application,
  wish: { readonly label: EditionLabel; readonly targets?: readonly Target[] },
): boolean {
  const edition = editions.find(({ label }) => label === wish.label);
  if (edition === undefined || !isLive(edition)) return false;
  return wish.targets === undefined || isDeepStrictEqual(wish.targets, edition.targets);
}

/**
 * Takes editions out of service. The newest one while an older one retires: a rollback, the older one gets new users
 * again in the same revision.
 */
export function undeployEdition(
  draft: Draft,
  wish: {
    readonly application: ApplicationId;
    readonly choice: EditionChoice;
    /** How long users may stay, ms; undefined: requests in flight finish within `GRACE_MS`. */
    readonly drainMs?: number;
    /** At once: what is in flight is interrupted. */
    readonly isForced: boolean;
  },
): void {
  const what = `Cannot undeploy "${wish.application}"`;
  const application = findApplication(draft, wish.application, what);
  if (application === undefined) return;
  const chosen = chooseEditions(application, wish.choice, what);
  if (!Array.isArray(chosen)) {
    draft.faults.push(chosen as Fault);
    return;
  }
  const heir = heirOf(application, chosen);
  replaceEditions(draft, application, (edition) => {
    if (edition === heir) return opened(draft, edition);
    return chosen.includes(edition)
      ? leaving(draft, edition, { ...wish, hasHeir: heir !== undefined })
      : edition.lifecycle;
  });
}

/** Where an edition goes that is undeployed: at once, by a drain of its users, or by finishing its requests. */
function leaving(
  draft: Draft,
  edition: Edition,
  wish: { readonly drainMs?: number; readonly isForced: boolean; readonly hasHeir: boolean },
): EditionState {
  const { lifecycle } = edition;
  if (wish.isForced || lifecycle.state === "distributed") return undeployed(draft);
  const until = (draft.now + (wish.drainMs ?? GRACE_MS)) as EpochMs;
  const mayDrain = wish.drainMs !== undefined && (lifecycle.state === "retiring" || wish.hasHeir);
  if (mayDrain)
    return lifecycle.state === "retiring" ? { ...lifecycle, until } : retired(draft, edition, until);
  return lifecycle.state === "stopping" ? { ...lifecycle, until } : stopping(draft, until);
}

/** The edition that gets new users again when those chosen leave: the newest that retires, if the running one leaves. */
function heirOf(application: Application, chosen: readonly Edition[]): Edition | undefined {
  if (!chosen.some(({ lifecycle }) => lifecycle.state === "running")) return undefined;
  return application.editions.findLast(
    (edition) => edition.lifecycle.state === "retiring" && !chosen.includes(edition),
  );
}

/**
 * The next step of an edition that is leaving, when its time has come; a no-op for any other, so that a late word of a
 * watcher does no harm. Drained or finished: undeployed. Its deadline is over: it only finishes what is in flight.
 */
export function finishEdition(
  draft: Draft,
  wish: {
    readonly application: ApplicationId;
    readonly label: EditionLabel;
    /** The revision at which it began to retire or stop: one that has been opened since is another matter. */
    readonly since: number;
    readonly cause: "drained" | "deadline";
  },
): void {
  const application = draft.applications.get(wish.application);
  const edition = application?.editions.find(({ label }) => label === wish.label);
  if (application === undefined || edition === undefined) return;
  const { lifecycle } = edition;
  if (lifecycle.state !== "retiring" && lifecycle.state !== "stopping") return;
  if (lifecycle.revision !== wish.since) return;
  const mayFinish = lifecycle.state === "retiring" && wish.cause === "deadline";
  const next = mayFinish ? stopping(draft, (draft.now + GRACE_MS) as EpochMs) : undeployed(draft);
  replaceEditions(draft, application, (other) => (other === edition ? next : other.lifecycle), wish.cause);
}

function opened(draft: Draft, { lifecycle }: Edition): EditionState {
  const openedAt = lifecycle.state === "retiring" ? lifecycle.openedAt : undefined;
  const known = openedAt === undefined ? {} : { openedAt };
  return { state: "running", since: draft.now, revision: draft.revision, ...known };
}

function retired(draft: Draft, { lifecycle }: Edition, until: EpochMs | "drained"): EditionState {
  const openedAt = lifecycle.state === "running" ? (lifecycle.openedAt ?? lifecycle.since) : draft.now;
  return { state: "retiring", since: draft.now, revision: draft.revision, until, openedAt };
}

function stopping(draft: Draft, until: EpochMs): EditionState {
  return { state: "stopping", since: draft.now, revision: draft.revision, until };
}

function undeployed(draft: Draft): EditionState {
  return { state: "undeployed", since: draft.now, revision: draft.revision };
}

function chooseEditions(
  application: Application,
  choice: EditionChoice,
  what: string,
): readonly Edition[] | Fault {
  const live = application.editions.filter(isLive);
  if (live.length === 0) return fault("EDITION_STATE", `${what}: no edition of it is deployed`);
  const newest =
    live.findLast(({ lifecycle }) => lifecycle.state === "distributed" || lifecycle.state === "running") ??
    (live.at(-1) as Edition); // not empty
  switch (choice.kind) {
    case "all":
      return live;
    case "edition": {
      const found = live.find(({ label }) => label === choice.label);
      return found === undefined
        ? fault(
            "EDITION_UNKNOWN",
            `${what}: edition "${choice.label}" is not deployed`,
            nearestLabel(application, choice.label),
          )
        : [found];
    }
    case "only":
      return live.length === 1 ? live : ambiguous(live, what);
    default: {
      const old = live.filter((edition) => edition !== newest);
      if (choice.kind === "new" && old.length > 0) return [newest];
      if (choice.kind === "old" && old.length > 0) return old;
      return onlyOne(application, newest, `${what} --${choice.kind}`);
    }
  }
}

function onlyOne(application: Application, { label }: Edition, what: string): Fault {
  return fault(
    "EDITION_STATE",
    `${what}: there is no other edition beside "${label}", which stays as it is`,
    {
      hint: `An undeployed edition comes back with \`tidegate redeploy ${application.id} --edition LABEL\`; \`tidegate undeploy ${application.id} --all\` leaves its users none`,
    },
  );
}

function ambiguous(live: readonly Edition[], what: string): Fault {
  const editions = live.map(({ label, lifecycle }) => `"${label}" (${lifecycle.state})`).join(", ");
  return fault("EDITION_CHOICE", `${what}: it has editions ${editions}`, {
    hint: `Say which: --old, --new (a rollback), --all, or --edition LABEL`,
  });
}

/** Gives each edition the lifecycle that `next` says, and tells of those that changed. */
function replaceEditions(
  draft: Draft,
  application: Application,
  next: (edition: Edition) => EditionState,
  cause?: "drained" | "deadline",
): void {
  const editions = application.editions.map((edition) => {
    const lifecycle = next(edition);
    if (lifecycle === edition.lifecycle) return edition;
    const after = { ...edition, lifecycle };
    draft.events.push(changeEvent(draft, application, { before: edition, after, cause }));
    return after;
  });
  draft.applications.set(application.id, { ...application, editions: forgetOldest(editions) });
}

function forgetOldest(editions: readonly Edition[]): readonly Edition[] {
  let surplus = editions.filter((edition) => !isLive(edition)).length - UNDEPLOYED_MAX;
  return editions.filter((edition) => isLive(edition) || surplus-- <= 0);
}

/** `shop: edition "1" retiring (was running), until drained, at most 10 min, because "release 2"`. */
function changeEvent(
  draft: Draft,
  application: Application,
  change: { readonly before: Edition; readonly after: Edition; readonly cause: string | undefined },
): DomainEvent {
  const { before, after, cause } = change;
  const { lifecycle } = after;
  const until = "until" in lifecycle ? untilText(lifecycle.until, draft.now) : "";
  const why = cause === undefined ? "" : cause === "drained" ? ", drained" : ", its time is over";
  const isRollback = lifecycle.state === "running" && before.lifecycle.state === "retiring";
  const back = isRollback ? ", a rollback" : "";
  const text = `${lifecycle.state} (was ${before.lifecycle.state})${until}${why}${back}`;
  return editionEvent(application, after, lifecycle.state, text, before.lifecycle.state);
}

function untilText(until: EpochMs | "drained", now: EpochMs): string {
  return until === "drained" ? ", until drained" : `, at most ${formatDurationMs(Math.max(0, until - now))}`;
}

function editionEvent(
  application: Application,
  edition: Edition,
  state: EditionState["state"],
  text: string,
  was?: EditionState["state"],
): DomainEvent {
  return {
    kind: `edition.${state}`,
    subject: application.id,
    message: `${application.id}: edition "${edition.label}" ${text}`,
    detail: { edition: edition.label, ...(was === undefined ? {} : { was }) },
  };
}

function findApplication(draft: Draft, id: ApplicationId, what: string): Application | undefined {
  const application = draft.applications.get(id);
  if (application === undefined)
    draft.faults.push(fault("APPLICATION_UNKNOWN", `${what}: there is no such application`));
  return application;
}

function nearestLabel({ editions }: Application, label: string): { readonly hint: string } {
  const labels = editions.filter(isLive).map((edition) => edition.label);
  return hintFor("EDITION_UNKNOWN", label, labels);
}

/** One that stops cannot be opened again: its users go elsewhere already. */
function endsHint({ id }: Application, label: string): string {
  return `It is gone when its requests are done: try again then, or end it with \`tidegate undeploy ${id} --edition ${label} --force\``;
}

function wrongState(what: string, edition: Edition, hint: string): Fault {
  return fault("EDITION_STATE", `${what}: edition "${edition.label}" is ${edition.lifecycle.state}`, {
    hint,
  });
}
