// The answer to a change of mode: one line for each server that it concerns (SPEC M3).

import type { ModeTarget } from "../domain/command.ts";
import type { Domain } from "../domain/domain.ts";
import type { Mode, ModeSetting } from "../domain/mode.ts";
import type { Server } from "../domain/server.ts";
import type { AppliedEverywhere, ModeResult } from "./operations.ts";
import { modesOf } from "./server-views.ts";

/** What came of the change: the domain around it, where it is in force, and the open work per server. */
export interface ModeOutcome {
  readonly target: ModeTarget;
  readonly mode: Mode;
  readonly before: Domain;
  readonly after: Domain;
  readonly applied: AppliedEverywhere;
  readonly inFlightOf: (server: string) => number;
}

/** One result for the server, or one for each server of the node, in order of declaration. */
export function modeResults(outcome: ModeOutcome): readonly ModeResult[] {
  const { target, mode, before, after, applied } = outcome;
  const concerned = [...after.servers.values()].filter((server) =>
    target.kind === "server" ? server.name === target.name : server.node === target.name,
  );
  return concerned.map((server) => {
    const previous = before.servers.get(server.name) ?? server;
    const was = modesOf(before, previous);
    const [old, now] = [settingOf(before, previous, target), settingOf(after, server, target)];
    return {
      server: server.name,
      mode,
      was: target.kind === "server" ? was.mode : was.nodeMode,
      effectiveMode: modesOf(after, server).effectiveMode,
      appliedRouters: applied.applied,
      routers: applied.routers,
      missing: applied.missing,
      inFlight: outcome.inFlightOf(server.name),
      revision: applied.revision,
      plannedFrom: now?.plan?.from ?? null,
      note: noteOn(after, server, { ...outcome, old, now }),
    };
  });
}

/** The setting that the change is of. */
function settingOf(domain: Domain, server: Server, target: ModeTarget): ModeSetting | undefined {
  return target.kind === "server" ? server.mode : domain.nodes.get(server.node)?.mode;
}

interface Noted extends ModeOutcome {
  readonly old: ModeSetting | undefined;
  readonly now: ModeSetting | undefined;
}

function noteOn(domain: Domain, server: Server, { target, mode, old, now }: Noted): string | null {
  const notes: string[] = [];
  if (mode === "stop") notes.push(`stop acts as break, because "${server.name}" is external`);
  const { mode: own, nodeMode, effectiveMode } = modesOf(domain, server);
  if (now?.plan === undefined && old?.plan !== undefined) {
    notes.push(`the planned mode ${old.plan.mode} is given up`);
  }
  if (now?.plan === undefined && effectiveMode !== mode) {
    notes.push(
      target.kind === "server"
        ? `"${server.name}" stays in ${effectiveMode}, because its node "${server.node}" is in ${nodeMode}`
        : `"${server.name}" stays in ${effectiveMode}, because its own mode is ${own}`,
    );
  }
  return notes.length === 0 ? null : notes.join("; ");
}
