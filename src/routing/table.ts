// The routing table of a revision, as control publishes it and routers receive it: plain JSON values, no code.
// `compile.ts` turns it into the form that decides requests. One of the two values in which the planes meet.

import type { EpochMs, Revision } from "../base/units.ts";
import type { Affinity, SessionSettings, TrafficSettings } from "../domain/application.ts";
import type { Balance } from "../domain/cluster.ts";
import type { Access } from "../domain/mode.ts";

/** One server with an edition of an application on it, as a router dials it. */
export interface InstanceEntry {
  /** Unique in the table and stable over revisions: `application/edition/server`. */
  readonly key: string;
  readonly server: string;
  readonly node: string;
  /** `host:port`, `[v6]:port` or `unix:/path`. */
  readonly address: string;
  /** Route ids, the current one first. May be empty (no affinity by suffix or rewrite). */
  readonly routes: readonly string[];
  readonly weight: number;
  readonly role: "primary" | "backup";
  readonly access: Access;
  /** Over all workers of the router; 0 is no limit. */
  readonly maxConnections: number;
  readonly slowStartMs: number;
}

/** An edition with the instances that it has. */
export interface EditionEntry {
  readonly label: string;
  /** stopping: finishes what is in flight; its sessions find their instance gone (SPEC A3, D12). */
  readonly state: "distributed" | "running" | "retiring" | "stopping";
  readonly instances: readonly InstanceEntry[];
}

/** All that routers need to know of an application. */
export interface ApplicationEntry {
  readonly id: string;
  readonly virtualHosts: readonly string[];
  readonly contextRoots: readonly string[];
  readonly paths: readonly string[];
  readonly affinity: Affinity;
  readonly sessions: SessionSettings;
  readonly traffic: TrafficSettings;
  readonly balance: Balance;
  readonly countAffinity: boolean;
  readonly onInstanceLost: "move" | "error";
  /** HTML; empty means the built-in page. */
  readonly maintenancePage: string;
  /** Since when it has no server for new users because of modes; left out while it has one. */
  readonly maintenanceSince?: EpochMs;
  /**
   * When the first server is expected back: present while all are in maintenance and somebody said until when. Until
   * then, `Retry-After` counts down to it.
   */
  readonly retryAt?: EpochMs;
  /** What `Retry-After` says otherwise, seconds. With `retryAt`, the whole time from when the mode was set. */
  readonly retryAfterSeconds: number;
  /** Oldest first. New users go to the last one that is running. */
  readonly editions: readonly EditionEntry[];
}

/** A virtual host's aliases, as `host:port` in lower case with `*` as wildcard. */
export interface VirtualHostEntry {
  readonly name: string;
  readonly aliases: readonly string[];
}

/** Keys for sealed tokens and session fingerprints: the first one seals, all of them open. Hex, 32 bytes each. */
export interface TableSecrets {
  readonly tokenKeys: readonly string[];
  readonly fingerprintKey: string;
}

/** The whole table of a revision. It holds secrets: it goes to workers only, never to logs or the API. */
export interface RoutingTable {
  readonly version: 1;
  readonly domain: string;
  readonly revision: Revision;
  readonly secrets: TableSecrets;
  readonly virtualHosts: readonly VirtualHostEntry[];
  readonly applications: readonly ApplicationEntry[];
}

/** What a router has before its first table. */
export const NO_TABLE: RoutingTable = {
  version: 1,
  domain: "",
  revision: 0 as Revision,
  secrets: { tokenKeys: [], fingerprintKey: "" },
  virtualHosts: [],
  applications: [],
};

/**
 * What changed between two revisions: applications that are new or different; one that is gone is not in `order`. A router that does not
 * hold `from` asks for the whole table instead.
 */
export interface TableChange {
  readonly version: 1;
  readonly from: Revision;
  readonly revision: Revision;
  /** Left out when they are as before. */
  readonly virtualHosts?: readonly VirtualHostEntry[];
  readonly changed: readonly ApplicationEntry[];
  /** All ids in order of declaration, which breaks ties of matching. Left out when there are the same as before. */
  readonly order?: readonly string[];
}
