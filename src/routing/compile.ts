// Makes of a routing table the form that decides requests. Applications whose entry is the same object as in the table before
// are kept with all they have; so is the map of hosts and paths when no root or alias changed.
//
// Compiling is a generator that pauses every few hundred instances: a worker runs it in slices between requests and installs
// the result in one turn. Only `install` touches what requests see.

import type { Revision } from "../base/units.ts";
import type { AffinityContext } from "./affinity-plan.ts";
import type { CompiledApplications } from "./compiled.ts";
import { planOf } from "./plan-of.ts";
import { Pool } from "./pool.ts";
import { RouteMap } from "./route-map.ts";
import { RoutedApplication, RoutedEdition, RoutedInstance } from "./routed.ts";
import { haveSameSites, SiteMap } from "./site-map.ts";
import type { EditionEntry, RoutingTable } from "./table.ts";
import { Tokens } from "./tokens.ts";

/** Instances or patterns between two pauses: well under a millisecond of work. */
const SLICE = 256;

/** A compiled table. */
export class CompiledTable implements CompiledApplications {
  readonly table: RoutingTable;
  readonly sites: SiteMap;
  /** By position. */
  readonly list: readonly RoutedApplication[];
  readonly applications: ReadonlyMap<string, RoutedApplication>;
  /** Seals and opens the router's own cookies; kept as long as the keys are the same. */
  readonly tokens: Tokens;

  constructor(
    table: RoutingTable,
    parts: { readonly sites: SiteMap; readonly list: readonly RoutedApplication[]; readonly tokens: Tokens },
  ) {
    const { list } = parts;
    this.table = table;
    this.sites = parts.sites;
    this.list = list;
    this.tokens = parts.tokens;
    this.applications = new Map(list.map((application) => [application.entry.id, application]));
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
  const { secrets } = table;
  const hasSameSecrets = before !== null && sameSecrets(table, before.table);
  const tokens = hasSameSecrets ? before.tokens : new Tokens(secrets.tokenKeys, parts.context.states);
  let work = 0;
  for (const entry of table.applications) {
    work += 1;
    if (work % SLICE === 0) yield;
    const known = before?.applications.get(entry.id);
    if (hasSameSecrets && known?.entry === entry && known.domain === table.domain) {
      list.push(known);
      continue;
    }
    const application = new RoutedApplication(entry, {
      domain: table.domain,
      order: list.length,
      affinity: planOf(entry, { context: parts.context, secrets, tokens }),
      routes: new RouteMap(),
    });
    list.push(application);
    for (const edition of entry.editions) {
      work = yield* compileEdition(edition, application, { ...parts, revision: table.revision }, work);
    }
    application.running =
      application.editions.findLast((edition) => edition.entry.state === "running") ?? null;
  }
  const isSameSite = before !== null && haveSameSites(table, before.table);
  const sites = isSameSite ? before.sites : yield* compileSites(table);
  return new CompiledTable(table, { sites, list, tokens });
}

function* compileEdition(
  entry: EditionEntry,
  application: RoutedApplication,
  parts: CompileParts & { readonly revision: number },
  workBefore: number,
): Generator<void, number> {
  const edition = new RoutedEdition(entry, application);
  application.editions.push(edition);
  let work = workBefore;
  const pool = new Pool(edition, parts.context.random);
  edition.pool = pool;
  const phases = { ...parts.share, revision: parts.revision };
  for (const declared of entry.instances) {
    const state = parts.context.states.stateOf(declared.key);
    const instance = new RoutedInstance(
      declared,
      state,
      edition,
      shareOf(declared.maxConnections, parts.share),
    );
    edition.instances.push(instance);
    pool.add(instance, phases);
    // Nobody has a session on a distributed edition, and its routes may be those that an older edition still serves.
    if (entry.state !== "distributed") {
      for (const route of declared.routes) application.routes.add(route, instance);
    }
    work += 1;
    if (work % SLICE === 0) yield;
  }
  return work;
}

function* compileSites(table: RoutingTable): Generator<void, SiteMap> {
  const sites = new SiteMap();
  for (const host of table.virtualHosts) sites.addVirtualHost(host);
  let work = 0;
  for (const entry of table.applications) {
    sites.addApplication(entry, work);
    work += 1;
    if (work % SLICE === 0) yield;
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
