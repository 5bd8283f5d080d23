// The servers as operators see them: what is declared, the mode, and what is known of them right now.

import type { Domain } from "../domain/domain.ts";
import type { ModePlan, ModeSetting } from "../domain/mode.ts";
import type { Server } from "../domain/server.ts";
import type { InstanceRow, Probed, Status } from "./instance-picture.ts";
import { sumWork } from "./instance-picture.ts";
import type { ModePlanView, ServerView } from "./operations.ts";
import { effectiveModeOf } from "./routing-table.ts";

/** A server's own mode, its node's, what follows from both, and the setting of the two that decides. */
export function modesOf(
  domain: Domain,
  server: Server,
): Pick<ServerView, "mode" | "nodeMode" | "effectiveMode"> & { readonly decisive: ModeSetting } {
  const mode = server.mode.mode;
  const nodeSetting = domain.nodes.get(server.node)?.mode;
  const nodeMode = nodeSetting?.mode ?? "normal";
  const effectiveMode = effectiveModeOf(domain, server);
  const decisive = effectiveMode === mode || nodeSetting === undefined ? server.mode : nodeSetting;
  return { mode, nodeMode, effectiveMode, decisive };
}

/**
 * One view for each server, in order of declaration. Since when, by whom and why are those of the setting that decides:
 * the node's where the node is stricter.
 */
export function serverViews(
  domain: Domain,
  rows: readonly InstanceRow[],
  probed: Probed,
): readonly ServerView[] {
  const byServer = new Map<string, InstanceRow[]>();
  for (const row of rows) {
    const own = byServer.get(row.entry.server);
    if (own === undefined) byServer.set(row.entry.server, [row]);
    else own.push(row);
  }
  return [...domain.servers.values()].map((server) => {
    const own = byServer.get(server.name) ?? [];
    const { decisive, ...modes } = modesOf(domain, server);
    const work = sumWork(own);
    const { status, cause } = serverStatus(own, probed(server.name, server.address));
    return {
      name: server.name,
      node: server.node,
      cluster: server.cluster ?? null,
      address: server.address,
      type: "external",
      weight: server.weight,
      role: server.role,
      ...modes,
      modeSince: decisive.since,
      modeActor: decisive.actor,
      modeReason: decisive.reason ?? null,
      modeUntil: decisive.until ?? null,
      modeHasPage: decisive.page !== undefined,
      modePlan: nextPlan(domain, server),
      status,
      statusCause: cause,
      inFlight: work.inFlight,
      sessions: own.reduce((sum, row) => sum + row.sessions, 0),
      tunnels: work.webSockets + work.streams + work.tunnels,
      editions: own.map((row) => `${row.application.id}/${row.edition.label}`),
    };
  });
}

/** The sooner one of the server's own plan and its node's. */
function nextPlan(domain: Domain, server: Server): ModePlanView | null {
  const own = server.mode.plan;
  const nodes = domain.nodes.get(server.node)?.mode.plan;
  if (own !== undefined && (nodes === undefined || own.from <= nodes.from)) return planView(own, "server");
  return nodes === undefined ? null : planView(nodes, "node");
}

function planView(plan: ModePlan, of: ModePlanView["of"]): ModePlanView {
  const { mode, from, until = null, actor, reason = null, page } = plan;
  return { mode, from, until, actor, reason, hasPage: page !== undefined, of };
}

/** Down as soon as one of its instances is: the cause names which one when they differ. */
function serverStatus(rows: readonly InstanceRow[], probed: Status | undefined): Status {
  const down = rows.filter((row) => row.status === "down");
  const first = down[0];
  if (first !== undefined) {
    const cause = first.cause ?? "no answer";
    const named = `${first.application.id}/${first.edition.label}: ${cause}`;
    return { status: "down", cause: down.length === rows.length ? cause : named };
  }
  if (rows.some((row) => row.status === "up")) return { status: "up", cause: null };
  return probed ?? { status: "unknown", cause: null };
}
