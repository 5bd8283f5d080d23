// A server: a slot on a node that serves. External servers are somebody else's processes, which Tidegate only routes to.

import { fault } from "../base/fault.ts";
import type { ServerDeclaration } from "./command.ts";
import type { Draft } from "./draft.ts";
import { differences } from "./draft.ts";
import { isLive } from "./edition.ts";
import type { ModeSetting } from "./mode.ts";
import type { ClusterName, NodeName, RouteId, ServerName } from "./names.ts";
import { dropIdleNodes, nameNode } from "./node.ts";

/** An active probe of a server (SPEC §2 health): off unless declared. Times in ms. */
export type Probe =
  | { readonly kind: "off" }
  | {
      readonly kind: "tcp";
      readonly intervalMs: number;
      readonly timeoutMs: number;
      readonly fall: number;
      readonly rise: number;
    }
  | {
      readonly kind: "http";
      readonly path: string;
      /** Statuses that count as healthy, inclusive. */
      readonly statusMin: number;
      readonly statusMax: number;
      readonly intervalMs: number;
      readonly timeoutMs: number;
      /** Failures in a row that take it down, and successes in a row that bring it back. */
      readonly fall: number;
      readonly rise: number;
    };

/** A server as declared, with the mode that operators have set. */
export interface Server {
  readonly name: ServerName;
  readonly node: NodeName;
  readonly cluster?: ClusterName;
  /** `host:port`, `[v6]:port` or `unix:/path`. */
  readonly address: string;
  /** Route ids that lead to this server, the current one first; old ones stay as aliases so that cookies stay valid. */
  readonly routes: readonly RouteId[];
  readonly weight: number;
  readonly role: "primary" | "backup";
  /** Requests in flight at most over all workers; 0 means no limit. */
  readonly maxConnections: number;
  /** The weight grows linearly over this time after the server becomes available; 0 is off. */
  readonly slowStartMs: number;
  readonly probe: Probe;
  readonly mode: ModeSetting;
}

/** A machine that servers run on; it exists as soon as a server names it. */
export interface Node {
  readonly name: NodeName;
  readonly mode: ModeSetting;
}

const SERVER_WORDS = {
  node: "node",
  cluster: "cluster",
  address: "address",
  routes: "routes",
  weight: "weight",
  role: "role",
  maxConnections: "maxConnections",
  slowStartMs: "slow start ms",
  probe: "probe",
} as const;

/** Declares a server or changes one; its mode stays as it is. A new one starts in mode `normal`. */
export function declareServer(draft: Draft, declaration: ServerDeclaration): void {
  const before = draft.servers.get(declaration.name);
  const server = serverOf(declaration, before?.mode ?? initialMode(draft));
  nameNode(draft, server.node);
  if (before === undefined) {
    const where = server.cluster === undefined ? "" : ` in ${server.cluster}`;
    draft.servers.set(server.name, server);
    draft.events.push({
      kind: "server.declared",
      subject: server.name,
      message: `${server.name}: declared on ${server.node} at ${server.address}${where}`,
    });
    return;
  }
  const changes = differences(before, server, SERVER_WORDS);
  if (changes.length === 0) return;
  draft.servers.set(server.name, server);
  draft.events.push({
    kind: "server.changed",
    subject: server.name,
    message: `${server.name}: ${changes.join(", ")}`,
  });
}

function serverOf(declaration: ServerDeclaration, mode: ModeSetting): Server {
  const { name, node, cluster, address, routes, weight, role, maxConnections, slowStartMs, probe } =
    declaration;
  const server = { name, node, address, routes, weight, role, maxConnections, slowStartMs, probe, mode };
  return cluster === undefined ? server : { ...server, cluster };
}

function initialMode(draft: Draft): ModeSetting {
  return { mode: "normal", since: draft.now, actor: draft.origin.actor };
}

/** Refuses servers of clusters that do not exist. */
export function checkServers(draft: Draft): void {
  for (const server of draft.servers.values()) {
    if (server.cluster === undefined || draft.clusters.has(server.cluster)) continue;
    draft.faults.push(
      fault(
        "BROKEN_REFERENCE",
        `Cannot declare server "${server.name}": there is no cluster "${server.cluster}"`,
      ),
    );
  }
}

/** Removes a server, and its node with its last one. Refused while it is the target of an edition by itself. */
export function removeServer(draft: Draft, name: ServerName): void {
  if (!draft.servers.has(name)) {
    draft.faults.push(fault("SERVER_UNKNOWN", `Cannot remove server "${name}": there is no such server`));
    return;
  }
  for (const application of draft.applications.values()) {
    for (const edition of application.editions.filter(isLive)) {
      if (!edition.targets.some((target) => target.kind === "server" && target.server === name)) continue;
      draft.faults.push(
        fault(
          "BROKEN_REFERENCE",
          `Cannot remove server "${name}": it is a target of edition "${edition.label}" of "${application.id}"`,
          { hint: "Take the server out of the edition's targets, or remove the application first" },
        ),
      );
    }
  }
  draft.servers.delete(name);
  draft.events.push({ kind: "server.removed", subject: name, message: `${name}: removed` });
  dropIdleNodes(draft);
}
