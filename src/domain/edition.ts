// An edition: one version of an application, beside others.
//
//   distributed ──start──▶ running ──retire──▶ retiring ──(drained or deadline)──▶ gone
//                             ▲                    │
//                             └──────start─────────┘   (a rollback: it never stopped)
//
// External servers: somebody else brings the edition there; declaring it with its targets makes it distributed or running.

import type { EpochMs, Revision } from "../base/units.ts";
import type { ClusterName, EditionLabel, RouteId, ServerName } from "./names.ts";

/** Where an edition runs. A server target may override the server's own address and route. */
export type Target =
  | { readonly kind: "cluster"; readonly cluster: ClusterName }
  | {
      readonly kind: "server";
      readonly server: ServerName;
      readonly address?: string;
      readonly routes?: readonly RouteId[];
    };

/** The life of an edition as routing sees it; its variants carry only what that state needs. */
export type EditionState =
  | { readonly state: "distributed" }
  | { readonly state: "running"; readonly since: EpochMs; readonly revision: Revision }
  | {
      readonly state: "retiring";
      readonly since: EpochMs;
      readonly revision: Revision;
      readonly until: EpochMs | "drained";
    };

export interface Edition {
  readonly label: EditionLabel;
  readonly targets: readonly Target[];
  readonly lifecycle: EditionState;
}
