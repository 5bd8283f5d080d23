// Instances: an edition on a server. What an edition's targets come to, once clusters are expanded to their members.

import type { Edition } from "./edition.ts";
import type { ClusterName, RouteId, ServerName } from "./names.ts";
import type { Server } from "./server.ts";

/** An edition on a server, at the address and with the routes that hold for it. */
export interface Instance {
  readonly server: Server;
  readonly address: string;
  readonly routes: readonly RouteId[];
  /** The cluster by which it is a target; undefined for a server target. */
  readonly cluster: ClusterName | undefined;
}

/** The members of each cluster, in order of declaration. */
export type Members = ReadonlyMap<ClusterName, readonly Server[]>;

/** Groups servers by their cluster. */
export function membersOf(servers: ReadonlyMap<ServerName, Server>): Members {
  const members = new Map<ClusterName, Server[]>();
  for (const server of servers.values()) {
    if (server.cluster === undefined) continue;
    const list = members.get(server.cluster);
    if (list === undefined) members.set(server.cluster, [server]);
    else list.push(server);
  }
  return members;
}

/** All instances of an edition, in order of its targets. Targets that do not exist come to nothing. */
export function instancesOf(
  edition: Pick<Edition, "targets">,
  servers: ReadonlyMap<ServerName, Server>,
  members: Members,
): readonly Instance[] {
  const instances: Instance[] = [];
  for (const target of edition.targets) {
    if (target.kind === "cluster") {
      for (const server of members.get(target.cluster) ?? []) {
        instances.push({ server, address: server.address, routes: server.routes, cluster: target.cluster });
      }
      continue;
    }
    const server = servers.get(target.server);
    if (server === undefined) continue;
    const address = target.address ?? server.address;
    instances.push({ server, address, routes: target.routes ?? server.routes, cluster: undefined });
  }
  return instances;
}
