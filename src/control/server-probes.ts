// The prober's place in control: what it finds becomes marks for the workers and a status for the views. A server's probe
// speaks for every instance that is dialled at the probed address.

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { Domain } from "../domain/domain.ts";
import { probeTargets } from "../health/probe-targets.ts";
import type { ProbeChange } from "../health/prober.ts";
import { Prober } from "../health/prober.ts";
import type { MarkMessage } from "../routing/messages.ts";
import type { InstanceEntry, RoutingTable } from "../routing/table.ts";
import type { Status } from "./instance-picture.ts";

/** What probes need. */
export interface ServerProbesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The table of the moment. */
  readonly table: () => RoutingTable;
  /** Tells the workers. */
  readonly mark: (message: MarkMessage) => void;
}

/** Probes the servers of the newest domain. `close` it. */
export class ServerProbes {
  readonly #parts: ServerProbesParts;
  readonly #prober: Prober;

  constructor(parts: ServerProbesParts) {
    this.#parts = parts;
    const { clock, random, log } = parts;
    this.#prober = new Prober({ clock, random, log, onChange: (change) => this.#tell(change) });
  }

  /** The domain from now on. To be called when the table of the same revision is published. */
  setDomain(domain: Domain): void {
    this.#prober.setTargets(probeTargets(domain));
  }

  /** The verdict on an address of a server; undefined when it is not probed. */
  statusOf(server: string, address: string): Status | undefined {
    const state = this.#prober.stateOf(server, address);
    if (state === undefined) return undefined;
    return { status: state.state, cause: state.state === "down" ? state.cause : null };
  }

  /** A mark for every instance that the probes hold down: what a worker that starts, or a new table, does not know. */
  downMarks(): readonly MarkMessage[] {
    return this.#instances().flatMap((entry) => {
      const status = this.statusOf(entry.server, entry.address);
      return status?.status === "down" ? [markOf(entry, "down", status.cause ?? "")] : [];
    });
  }

  /** May be called twice. */
  close(): void {
    this.#prober.close();
  }

  #tell(change: ProbeChange): void {
    for (const entry of this.#instances()) {
      if (entry.server !== change.server || entry.address !== change.address) continue;
      this.#parts.mark(markOf(entry, change.state, change.cause));
    }
  }

  #instances(): readonly InstanceEntry[] {
    return this.#parts
      .table()
      .applications.flatMap(({ editions }) => editions.flatMap(({ instances }) => instances));
  }
}

function markOf(entry: InstanceEntry, state: "down" | "up", cause: string): MarkMessage {
  return { kind: "mark", from: "control", key: entry.key, state, by: "probe", cause };
}
