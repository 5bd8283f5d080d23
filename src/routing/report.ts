// What a worker reports to control: the other of the two values in which the planes meet. Plain JSON values.

import type { Revision } from "../base/units.ts";

/** Open work on one instance, in one worker; instances with nothing at all are left out. */
export interface InstanceLoad {
  readonly key: string;
  /** Claimed and not yet released, tunnels and streams included. */
  readonly inFlight: number;
  readonly webSockets: number;
  /** Tunnels other than WebSocket. */
  readonly tunnels: number;
  /** Server-sent event streams. */
  readonly streams: number;
  /** Requests that wait for a place (`maxConnections`). */
  readonly queued: number;
}

/** Counts since the worker started, for one instance (or one application when no instance was chosen: server ""). */
export interface TrafficCounts {
  readonly application: string;
  readonly edition: string;
  readonly server: string;
  /** By class: index 0 is 1xx … 4 is 5xx. */
  readonly statuses: readonly number[];
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Requests by duration; bounds in ms are `DURATION_BOUNDS_MS`, one more for above. */
  readonly durations: readonly number[];
  readonly durationSumMs: number;
  readonly retries: number;
  readonly connectFailures: number;
}

/** Upper bounds of the duration histogram, ms. */
export const DURATION_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000,
];

/** How a request found its instance. */
export type AffinityOutcome = "none" | "new" | "kept" | "failed-over" | "moved" | "invalid";

/** An edition that retires or stops by the worker's table, with the live sessions that the worker knows of. */
export interface LeavingCount {
  readonly application: string;
  readonly edition: string;
  readonly sessions: number;
}

/** All that a worker says of itself: once a second, and at once when it has applied a table, when it is asked, and when
 * the last work or session of an edition that leaves is gone. */
export interface Report {
  readonly version: 1;
  /** Slot of the worker in its router, from 0. */
  readonly worker: number;
  readonly pid: number;
  /** Told apart from an earlier worker in the same slot. */
  readonly incarnation: string;
  /** The revision by which every new request is decided; 0 before the first table. */
  readonly revision: Revision;
  /** Number of the last `report-now` that had come when this was counted; 0 before the first. */
  readonly asked: number;
  readonly acceptedConnections: number;
  readonly openConnections: number;
  readonly load: readonly InstanceLoad[];
  readonly leaving: readonly LeavingCount[];
  readonly traffic: readonly TrafficCounts[];
  /** Requests by termination cause (see `proxy/README.md`), since start. */
  readonly causes: Readonly<Record<string, number>>;
  readonly affinity: Readonly<Record<AffinityOutcome, number>>;
  /** Instances that this worker holds marked down. */
  readonly marks: readonly { readonly key: string; readonly cause: string; readonly ageMs: number }[];
  readonly sessions: number;
  readonly accessLogDropped: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}
