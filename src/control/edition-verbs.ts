// Start and redeploy as operators mean them: distribute → verify → switch. A step that fails leaves the one before intact.

import type { Clock } from "../base/clock.ts";
import { type Fault, fault } from "../base/fault.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import type { Command } from "../domain/command.ts";
import type { Domain } from "../domain/domain.ts";
import type { Edition } from "../domain/edition.ts";
import { editionToStart, isDistributed } from "../domain/lifecycle.ts";
import type { RedeployWish, StartWish, Submitted } from "./operations.ts";

/** More instances than these are not named. */
const NAMED_MAX = 20;

/** An instance that could not serve now, and why. */
export interface Unready {
  readonly server: string;
  readonly address: string;
  readonly cause: string;
}

/** What the verbs stand on. */
export interface EditionVerbs {
  readonly clock: Pick<Clock, "epochMs">;
  readonly domain: () => Domain;
  /** Accepts a command and waits for the routers. */
  readonly submit: (command: Command) => Promise<Result<Submitted>>;
  /** Asks every instance of an edition; answers with those that are not ready. */
  readonly unready: (edition: Edition) => Promise<readonly Unready[]>;
}

/** Opens an edition after its servers have answered for it (SPEC D2, E1); `EDITION_NOT_READY` when one has not. */
export async function startEdition(verbs: EditionVerbs, wish: StartWish): Promise<Result<Submitted>> {
  const { origin, application } = wish;
  const declared = verbs.domain().applications.get(application);
  const edition = declared === undefined ? undefined : editionToStart(declared, wish.label);
  if (edition !== undefined && !wish.isForced && mayOpen(edition)) {
    const unready = await verbs.unready(edition);
    if (unready.length > 0) return failed(notReady(application, edition, unready));
  }
  // The edition that was verified, though a newer one may have been distributed meanwhile.
  const label = edition?.label ?? wish.label;
  const { drainMs } = wish;
  const until = drainMs === undefined ? "drained" : ((verbs.clock.epochMs() + drainMs) as EpochMs);
  const which = label === undefined ? {} : { label };
  return verbs.submit({ kind: "start-edition", origin, application, ...which, until });
}

/** Distributes an edition unless it is there already, and starts it: two commands, of which the first may stand alone. */
export async function redeployEdition(verbs: EditionVerbs, wish: RedeployWish): Promise<Result<Submitted>> {
  const { origin, application, label, targets } = wish;
  const declared = verbs.domain().applications.get(application);
  if (declared !== undefined && isDistributed(declared, wish)) return startEdition(verbs, wish);
  const where = targets === undefined ? {} : { targets };
  const distributed = await verbs.submit({
    kind: "distribute-edition",
    origin,
    application,
    label,
    ...where,
  });
  if (!distributed.ok) return distributed;
  const started = await startEdition(verbs, wish);
  if (!started.ok) return failed(halfWay(started.fault, wish));
  return ok({ ...started.value, events: [...distributed.value.events, ...started.value.events] });
}

/** Any other is refused, or running already: there is nothing to verify. */
function mayOpen({ lifecycle }: Edition): boolean {
  return lifecycle.state === "distributed" || lifecycle.state === "retiring";
}

function notReady(application: string, { label }: Edition, unready: readonly Unready[]): Fault {
  const [first] = unready;
  const what = `Cannot start edition "${label}" of "${application}"`;
  const line = ({ server, address, cause }: Unready): string => `"${server}" at ${address}: ${cause}`;
  if (first === undefined || unready.length === 1) {
    return fault(
      "EDITION_NOT_READY",
      `${what}: it is not ready on ${first === undefined ? "any" : line(first)}`,
    );
  }
  const details = unready.slice(0, NAMED_MAX).map(line);
  if (unready.length > NAMED_MAX) details.push(`and ${unready.length - NAMED_MAX} more`);
  return fault("EDITION_NOT_READY", `${what}: it is not ready on ${unready.length} of its servers`, {
    details,
  });
}

function halfWay(start: Fault, { application, label }: RedeployWish): Fault {
  return {
    ...start,
    message: `${start.message}; it is distributed now, and stays so`,
    hint: `${start.hint}. \`tidegate start ${application} --edition ${label}\` opens it, \`tidegate undeploy ${application} --edition ${label}\` takes it away`,
  };
}
