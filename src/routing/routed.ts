// The classes behind `compiled.ts`: a table's applications, editions and instances with what deciding needs at hand.
// Made by `compile.ts`; only the picking fields of an instance change afterwards, and only its pool changes them.

import type { FingerprintSeed } from "../sessions/fingerprint.ts";
import type { AffinityPlan } from "./affinity-plan.ts";
import type { CompiledApplication, CompiledEdition, CompiledInstance, InstanceState } from "./compiled.ts";
import type { Pool } from "./pool.ts";
import { RouteMap } from "./route-map.ts";
import type { ApplicationEntry, EditionEntry, InstanceEntry } from "./table.ts";

/** An instance of the current table. */
export class RoutedInstance implements CompiledInstance {
  readonly entry: InstanceEntry;
  readonly state: InstanceState;
  readonly application: RoutedApplication;
  readonly edition: RoutedEdition;
  readonly route: string;
  readonly inFlightMax: number;
  /** The mode lets nothing through, or the edition is only distributed or stopping: not even requests with affinity. */
  readonly isClosed: boolean;
  /** New users may be sent here, marks and places aside: the mode is normal and the weight is not 0. */
  readonly isOpen: boolean;
  readonly isBackup: boolean;
  /** Where its picker keeps it, -1 for nowhere. */
  position = -1;
  /** By which its picker orders it; the least is next. */
  rank = 0;
  /** Decides among equals where the picker wants it to. */
  tieBreak = 0;
  #routeSuffix: Buffer | null = null;
  #servedByLine: Buffer | null = null;

  constructor(entry: InstanceEntry, state: InstanceState, edition: RoutedEdition, inFlightMax: number) {
    this.entry = entry;
    this.state = state;
    this.edition = edition;
    this.application = edition.application;
    this.route = entry.routes[0] ?? "";
    this.inFlightMax = inFlightMax;
    const { state: phase } = edition.entry;
    this.isClosed = entry.access === "closed" || phase === "distributed" || phase === "stopping";
    this.isOpen = entry.access === "open" && entry.weight > 0 && !this.isClosed;
    this.isBackup = entry.role === "backup";
  }

  /** Separator and route as they are appended to a cookie's value; always asked with the application's separator. */
  routeSuffix(separator: string): Buffer {
    this.#routeSuffix ??= Buffer.from(`${separator}${this.route}`, "latin1");
    return this.#routeSuffix;
  }

  /** The served-by header's whole line (R7); made when the first response asks. */
  get servedByLine(): Buffer {
    const name = this.application.entry.traffic.servedByHeader;
    this.#servedByLine ??= Buffer.from(`${name}: ${this.servedBy}\r\n`, "latin1");
    return this.#servedByLine;
  }

  /** `domain/node/server;edition`. */
  get servedBy(): string {
    return `${this.application.domain}/${this.entry.node}/${this.entry.server};${this.edition.entry.label}`;
  }
}

/** An edition of the current table; its pool says who gets the next request. */
export class RoutedEdition implements CompiledEdition {
  readonly entry: EditionEntry;
  readonly application: RoutedApplication;
  /** In order of declaration. */
  readonly instances: RoutedInstance[];
  /** Set by `compile.ts` when all instances are there. */
  pool: Pool | null = null;

  constructor(entry: EditionEntry, application: RoutedApplication) {
    this.entry = entry;
    this.application = application;
    this.instances = new Array(entry.instances.length);
  }

  get primaries(): readonly RoutedInstance[] {
    return this.instances.filter((instance) => !instance.isBackup);
  }

  get backups(): readonly RoutedInstance[] {
    return this.instances.filter((instance) => instance.isBackup);
  }
}

/** An application of the current table. */
export class RoutedApplication implements CompiledApplication {
  readonly entry: ApplicationEntry;
  readonly domain: string;
  readonly affinity: AffinityPlan;
  /** What the fingerprints of its sessions start from. */
  readonly seed: FingerprintSeed;
  readonly editions: RoutedEdition[];
  readonly routes: RouteMap = new RouteMap();
  /** Position in the table; moves when an application before it goes. */
  order: number;
  running: RoutedEdition | null = null;
  /** What the preview listener shows instead of this; null when nothing is hidden from users. */
  preview: RoutedApplication | null = null;
  /** This is such a preview. */
  readonly isPreview: boolean;
  #byKey: Map<string, RoutedInstance> | null = null;

  constructor(
    entry: ApplicationEntry,
    parts: {
      readonly domain: string;
      readonly order: number;
      readonly affinity: AffinityPlan;
      readonly seed: FingerprintSeed;
      readonly isPreview: boolean;
    },
  ) {
    this.entry = entry;
    this.domain = parts.domain;
    this.order = parts.order;
    this.affinity = parts.affinity;
    this.seed = parts.seed;
    this.isPreview = parts.isPreview;
    this.editions = new Array(entry.editions.length);
  }

  get instances(): readonly RoutedInstance[] {
    return this.editions.flatMap((edition) => edition.instances);
  }

  /** Made when somebody asks: deciding does not. */
  get byKey(): ReadonlyMap<string, RoutedInstance> {
    this.#byKey ??= new Map(this.instances.map((instance) => [instance.entry.key, instance]));
    return this.#byKey;
  }

  /** Lets go of the states whose instances the new table, which is open already, does not have. */
  forget(): void {
    this.preview?.forget();
    for (const edition of this.editions) {
      for (const { state } of edition.instances) if (state.routed?.edition === edition) state.routed = null;
    }
  }
}
