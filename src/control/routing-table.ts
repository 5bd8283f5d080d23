// Makes the routing table of a domain's revision, and the change that leads from one table to the next. Pure.

import { isDeepStrictEqual } from "node:util";
import type { EpochMs } from "../base/units.ts";
import type { Application } from "../domain/application.ts";
import type { Cluster } from "../domain/cluster.ts";
import type { Domain } from "../domain/domain.ts";
import type { Edition } from "../domain/edition.ts";
import type { Instance, Members } from "../domain/instance.ts";
import { instancesOf, membersOf } from "../domain/instance.ts";
import type { Mode, ModeSetting } from "../domain/mode.ts";
import { accessOf, stricter } from "../domain/mode.ts";
import type { Server } from "../domain/server.ts";
import type {
  ApplicationEntry,
  EditionEntry,
  InstanceEntry,
  RoutingTable,
  TableChange,
  TableSecrets,
} from "../routing/table.ts";
import { sameEntries } from "./table-reuse.ts";

/** What `Retry-After` says when no mode gives a time: most restarts are over by then. */
const RETRY_AFTER_SECONDS = 30;

/** A domain with the table that was made of it. */
export interface DomainTable {
  readonly domain: Domain;
  readonly table: RoutingTable;
}

/**
 * The table by which routers decide at the domain's revision. The same domain always gives an equal table.
 *
 * @param before - an earlier one, whose entries are used again where nothing has changed that they are made of
 */
export function routingTableOf(domain: Domain, secrets: TableSecrets, before?: DomainTable): RoutingTable {
  const members = membersOf(domain.servers);
  const known = new Map(before?.table.applications.map((entry) => [entry.id, entry]));
  const isSame = before === undefined ? () => false : sameEntries(before.domain, domain);
  return {
    version: 1,
    domain: domain.name,
    revision: domain.revision,
    secrets,
    virtualHosts: [...domain.virtualHosts.values()],
    applications: [...domain.applications.values()].map((application) => {
      const entry = isSame(application) ? known.get(application.id) : undefined;
      return entry ?? applicationEntry(domain, application, members);
    }),
  };
}

/** A server's effective mode: the stricter of its own and its node's (SPEC M1). */
export function effectiveModeOf(domain: Domain, server: Server): Mode {
  const node = domain.nodes.get(server.node);
  return node === undefined ? server.mode.mode : stricter(server.mode.mode, node.mode.mode);
}

function applicationEntry(domain: Domain, application: Application, members: Members): ApplicationEntry {
  const { balance, countAffinity } = clusterOf(domain, application);
  return {
    id: application.id,
    virtualHosts: application.virtualHosts,
    contextRoots: application.contextRoots,
    paths: application.paths,
    affinity: application.affinity,
    sessions: application.sessions,
    traffic: application.traffic,
    balance,
    countAffinity,
    onInstanceLost: application.onInstanceLost,
    ...maintenanceOf(domain, application, members),
    editions: application.editions.flatMap((edition) => editionEntry(domain, application, edition, members)),
  };
}

/** How to balance: as the first cluster says that the newest running edition is on, else any edition's. */
function clusterOf(domain: Domain, application: Application): Pick<Cluster, "balance" | "countAffinity"> {
  const running = runningEditionOf(application);
  const editions = running === undefined ? application.editions : [running, ...application.editions];
  for (const edition of editions) {
    for (const target of edition.targets) {
      const cluster = target.kind === "cluster" ? domain.clusters.get(target.cluster) : undefined;
      if (cluster !== undefined) return cluster;
    }
  }
  return { balance: "weighted-round-robin", countAffinity: false };
}

/** The edition that gets new users. */
function runningEditionOf(application: Application): Edition | undefined {
  return application.editions.findLast((edition) => edition.lifecycle.state === "running");
}

function editionEntry(
  domain: Domain,
  application: Application,
  edition: Edition,
  members: Members,
): readonly EditionEntry[] {
  const { state } = edition.lifecycle;
  if (state === "undeployed") return [];
  const keys = new Set<string>();
  const instances = instancesOf(edition, domain.servers, members).map((instance) => {
    const key = instanceKey(`${application.id}/${edition.label}/${instance.server.name}`, instance, keys);
    keys.add(key);
    return instanceEntry(domain, instance, key);
  });
  return [{ label: edition.label, state, instances }];
}

/** A server that has the edition more than once is told apart by address, so that keys are stable over revisions. */
function instanceKey(plain: string, instance: Instance, taken: ReadonlySet<string>): string {
  return taken.has(plain) ? `${plain}@${instance.address}` : plain;
}

