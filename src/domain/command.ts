// Commands: what operators, files and timers ask of the domain. `apply` turns one into events or refuses it.

import type { EpochMs } from "../base/units.ts";
import type { Affinity, Application, SessionSettings, TrafficSettings } from "./application.ts";
import type { Balance } from "./cluster.ts";
import type { Target } from "./edition.ts";
import type { EditionChoice } from "./lifecycle.ts";
import type { Mode } from "./mode.ts";
import type {
  ApplicationId,
  ClusterName,
  EditionLabel,
  NodeName,
  RouteId,
  ServerName,
  VirtualHostName,
} from "./names.ts";
import type { Probe } from "./server.ts";

/** Who asked, and why: in the journal and the events of every change. */
export interface Origin {
  /** A token's name, `local` for the Unix socket, or `file:domain.yaml`. */
  readonly actor: string;
  readonly reason?: string;
}

/** A virtual host as `domain.yaml` declares it. */
export interface VirtualHostDeclaration {
  readonly name: VirtualHostName;
  readonly aliases: readonly string[];
}

/** A cluster as `domain.yaml` declares it, complete with defaults. */
export interface ClusterDeclaration {
  readonly name: ClusterName;
  readonly balance: Balance;
  readonly countAffinity: boolean;
}

/** A server as `domain.yaml` declares it, complete with defaults; its mode is not the file's affair. */
export interface ServerDeclaration {
  readonly name: ServerName;
  readonly node: NodeName;
  readonly cluster?: ClusterName;
  readonly address: string;
  readonly routes: readonly RouteId[];
  readonly weight: number;
  readonly role: "primary" | "backup";
  readonly maxConnections: number;
  readonly slowStartMs: number;
  readonly probe: Probe;
}

/** An edition as `domain.yaml` declares it. */
export interface EditionDeclaration {
  readonly label: EditionLabel;
  readonly targets: readonly Target[];
  /** The state a new edition gets; an edition that exists keeps its own (SPEC: apply never resets runtime state). */
  readonly initialState: "distributed" | "running";
}

/** An application as `domain.yaml` declares it, complete with defaults. */
export interface ApplicationDeclaration {
  readonly id: ApplicationId;
  readonly virtualHosts: readonly VirtualHostName[];
  readonly contextRoots: readonly string[];
  readonly paths: readonly string[];
  readonly affinity: Affinity;
  readonly sessions: SessionSettings;
  readonly traffic: TrafficSettings;
  readonly onInstanceLost: Application["onInstanceLost"];
  readonly maintenancePage: string;
  readonly editions: readonly EditionDeclaration[];
}

/** What a `domain.yaml` says, complete with defaults. What it does not mention is left alone. */
export interface Resources {
  readonly virtualHosts: readonly VirtualHostDeclaration[];
  readonly clusters: readonly ClusterDeclaration[];
  readonly servers: readonly ServerDeclaration[];
  readonly applications: readonly ApplicationDeclaration[];
}

/** What a mode is set on. */
export type ModeTarget =
  | { readonly kind: "server"; readonly name: ServerName }
  | { readonly kind: "node"; readonly name: NodeName };

/** Everything that can be asked of the domain; `apply` accepts or refuses it whole. */
export type Command =
  | { readonly kind: "apply-resources"; readonly origin: Origin; readonly resources: Resources }
  | {
      readonly kind: "set-mode";
      readonly origin: Origin;
      readonly target: ModeTarget;
      readonly mode: Mode;
      /** Begins then; at once when it is left out or past. */
      readonly from?: EpochMs;
      readonly until?: EpochMs;
      /** HTML, instead of the application's maintenance page. */
      readonly page?: string;
    }
  /** The time of a planned mode has come. */
  | {
      readonly kind: "begin-planned-mode";
      readonly origin: Origin;
      readonly target: ModeTarget;
      /** Its start, so that a plan that was changed meanwhile is not begun. */
      readonly from: EpochMs;
    }
  /** Puts an edition beside the others, closed; without targets it keeps those that it had (SPEC D2, E3). */
  | {
      readonly kind: "distribute-edition";
      readonly origin: Origin;
      readonly application: ApplicationId;
      readonly label: EditionLabel;
      readonly targets?: readonly Target[];
    }
  /** Opens an edition; the running one retires until drained or `until` (SPEC E1). No label: the newest distributed one. */
  | {
      readonly kind: "start-edition";
      readonly origin: Origin;
      readonly application: ApplicationId;
      readonly label?: EditionLabel;
      readonly until: EpochMs | "drained";
    }
  /** Takes editions out of service, or rolls back (SPEC E2, E9, D12). `drainMs`: how long users may stay. */
  | {
      readonly kind: "undeploy-edition";
      readonly origin: Origin;
      readonly application: ApplicationId;
      readonly choice: EditionChoice;
      readonly drainMs?: number;
      readonly isForced: boolean;
    }
  /** What the watcher of drains says; `since` is the revision at which the edition began to retire or stop. */
  | {
      readonly kind: "finish-edition";
      readonly origin: Origin;
      readonly application: ApplicationId;
      readonly label: EditionLabel;
      readonly since: number;
      readonly cause: "drained" | "deadline";
    }
  | { readonly kind: "remove-server"; readonly origin: Origin; readonly name: ServerName }
  | { readonly kind: "remove-application"; readonly origin: Origin; readonly id: ApplicationId }
  /** Routers forget the session: its next request is a new user's. `fingerprint` as in `sessions ID`, 16 hex digits. */
  | {
      readonly kind: "end-session";
      readonly origin: Origin;
      readonly application: ApplicationId;
      readonly fingerprint: string;
    };

/** What has happened, in the words of the journal and of `tidegate events`. */
export interface DomainEvent {
  /** Such as `server.mode`, `server.declared`, `application.declared`, `edition.running`, `session.ended`. */
  readonly kind: string;
  /** The name or id of the thing concerned. */
  readonly subject: string;
  /** One sentence for people. */
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}
