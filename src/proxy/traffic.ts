// hot: bench/cases.ts
// Counts of what a worker has carried, per instance, since it started; `report.ts` of routing is their outside form.

import { word } from "../http1/octets.ts";
import type { CompiledInstance } from "../routing/compiled.ts";
import type { TrafficCounts } from "../routing/report.ts";
import { DURATION_BOUNDS_MS } from "../routing/report.ts";

const STATUS_CLASSES = 5;
const BOUNDS = DURATION_BOUNDS_MS.length;

/** Counts of one instance. */
export class InstanceTraffic {
  readonly application: string;
  readonly edition: string;
  readonly server: string;
  /** The three names as the access log writes them in JSON, from key to key. */
  readonly logNames: Uint8Array;
  readonly statuses: number[] = [0, 0, 0, 0, 0];
  readonly durations: number[] = DURATION_BOUNDS_MS.map(() => 0);
  durationSumMs = 0;
  requestBytes = 0;
  responseBytes = 0;
  retries = 0;
  connectFailures = 0;

  constructor(names: { readonly application: string; readonly edition: string; readonly server: string }) {
    this.application = names.application;
    this.edition = names.edition;
    this.server = names.server;
    this.logNames = word(
      `","application":"${this.application}","edition":"${this.edition}","server":"${this.server}","affinity":"`,
    );
    this.durations.push(0);
  }

  /** One answered exchange; `status` 0 when no status was sent. */
  count(status: number, durationMs: number): void {
    const statusClass = Math.floor(status / 100) - 1;
    if (statusClass >= 0 && statusClass < STATUS_CLASSES) {
      this.statuses[statusClass] = (this.statuses[statusClass] as number) + 1;
    }
    this.durationSumMs += durationMs;
    let bound = 0;
    while (bound < BOUNDS && durationMs > (DURATION_BOUNDS_MS[bound] as number)) bound += 1;
    this.durations[bound] = (this.durations[bound] as number) + 1;
  }

  /** The counts as a report carries them. */
  counts(): TrafficCounts {
    return {
      application: this.application,
      edition: this.edition,
      server: this.server,
      statuses: [...this.statuses],
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      durations: [...this.durations],
      durationSumMs: this.durationSumMs,
      retries: this.retries,
      connectFailures: this.connectFailures,
    };
  }
}

/** Counts by instance slot, and by application for requests that reached no instance. */
export class Traffic {
  readonly #bySlot: (InstanceTraffic | undefined)[] = [];
  readonly #unrouted = new Map<string, InstanceTraffic>();

  of(instance: CompiledInstance): InstanceTraffic {
    return this.#bySlot[instance.state.slot] ?? this.#add(instance);
  }

  /** Requests of an application that no instance took; `""` where not even the application is known. */
  unrouted(application: string): InstanceTraffic {
    let traffic = this.#unrouted.get(application);
    if (traffic === undefined) {
      traffic = new InstanceTraffic({ application, edition: "", server: "" });
      this.#unrouted.set(application, traffic);
    }
    return traffic;
  }

  counts(): readonly TrafficCounts[] {
    const all: TrafficCounts[] = [];
    for (const traffic of this.#bySlot) if (traffic !== undefined) all.push(traffic.counts());
    for (const traffic of this.#unrouted.values()) all.push(traffic.counts());
    return all;
  }

  #add(instance: CompiledInstance): InstanceTraffic {
    const traffic = new InstanceTraffic({
      application: instance.application.entry.id,
      edition: instance.edition.entry.label,
      server: instance.entry.server,
    });
    this.#bySlot[instance.state.slot] = traffic;
    return traffic;
  }
}
