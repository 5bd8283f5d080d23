// One row for each instance of the routing table: its open work over all workers, its sessions, whether it answers. The
// views of servers, applications and metrics are sums over these rows.

import type { ApplicationEntry, EditionEntry, InstanceEntry, RoutingTable } from "../routing/table.ts";
import type { WorkerRecord } from "./workers.ts";

/** `up`, `down` with its cause, or `unknown` before anything was seen. */
export interface Status {
  readonly status: "up" | "down" | "unknown";
  readonly cause: string | null;
}

/** Open work of one instance over all workers of the router. */
export interface OpenWork {
  inFlight: number;
  webSockets: number;
  streams: number;
  /** Tunnels other than WebSocket. */
  tunnels: number;
  /** Requests that wait for a place. */
  queued: number;
}

/** An instance with what is known of it at one moment. */
export interface InstanceRow extends Status {
  readonly application: ApplicationEntry;
  readonly edition: EditionEntry;
  readonly entry: InstanceEntry;
  readonly work: Readonly<OpenWork>;
  readonly sessions: number;
  /** Its probe holds it down: traffic alone does not bring it back. */
  readonly isDownByProbe: boolean;
}

/** The probes' verdict on an address of a server; undefined when it is not probed. */
export type Probed = (server: string, address: string) => Status | undefined;

/** What the rows are made of. */
export interface Sightings {
  readonly table: RoutingTable;
  readonly workers: readonly WorkerRecord[];
  readonly probed: Probed;
  /** Live sessions bound to an instance. */
  readonly sessionsOf: (key: string) => number;
}

/** Makes the rows, in order of the table. */
export function instanceRows(sightings: Sightings): readonly InstanceRow[] {
  const work = openWork(sightings.workers);
  const marks = marksByKey(sightings.workers);
  const served = servedKeys(sightings.workers);
  const rows: InstanceRow[] = [];
  for (const application of sightings.table.applications) {
    for (const edition of application.editions) {
      for (const entry of edition.instances) {
        const probed = sightings.probed(entry.server, entry.address);
        rows.push({
          application,
          edition,
          entry,
          work: work.get(entry.key) ?? noWork(),
          sessions: sightings.sessionsOf(entry.key),
          isDownByProbe: probed?.status === "down",
          ...statusOf(entry.key, {
            marks,
            isServed: served.has(servedKey(application.id, edition.label, entry.server)),
            probed,
          }),
        });
      }
    }
  }
  return rows;
}

/** Sums the open work of every instance over the workers, those that the table has forgotten included. */
export function openWork(workers: readonly WorkerRecord[]): ReadonlyMap<string, Readonly<OpenWork>> {
  const byKey = new Map<string, OpenWork>();
  for (const { report } of workers) {
    for (const load of report?.load ?? []) {
      let sum = byKey.get(load.key);
      if (sum === undefined) {
        sum = noWork();
        byKey.set(load.key, sum);
      }
      sum.inFlight += load.inFlight;
      sum.webSockets += load.webSockets;
      sum.streams += load.streams;
      sum.tunnels += load.tunnels;
      sum.queued += load.queued;
    }
  }
  return byKey;
}

/** Adds work up; `rows` may be empty. */
export function sumWork(rows: readonly InstanceRow[]): Readonly<OpenWork> {
  const sum = noWork();
  for (const { work } of rows) {
    sum.inFlight += work.inFlight;
    sum.webSockets += work.webSockets;
    sum.streams += work.streams;
    sum.tunnels += work.tunnels;
    sum.queued += work.queued;
  }
  return sum;
}

function noWork(): OpenWork {
  return { inFlight: 0, webSockets: 0, streams: 0, tunnels: 0, queued: 0 };
}

function marksByKey(workers: readonly WorkerRecord[]): ReadonlyMap<string, string> {
  return new Map(workers.flatMap((worker) => [...worker.marks]));
}

/** What has answered a request of this router since its workers started. */
function servedKeys(workers: readonly WorkerRecord[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { report } of workers) {
    for (const { application, edition, server, statuses } of report?.traffic ?? []) {
      if (statuses.some((count) => count > 0)) keys.add(servedKey(application, edition, server));
    }
  }
  return keys;
}

/** Traffic is counted by names; an instance's own key also tells two addresses of one server apart. */
function servedKey(application: string, edition: string, server: string): string {
  return `${application}/${edition}/${server}`;
}

/** A mark by traffic counts more than a probe: it is about this instance, and newer. */
function statusOf(
  key: string,
  seen: {
    readonly marks: ReadonlyMap<string, string>;
    readonly isServed: boolean;
    readonly probed: Status | undefined;
  },
): Status {
  const mark = seen.marks.get(key);
  if (mark !== undefined) return { status: "down", cause: mark };
  if (seen.probed !== undefined && seen.probed.status !== "unknown") return seen.probed;
  return { status: seen.isServed ? "up" : "unknown", cause: null };
}
