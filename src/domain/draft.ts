// A draft of the next domain while one command is applied: verbs write into it, `apply` keeps or drops it whole.

import { isDeepStrictEqual } from "node:util";
import type { Fault } from "../base/fault.ts";
import type { EpochMs, Revision } from "../base/units.ts";
import type { Application } from "./application.ts";
import type { Cluster } from "./cluster.ts";
import type { DomainEvent, Origin } from "./command.ts";
import type { Domain } from "./domain.ts";
import type { ApplicationId, ClusterName, NodeName, ServerName, VirtualHostName } from "./names.ts";
import type { Node, Server } from "./server.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** Own copies of the domain's maps; the nouns in them are never changed in place. */
export interface Draft {
  /** The revision that the change gets when it is accepted. */
  readonly revision: Revision;
  readonly now: EpochMs;
  readonly origin: Origin;
  readonly virtualHosts: Map<VirtualHostName, VirtualHost>;
  readonly clusters: Map<ClusterName, Cluster>;
  readonly nodes: Map<NodeName, Node>;
  readonly servers: Map<ServerName, Server>;
  readonly applications: Map<ApplicationId, Application>;
  /** What has changed; none means that nothing has. */
  readonly events: DomainEvent[];
  /** Why the command is refused; all of them are told. */
  readonly faults: Fault[];
}

/** A draft that says what the domain says. */
export function openDraft(domain: Domain, origin: Origin, now: EpochMs): Draft {
  return {
    revision: (domain.revision + 1) as Revision,
    now,
    origin,
    virtualHosts: new Map(domain.virtualHosts),
    clusters: new Map(domain.clusters),
    nodes: new Map(domain.nodes),
    servers: new Map(domain.servers),
    applications: new Map(domain.applications),
    events: [],
    faults: [],
  };
}

/** The domain that the draft says; the draft must not be used afterwards. */
export function closeDraft(draft: Draft, name: string): Domain {
  return {
    name,
    revision: draft.revision,
    virtualHosts: draft.virtualHosts,
    clusters: draft.clusters,
    nodes: draft.nodes,
    servers: draft.servers,
    applications: draft.applications,
  };
}

/**
 * What differs between two values of one type, in the words of an event: `weight 3 (was 2), probe changed`.
 *
 * @param names - the fields to compare, each with its word; a field that is left out never counts as a change
 * @returns one entry for each field that differs
 */
export function differences<T extends object>(
  before: T,
  after: T,
  names: Readonly<Partial<Record<keyof T, string>>>,
): readonly string[] {
  const found: string[] = [];
  for (const field of Object.keys(names) as (keyof T)[]) {
    if (isDeepStrictEqual(before[field], after[field])) continue;
    const is = shortText(after[field]);
    const was = shortText(before[field]);
    const word = names[field] ?? String(field);
    found.push(is === undefined || was === undefined ? `${word} changed` : `${word} ${is} (was ${was})`);
  }
  return found;
}

const SHORT_TEXT_LENGTH = 80;

/** How a field's value is written in an event; undefined when it is too long or not flat. */
function shortText(value: unknown): string | undefined {
  if (value === undefined || value === "") return "none";
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    const parts = value.map(shortText);
    const text = parts.join(" ");
    return parts.includes(undefined) || text.length > SHORT_TEXT_LENGTH ? undefined : text;
  }
  if (typeof value === "object") return undefined;
  const text = String(value);
  return text.length > SHORT_TEXT_LENGTH ? undefined : text;
}
