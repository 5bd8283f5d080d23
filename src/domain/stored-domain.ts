// The stored form of a domain, for snapshots: plain JSON with lists for maps, in order of declaration.

import { fault } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { failed, ok } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import type { Application } from "./application.ts";
import type { Cluster } from "./cluster.ts";
import type { Domain } from "./domain.ts";
import type { Edition, EditionState } from "./edition.ts";
import type { ModePlan, ModeSetting } from "./mode.ts";
import type { Node, Server } from "./server.ts";
import {
  readApplication,
  readCluster,
  readDeadline,
  readServer,
  readTarget,
  readVirtualHost,
} from "./stored-parts.ts";
import { StoredReader } from "./stored-reader.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** Grows when a reader of the version before could not read it any more. */
const VERSION = 1;

/** A domain as plain JSON. */
export interface StoredDomain {
  readonly version: typeof VERSION;
  readonly name: string;
  readonly revision: number;
  readonly virtualHosts: readonly VirtualHost[];
  readonly clusters: readonly Cluster[];
  readonly nodes: readonly Node[];
  readonly servers: readonly Server[];
  readonly applications: readonly Application[];
}

/** The stored form of a domain. */
export function encodeDomain(domain: Domain): StoredDomain {
  return {
    version: VERSION,
    name: domain.name,
    revision: domain.revision,
    virtualHosts: [...domain.virtualHosts.values()],
    clusters: [...domain.clusters.values()],
    nodes: [...domain.nodes.values()],
    servers: [...domain.servers.values()],
    applications: [...domain.applications.values()],
  };
}

/** Reads a stored domain back; `JOURNAL_CORRUPT` names what is not as it should be. */
export function decodeDomain(value: unknown): Result<Domain> {
  const mistakes: string[] = [];
  const stored = new StoredReader(value, "domain", mistakes);
  const version = stored.number("version");
  if (mistakes.length === 0 && version !== VERSION) {
    return failed(
      fault(
        "JOURNAL_CORRUPT",
        `Cannot read the stored domain: its form is of version ${version}, not ${VERSION}`,
        {
          hint: "Start the version of Tidegate that wrote it, or a later one",
        },
      ),
    );
  }
  const domain: Domain = {
    name: stored.text("name"),
    revision: stored.number("revision"),
    virtualHosts: byName(stored.list("virtualHosts", readVirtualHost)),
    clusters: byName(stored.list("clusters", readCluster)),
    nodes: byName(stored.list("nodes", readNode)),
    servers: byName(
      stored.list("servers", (item) => ({ ...readServer(item), mode: readMode(item.object("mode")) })),
    ),
    applications: new Map(stored.list("applications", readWhole).map((whole) => [whole.id, whole])),
  };
  const [first] = mistakes;
  if (first === undefined) return ok(domain);
  return failed(fault("JOURNAL_CORRUPT", `Cannot read the stored domain: ${first}`, { details: mistakes }));
}

function byName<Name extends string, Noun extends { readonly name: Name }>(
  nouns: readonly Noun[],
): ReadonlyMap<Noun["name"], Noun> {
  return new Map(nouns.map((noun) => [noun.name, noun]));
}

function readNode(stored: StoredReader): Node {
  return { name: stored.text("name"), mode: readMode(stored.object("mode")) };
}

function readMode(stored: StoredReader): ModeSetting {
  return {
    ...readWish(stored),
    since: stored.number("since"),
    ...stored.optional("plan", (key) => readPlan(stored.object(key))),
  };
}

function readPlan(stored: StoredReader): ModePlan {
  return { ...readWish(stored), from: stored.number("from") };
}

function readWish(stored: StoredReader): Omit<ModePlan, "from"> {
  return {
    mode: stored.word("mode", ["normal", "affinity", "break", "stop"]),
    actor: stored.text("actor"),
    ...stored.optional("reason", (key) => stored.text(key)),
    ...stored.optional("until", (key) => stored.number<EpochMs>(key)),
    ...stored.optional("page", (key) => stored.text(key)),
  };
}

function readWhole(stored: StoredReader): Application {
  return { ...readApplication(stored), editions: stored.list("editions", readEdition) };
}

function readEdition(stored: StoredReader): Edition {
  return {
    label: stored.text("label"),
    targets: stored.list("targets", readTarget),
    lifecycle: readLifecycle(stored.object("lifecycle")),
  };
}

function readLifecycle(stored: StoredReader): EditionState {
  const state = stored.word("state", ["distributed", "running", "retiring", "stopping", "undeployed"]);
  if (state === "distributed") return { state };
  const since = stored.number<EpochMs>("since");
  const revision = stored.number<Domain["revision"]>("revision");
  if (state === "undeployed") return { state, since, revision };
  const openedAt = stored.optional("openedAt", (key) => stored.number<EpochMs>(key));
  if (state === "running") return { state, since, revision, ...openedAt };
  if (state === "stopping") return { state, since, revision, until: stored.number("until") };
  return { state, since, revision, until: readDeadline(stored), ...openedAt };
}