function instanceEntry(domain: Domain, instance: Instance, key: string): InstanceEntry {
  const { server } = instance;
  return {
    key,
    server: server.name,
    node: server.node,
    address: instance.address,
    routes: instance.routes,
    weight: server.weight,
    role: server.role,
    access: accessOf(effectiveModeOf(domain, server)),
    maxConnections: server.maxConnections,
    slowStartMs: server.slowStartMs,
  };
}

/** A time that the operators expect, and how far ahead it was when they said so. */
interface Expected {
  readonly at: EpochMs;
  readonly aheadMs: number;
}

const UNKNOWN: Expected = { at: Number.POSITIVE_INFINITY as EpochMs, aheadMs: Number.POSITIVE_INFINITY };

/**
 * What users are told who find no server. `retryAt` is for routers, which have a clock; a table has none, since it must be
 * the same whenever it is made, and so `retryAfterSeconds` counts from when the mode was set.
 */
function maintenanceOf(
  domain: Domain,
  application: Application,
  members: Members,
): Pick<ApplicationEntry, "maintenanceSince" | "retryAt" | "retryAfterSeconds" | "maintenancePage"> {
  const modes = maintenanceModesOf(domain, application, members);
  const maintenancePage = pageOf(modes.flat()) ?? application.maintenancePage;
  const since = modes.length === 0 ? {} : { maintenanceSince: startOf(modes) };
  const expected = modes.map(lastEnd).reduce(sooner, UNKNOWN);
  if (expected.at === UNKNOWN.at) {
    return { maintenancePage, ...since, retryAfterSeconds: RETRY_AFTER_SECONDS };
  }
  const retryAfterSeconds = Math.max(1, Math.ceil(expected.aheadMs / 1000));
  return { maintenancePage, ...since, retryAt: expected.at, retryAfterSeconds };
}

/** For each server of the running edition the modes that keep it from new users; none when a server is left to them. */
function maintenanceModesOf(
  domain: Domain,
  application: Application,
  members: Members,
): readonly (readonly ModeSetting[])[] {
  const edition = runningEditionOf(application);
  const modes: (readonly ModeSetting[])[] = [];
  for (const { server } of edition === undefined ? [] : instancesOf(edition, domain.servers, members)) {
    const node = domain.nodes.get(server.node);
    const settings = node === undefined ? [server.mode] : [server.mode, node.mode];
    const causes = settings.filter((setting) => setting.mode !== "normal");
    if (causes.length === 0) return [];
    modes.push(causes);
  }
  return modes;
}

/** The page that was given with the mode set last. */
function pageOf(modes: readonly ModeSetting[]): string | undefined {
  let newest: ModeSetting | undefined;
  for (const setting of modes) {
    if (setting.page !== undefined && setting.since >= (newest?.since ?? 0)) newest = setting;
  }
  return newest?.page;
}

/** It began for users when the last server went, each by the first of its modes. */
function startOf(modes: readonly (readonly ModeSetting[])[]): EpochMs {
  return Math.max(...modes.map((own) => Math.min(...own.map(({ since }) => since)))) as EpochMs;
}

/** A server is back when both its own mode and its node's are over. */
function lastEnd(modes: readonly ModeSetting[]): Expected {
  return modes.map(expectedEnd).reduce((one, other) => (other.at > one.at ? other : one));
}

/** The end that was planned, or else only told. */
function expectedEnd({ since, until: told, plan }: ModeSetting): Expected {
  const until = plan?.mode === "normal" ? plan.from : told;
  return until === undefined ? UNKNOWN : { at: until, aheadMs: until - since };
}

function sooner(one: Expected, other: Expected): Expected {
  return other.at < one.at ? other : one;
}

/**
 * What leads from one table to the next, for routers that hold `before`. Undefined when only the whole table will do:
 * another domain, other secrets, or a revision that is not later.
 */
export function tableChange(before: RoutingTable, after: RoutingTable): TableChange | undefined {
  const isAnotherLine = before.domain !== after.domain || !isDeepStrictEqual(before.secrets, after.secrets);
  if (isAnotherLine || after.revision <= before.revision) return undefined;
  const known = new Map(before.applications.map((entry) => [entry.id, entry]));
  const order = after.applications.map((entry) => entry.id);
  const isSameOrder =
    order.length === before.applications.length &&
    order.every((id, at) => id === before.applications[at]?.id);
  return {
    version: 1,
    from: before.revision,
    revision: after.revision,
    ...(areEqual(before.virtualHosts, after.virtualHosts) ? {} : { virtualHosts: after.virtualHosts }),
    changed: after.applications.filter((entry) => !isEqual(entry, known.get(entry.id))),
    ...(isSameOrder ? {} : { order }),
  };
}

/** Nearly all are the same object, which `isDeepStrictEqual` is slow to see. */
function isEqual(one: unknown, other: unknown): boolean {
  return one === other || isDeepStrictEqual(one, other);
}

function areEqual(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, at) => isEqual(item, other[at]));
}
