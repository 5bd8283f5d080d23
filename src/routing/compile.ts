// Makes of a routing table the form that decides requests. Applications whose entry is the same object as in the table before
// are kept with all they have; so is the map of hosts and paths when no root or alias changed.
//
// Compiling is a generator that pauses every few hundred instances: a worker runs it in slices between requests and installs
// the result in one turn. Only `install` touches what requests see.

import type { Revision } from "../base/units.ts";
import { fingerprintSeeds } from "../sessions/fingerprint.ts";
import type { AffinityContext } from "./affinity-plan.ts";
import type { CompiledApplications } from "./compiled.ts";
import { Plans } from "./plan-of.ts";
import { type Phases, Pool } from "./pool.ts";
import { previewEntry } from "./preview.ts";
import { RoutedApplication, RoutedEdition, RoutedInstance } from "./routed.ts";
import { haveSameSites, SiteMap } from "./site-map.ts";
import type { InstanceEntry, RoutingTable } from "./table.ts";
import { Tokens } from "./tokens.ts";

/** Instances or patterns between two pauses: well under a millisecond of work. */
const SLICE = 256;

/** A compiled table. */
export class CompiledTable implements CompiledApplications {
  readonly table: RoutingTable;
  readonly sites: SiteMap;
  /** By position. */
  readonly list: readonly RoutedApplication[];
  /** Those of the list that the table before does not have. */
  readonly fresh: readonly RoutedApplication[];
  readonly applications: ReadonlyMap<string, RoutedApplication>;
  /** Seals and opens the router's own cookies; kept as long as the keys are the same. */
  readonly tokens: Tokens;

  constructor(
    table: RoutingTable,
    parts: Pick<CompiledTable, "sites" | "list" | "fresh" | "applications" | "tokens">,
  ) {
    this.table = table;
    this.sites = parts.sites;
    this.list = parts.list;
    this.fresh = parts.fresh;
    this.applications = parts.applications;
    this.tokens = parts.tokens;
  }

  get revision(): Revision {
    return this.table.revision;
  }

  get domain(): string {
    return this.table.domain;
  }
}

/** How the shares of `maxConnections` are cut: this worker's slot, from 0, of so many workers. */
export interface WorkerShare {
  readonly worker: number;
  readonly workers: number;
}

/** What every table of a worker is compiled with. */
export interface CompileParts {
  readonly context: AffinityContext;
  readonly share: WorkerShare;
}

/** Compiles in slices: run it with `next()` until it is done; its result goes to `WorkerRouter.install`. */
export function* compileInSlices(
  table: RoutingTable,
  before: CompiledTable | null,
  parts: CompileParts,
): Generator<void, CompiledTable> {
  const list: RoutedApplication[] = [];
  const fresh: RoutedApplication[] = [];
  const applications = new Map<string, RoutedApplication>();
  const { secrets, domain } = table;
  const isSameLine = before !== null && before.domain === domain && sameSecrets(table, before.table);
  const tokens = isSameLine ? before.tokens : new Tokens(secrets.tokenKeys, parts.context.states);
  const plans = new Plans({ context: parts.context, tokens });
  const seedOf = fingerprintSeeds(secrets.fingerprintKey);
  const slices = new Slices();
  const inTable = { ...parts, slices, phases: { ...parts.share, revision: table.revision } };
  for (const entry of table.applications) {
    if (slices.isOver()) yield;
    let application = isSameLine ? before.applications.get(entry.id) : undefined;
    if (application?.entry !== entry) {
      const what = { domain, order: list.length, affinity: plans.of(entry), seed: seedOf(entry.id) };
      application = new RoutedApplication(entry, { ...what, isPreview: false });
      yield* compileEditions(application, inTable);
      fresh.push(application);
      const hidden = previewEntry(entry);
      if (hidden !== undefined) {
        application.preview = new RoutedApplication(hidden, { ...what, isPreview: true });
        yield* compileEditions(application.preview, inTable);
        fresh.push(application.preview); // behind it: the state of an instance that both have belongs to the preview
      }
    }
    list.push(application);
    applications.set(entry.id, application);
  }
  const isSameSite = before !== null && haveSameSites(table, before.table);
  const sites = isSameSite ? before.sites : yield* compileSites(table, slices);
  return new CompiledTable(table, { sites, list, fresh, applications, tokens });
}

/** Counts instances and patterns, and says when so many are done that others should have their turn. */
class Slices {
  #work = 0;

  isOver(): boolean {
    this.#work += 1;
    return this.#work % SLICE === 0;
  }
}

function* compileEditions(
  application: RoutedApplication,
  parts: CompileParts & { readonly slices: Slices; readonly phases: Phases },
): Generator<void, void> {
  for (const [order, entry] of application.entry.editions.entries()) {
    const edition = new RoutedEdition(entry, application);
    application.editions[order] = edition;
    if (entry.state === "running") application.running = edition;
    const pool = new Pool(edition, parts.context.random);
    edition.pool = pool;
    for (let at = 0; at < entry.instances.length; at += 1) {
      const declared = entry.instances[at] as InstanceEntry;
      const state = parts.context.states.stateOf(declared.key);
      const share = shareOf(declared.maxConnections, parts.share);
      const instance = new RoutedInstance(declared, state, edition, share);
      edition.instances[at] = instance;
      pool.add(instance, parts.phases);
      // Nobody has a session on a distributed edition, and its routes may be those that an older edition still serves.
      if (entry.state !== "distributed") {
        for (const route of declared.routes) application.routes.add(route, instance);
      }
      if (parts.slices.isOver()) yield;
    }
  }
}

function* compileSites(table: RoutingTable, slices: Slices): Generator<void, SiteMap> {
  const sites = new SiteMap();
  for (const host of table.virtualHosts) {
    sites.addVirtualHost(host);
    if (slices.isOver()) yield;
  }
  for (const [order, entry] of table.applications.entries()) {
    sites.addApplication(entry, order);
    if (slices.isOver()) yield;
  }
  return sites;
}

/**
 * This worker's share of a limit over all workers. Shares differ by one at most and add up to the limit, but for a limit
 * below the number of workers: then each worker may have one, since a connection belongs to one worker and a share of
 * none would refuse it for ever.
 */
export function shareOf(limit: number, share: WorkerShare): number {
  if (limit === 0) return Number.POSITIVE_INFINITY;
  const whole = Math.floor(limit / share.workers);
  return Math.max(1, whole + (share.worker < limit % share.workers ? 1 : 0));
}

function sameSecrets(one: RoutingTable, other: RoutingTable): boolean {
  return (
    one.secrets === other.secrets ||
    (one.secrets.fingerprintKey === other.secrets.fingerprintKey &&
      one.secrets.tokenKeys.join() === other.secrets.tokenKeys.join())
  );
}
