// A cluster: servers alike, over which an application's requests are balanced.

import type { ClusterDeclaration } from "./command.ts";
import type { Draft } from "./draft.ts";
import { differences } from "./draft.ts";
import type { ClusterName } from "./names.ts";

/** Which instance a request without affinity gets (SPEC R4). */
export type Balance = "weighted-round-robin" | "random" | "least-in-flight" | "power-of-two";

/** How requests without affinity are spread over the members. */
export interface Cluster {
  readonly name: ClusterName;
  readonly balance: Balance;
  /** Affinity requests use up a server's turn too (WebSphere `IgnoreAffinityRequests=false`). */
  readonly countAffinity: boolean;
}

/** Declares a cluster or changes one. */
export function declareCluster(draft: Draft, declaration: ClusterDeclaration): void {
  const { name, balance, countAffinity } = declaration;
  const before = draft.clusters.get(name);
  const cluster: Cluster = { name, balance, countAffinity };
  if (before === undefined) {
    draft.clusters.set(name, cluster);
    draft.events.push({ kind: "cluster.declared", subject: name, message: `${name}: declared, ${balance}` });
    return;
  }
  const changes = differences(before, cluster, { balance: "balance", countAffinity: "countAffinity" });
  if (changes.length === 0) return;
  draft.clusters.set(name, cluster);
  draft.events.push({ kind: "cluster.changed", subject: name, message: `${name}: ${changes.join(", ")}` });
}
