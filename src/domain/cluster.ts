// A cluster: servers alike, over which an application's requests are balanced.

import type { ClusterName } from "./names.ts";

export type Balance = "weighted-round-robin" | "random" | "least-in-flight" | "power-of-two";

/** How requests without affinity are spread over the members. */
export interface Cluster {
  readonly name: ClusterName;
  readonly balance: Balance;
  /** Affinity requests use up a server's turn too (WebSphere `IgnoreAffinityRequests=false`). */
  readonly countAffinity: boolean;
}
