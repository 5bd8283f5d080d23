// The compiled routing table: finished answers, so that a decision allocates nothing. Made by `compile.ts`, never changed
// afterwards, but for `InstanceState`, which lives on from table to table.

import type { Revision } from "../base/units.ts";
import type { RoutedInstance } from "./routed.ts";
import type { ApplicationEntry, EditionEntry, InstanceEntry } from "./table.ts";

/** Counters and marks of one instance in this worker; found again by key when a new table comes. */
export class InstanceState {
  readonly key: string;
  /** Small whole number, unique in the worker: index into the proxy's own arrays (pools, counts). */
  readonly slot: number;
  /** Claimed and not yet released, tunnels and streams included. */
  inFlight = 0;
  webSockets = 0;
  tunnels = 0;
  streams = 0;
  queued = 0;
  /** 0 when it is up, else the monotonic ms since which it is marked down. */
  downSinceMs = 0;
  downCause = "";
  /** A trial is on its way, here or at another worker, since then; 0 when none is. */
  trialSinceMs = 0;
  /** When it became available, for slow start. */
  availableSinceMs = 0;
  /** Only a probe brings it back: a probe took it down, and traffic does not know better. */
  isDownByProbe = false;
  /** Monotonic ms of the last mark or trial: the next trial is due `retryIntervalMs` later. */
  lastTryMs = 0;
  /** A trial of this worker's own has not ended yet. */
  hasOwnTrial = false;
  /** The instance as the current table has it; null when it has none. Swapped when a table is installed. */
  routed: RoutedInstance | null = null;

  constructor(key: string, slot: number) {
    this.key = key;
    this.slot = slot;
  }
}

/** An instance as a decision finds it: what the table says, and its counters. */
export interface CompiledInstance {
  readonly entry: InstanceEntry;
  readonly state: InstanceState;
  readonly application: CompiledApplication;
  readonly edition: CompiledEdition;
  /** The route id to hand out, `""` when it has none. */
  readonly route: string;
  /** This worker's share of `maxConnections`; `Infinity` for no limit. */
  readonly inFlightMax: number;
  /** `domain/node/server;edition` for the served-by header. */
  readonly servedBy: string;
}

/** An edition with its instances in the order in which they are tried. */
export interface CompiledEdition {
  readonly entry: EditionEntry;
  readonly application: CompiledApplication;
  readonly primaries: readonly CompiledInstance[];
  readonly backups: readonly CompiledInstance[];
}

/** An application with everything a decision looks up. */
export interface CompiledApplication {
  readonly entry: ApplicationEntry;
  /** Position in the table: breaks ties of matching. */
  readonly order: number;
  readonly editions: readonly CompiledEdition[];
  /** The one that gets new users; null when none is running. */
  readonly running: CompiledEdition | null;
  readonly instances: readonly CompiledInstance[];
  readonly byKey: ReadonlyMap<string, CompiledInstance>;
}

/** What `compile.ts` makes of a table; how hosts and paths are looked up is its own affair. */
export interface CompiledApplications {
  readonly revision: Revision;
  readonly domain: string;
  readonly applications: ReadonlyMap<string, CompiledApplication>;
}
