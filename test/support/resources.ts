// A small domain for tests: "shop" on two servers of one cluster.

import type { Affinity, SessionSettings, TrafficSettings } from "../../src/domain/application.ts";
import type { Resources, ServerDeclaration } from "../../src/domain/command.ts";
import type {
  ApplicationId,
  ClusterName,
  EditionLabel,
  NodeName,
  RouteId,
  ServerName,
  VirtualHostName,
} from "../../src/domain/names.ts";

/** Affinity, sessions and traffic of an application that has nothing particular. */
export const SUFFIX: Affinity = { style: "suffix", cookie: "JSESSIONID", separator: ":", cacheIdLength: 0 };
export const SESSIONS: SessionSettings = { idleMs: 1_800_000, absoluteMs: 0, endedHeader: "session-ended" };
export const TRAFFIC: TrafficSettings = {
  connectMs: 5000,
  firstByteMs: 60_000,
  betweenBytesMs: 60_000,
  tunnelIdleMs: 3_600_000,
  retryIntervalMs: 60_000,
  postBufferBytes: 65_536,
  queueLimit: 100,
  queueMs: 5000,
  closeSpreadMs: 5000,
  servedByHeader: "",
};

/** An external server of Cluster01 on node01. */
export function server(name: string, port: number): ServerDeclaration {
  return {
    name: name as ServerName,
    node: "node01" as NodeName,
    cluster: "Cluster01" as ClusterName,
    address: `127.0.0.1:${port}`,
    routes: [name.toLowerCase() as RouteId],
    weight: 1,
    role: "primary",
    maxConnections: 0,
    slowStartMs: 0,
    probe: { kind: "off" },
  };
}

/** "shop" under /shop, edition 1 running on Server01 and Server02, affinity by suffix. */
export function shop(): Resources {
  return {
    virtualHosts: [],
    clusters: [{ name: "Cluster01" as ClusterName, balance: "weighted-round-robin", countAffinity: false }],
    servers: [server("Server01", 9081), server("Server02", 9082)],
    applications: [
      {
        id: "shop" as ApplicationId,
        virtualHosts: ["default_host" as VirtualHostName],
        contextRoots: ["/shop"],
        paths: [],
        affinity: SUFFIX,
        sessions: SESSIONS,
        traffic: TRAFFIC,
        onInstanceLost: "move",
        maintenancePage: "",
        editions: [
          {
            label: "1" as EditionLabel,
            targets: [{ kind: "cluster", cluster: "Cluster01" as ClusterName }],
            initialState: "running",
          },
        ],
      },
    ],
  };
}
