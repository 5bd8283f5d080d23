// Reports of workers for tests, complete with defaults.

import type { Revision } from "../../src/base/units.ts";
import type { InstanceLoad, Report, TrafficCounts } from "../../src/routing/report.ts";
import { DURATION_BOUNDS_MS } from "../../src/routing/report.ts";

/** A report of worker 0 of incarnation `a` at revision 1, but for what is given. */
export function aReport(
  given: Partial<Omit<Report, "revision">> & { readonly revision?: number } = {},
): Report {
  return {
    version: 1,
    worker: 0,
    pid: 100,
    incarnation: "a",
    asked: 0,
    acceptedConnections: 0,
    openConnections: 0,
    load: [],
    leaving: [],
    traffic: [],
    causes: {},
    affinity: { none: 0, new: 0, kept: 0, "failed-over": 0, moved: 0, invalid: 0 },
    marks: [],
    sessions: 0,
    accessLogDropped: 0,
    heapBytes: 0,
    rssBytes: 0,
    ...given,
    revision: (given.revision ?? 1) as Revision,
  };
}

/** Counts of edition 1 of "shop" on "Server01", all 0 but for what is given; short lists are filled up with 0. */
export function traffic(given: Partial<TrafficCounts> = {}): TrafficCounts {
  const durations = new Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0);
  for (const [index, count] of (given.durations ?? []).entries()) durations[index] = count;
  return {
    application: "shop",
    edition: "1",
    server: "Server01",
    statuses: [0, 0, 0, 0, 0],
    requestBytes: 0,
    responseBytes: 0,
    durationSumMs: 0,
    retries: 0,
    connectFailures: 0,
    ...given,
    durations,
  };
}

/** Open work on an instance. */
export function load(key: string, given: Partial<InstanceLoad> = {}): InstanceLoad {
  return { key, inFlight: 0, webSockets: 0, tunnels: 0, streams: 0, queued: 0, ...given };
}
