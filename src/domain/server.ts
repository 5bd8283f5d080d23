// A server: a slot on a node that serves. External servers are somebody else's processes, which Tidegate only routes to.

import type { ModeSetting } from "./mode.ts";
import type { ClusterName, NodeName, RouteId, ServerName } from "./names.ts";

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
