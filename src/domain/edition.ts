// An edition: one version of an application, beside others.
//
//   distributed ──start──▶ running ──a newer one starts──▶ retiring ──deadline, undeploy──▶ stopping
//        ▲                    ▲                              │  │                              │
//        │                    └── start, or undeploy of the ─┘  └──drained──┐     finished or ──┤
//        │                        newer one: a rollback                     ▼   time is over    ▼
//        └──────────────────────────distribute──────────────────────── undeployed ◀────────────┘
//
//   running ──undeploy──▶ stopping;   distributed ──undeploy──▶ undeployed;   with --force: at once undeployed
//
// External servers: somebody else brings the edition there; declaring it with its targets makes it distributed or running.
// `lifecycle.ts` has the verbs.

import { isDeepStrictEqual } from "node:util";
import { fault } from "../base/fault.ts";
import type { EpochMs, Revision } from "../base/units.ts";
import type { DomainEvent, EditionDeclaration } from "./command.ts";
import type { Draft } from "./draft.ts";
import type { ApplicationId, ClusterName, EditionLabel, RouteId, ServerName } from "./names.ts";

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
  | {
      readonly state: "running";
      readonly since: EpochMs;
      readonly revision: Revision;
      /** When it first had users, if that was before `since`: after a rollback. */
      readonly openedAt?: EpochMs;
    }
  | {
      readonly state: "retiring";
      readonly since: EpochMs;
      readonly revision: Revision;
      readonly until: EpochMs | "drained";
      /** When it first had users: none of its sessions is older. */
      readonly openedAt?: EpochMs;
    }
  /** No new request, also none of its sessions; what is in flight may finish until then (SPEC D12). */
  | {
      readonly state: "stopping";
      readonly since: EpochMs;
      readonly revision: Revision;
      readonly until: EpochMs;
    }
  /** Known, and nowhere: a file that still declares it does not bring it back; `distribute` does. */
  | { readonly state: "undeployed"; readonly since: EpochMs; readonly revision: Revision };

/** One version of an application: where it runs and how far it is in its life. */
export interface Edition {
  readonly label: EditionLabel;
  readonly targets: readonly Target[];
  readonly lifecycle: EditionState;
}

/** Routers know it: it is anywhere between distributed and stopping. */
export function isLive(edition: Edition): boolean {
  return edition.lifecycle.state !== "undeployed";
}

/** Declares an application's editions: those that exist keep their lifecycle, those not mentioned stay as they are. */
export function declareEditions(
  draft: Draft,
  application: ApplicationId,
  before: readonly Edition[],
  declarations: readonly EditionDeclaration[],
): readonly Edition[] {
  const editions = [...before];
  // From last to first: a new edition goes before the one that follows it in the declaration, else it is the newest.
  let follower = editions.length;
  const events: DomainEvent[] = [];
  const seen = new Set<EditionLabel>();
  for (const declaration of [...declarations].reverse()) {
    if (seen.has(declaration.label)) {
      draft.faults.push(
        fault("BAD_COMMAND", `Cannot declare edition "${declaration.label}" of "${application}" twice`),
      );
      continue;
    }
    seen.add(declaration.label);
    const at = editions.findIndex((edition) => edition.label === declaration.label);
    const existing = editions[at];
    if (existing === undefined) {
      const edition = newEdition(draft, declaration, editions.find(isRunning));
      editions.splice(follower, 0, edition);
      events.unshift(declaredEvent(application, edition));
      continue;
    }
    follower = at;
    if (isDeepStrictEqual(existing.targets, declaration.targets)) continue;
    editions[at] = { ...existing, targets: declaration.targets };
    events.unshift({
      kind: "edition.changed",
      subject: application,
      message: `${application}: edition "${declaration.label}" on ${targetsText(declaration.targets)} (was ${targetsText(existing.targets)})`,
    });
  }
  draft.events.push(...events);
  return editions;
}

/** One that is declared running while another runs waits for its start: a file never moves users (SPEC §6). */
function newEdition(draft: Draft, declaration: EditionDeclaration, running: Edition | undefined): Edition {
  const { label, targets, initialState } = declaration;
  const isOpened = initialState === "running" && running === undefined;
  const lifecycle: EditionState = isOpened
    ? { state: "running", since: draft.now, revision: draft.revision }
    : { state: "distributed" };
  return { label, targets, lifecycle };
}

function isRunning(edition: Edition): boolean {
  return edition.lifecycle.state === "running";
}

function declaredEvent(application: ApplicationId, edition: Edition): DomainEvent {
  const { label, lifecycle, targets } = edition;
  return {
    kind: `edition.${lifecycle.state}`,
    subject: application,
    message: `${application}: edition "${label}" declared ${lifecycle.state} on ${targetsText(targets)}`,
  };
}

/** `Cluster01, Server02 at 127.0.0.1:9082`. */
export function targetsText(targets: readonly Target[]): string {
  const words = targets.map((target) => {
    if (target.kind === "cluster") return target.cluster;
    return target.address === undefined ? target.server : `${target.server} at ${target.address}`;
  });
  return words.join(", ");
}

/**
 * Refuses targets that do not exist, that are members of a cluster (SPEC D3), or that come to the same instance twice.
 * A member with an address of its own is another process beside the cluster's, and may be a target.
 */
export function checkTargets(draft: Draft, application: ApplicationId, edition: Edition): void {
  if (!isLive(edition)) return;
  const what = `edition "${edition.label}" of "${application}"`;
  const seen = new Set<string>();
  if (edition.targets.length === 0) {
    draft.faults.push(fault("BAD_COMMAND", `Cannot declare ${what}: it has no targets`));
  }
  for (const target of edition.targets) {
    const found =
      target.kind === "cluster" ? checkCluster(draft, what, target) : checkServer(draft, what, target);
    if (found === undefined) continue;
    if (seen.has(found))
      draft.faults.push(fault("BAD_COMMAND", `Cannot declare ${what}: it has ${found} twice`));
    seen.add(found);
  }
}

/** What the target is, for telling two alike; undefined when it is refused. */
function checkCluster(
  draft: Draft,
  what: string,
  target: Target & { readonly kind: "cluster" },
): string | undefined {
  if (draft.clusters.has(target.cluster)) return `cluster "${target.cluster}"`;
  draft.faults.push(
    fault("BROKEN_REFERENCE", `Cannot declare ${what}: there is no cluster "${target.cluster}"`),
  );
  return undefined;
}

function checkServer(
  draft: Draft,
  what: string,
  target: Target & { readonly kind: "server" },
): string | undefined {
  const server = draft.servers.get(target.server);
  if (server === undefined) {
    draft.faults.push(
      fault("BROKEN_REFERENCE", `Cannot declare ${what}: there is no server "${target.server}"`),
    );
    return undefined;
  }
  const address = target.address ?? server.address;
  if (server.cluster !== undefined && address === server.address) {
    draft.faults.push(
      fault(
        "CLUSTER_MEMBER_TARGETED",
        `Cannot target server "${server.name}" with ${what}: it is a member of cluster "${server.cluster}"`,
        { hint: `Target cluster "${server.cluster}", or give the target an address of its own` },
      ),
    );
    return undefined;
  }
  return `server "${server.name}" at "${address}"`;
}
