// Control's end of the bus: tables go down to the workers of this router, hellos, reports and marks come up.
//
//   worker says hello ──▶ whole table       worker asks (table-please) ──▶ whole table
//   domain changes ──▶ table-change to all; who does not hold the revision that it starts from asks for the whole table
//   control starts ──▶ report-now to all: whoever answers is adopted, and gets the whole table if it lags (SPEC F1)

import type { Clock } from "../base/clock.ts";
import type { Domain } from "../domain/domain.ts";
import type { MarkMessage, RouterMessage } from "../routing/messages.ts";
import type { Report } from "../routing/report.ts";
import type { RoutingTable, TableSecrets } from "../routing/table.ts";
import type { Address, Bus } from "../system/bus.ts";
import { AppliedWaits } from "./applied-waits.ts";
import { routingTableOf, tableChange } from "./routing-table.ts";
import type { Heard } from "./workers.ts";
import { revisionOf, Workers } from "./workers.ts";

/** Who else listens to what the workers say. */
export interface LinkListeners {
  /** Every report of a live worker. */
  onReport(report: Report): void;
  /** A worker has ended; nothing more is heard of this incarnation. */
  onEnded(incarnation: string): void;
  onMark(mark: MarkMessage): void;
  /** Marks that a worker is to be told after its first table. */
  marksForNewcomer(): readonly MarkMessage[];
}

/** What a link needs. */
export interface LinkParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly router: string;
  readonly secrets: TableSecrets;
  readonly listeners: LinkListeners;
}

/** One router: this node's workers. */
export class RouterLink {
  readonly workers: Workers = new Workers();
  readonly waits: AppliedWaits;
  readonly #parts: LinkParts;
  /** What `#table` was made of. */
  #domain: Domain;
  #table: RoutingTable;
  /** Before, workers are not spoken to: the first table is to be the one that the included file leads to. */
  #hasGreeted = false;
  /** Above all numbers of the control before, whose questions mean nothing here. */
  #asked: number;

  /** @param domain - what the first table is made of */
  constructor(parts: LinkParts, domain: Domain) {
    this.#parts = parts;
    this.#domain = domain;
    this.#table = routingTableOf(domain, parts.secrets);
    this.#asked = parts.clock.epochMs();
    this.waits = new AppliedWaits({ router: parts.router, workers: this.workers, clock: parts.clock });
  }

  /** The table that the workers hold or are about to. */
  get table(): RoutingTable {
    return this.#table;
  }

  /** Asks the workers that outlived the control before this one for a report. Messages must be taken from now on. */
  greet(): void {
    this.#hasGreeted = true;
    this.ask();
  }

  /** Asks every worker for a report of what is there when the question comes. Returns the number that it will have. */
  ask(): number {
    this.#asked += 1;
    this.#parts.bus.send("workers", { kind: "report-now", asked: this.#asked });
    return this.#asked;
  }

  /** Makes the domain's table the current one and sends what changed to every worker. */
  publish(domain: Domain): void {
    const before = this.#table;
    this.#table = routingTableOf(domain, this.#parts.secrets, { domain: this.#domain, table: before });
    this.#domain = domain;
    if (!this.#hasGreeted) return;
    const change = tableChange(before, this.#table);
    if (change === undefined) this.#sendTable("workers");
    else this.#parts.bus.send("workers", { kind: "table-change", change });
  }

  /** Makes the workers forget a session. Before `publish` of the same revision: who has reported it has forgotten. */
  endSession(application: string, fingerprint: string): void {
    this.#parts.bus.send("workers", { kind: "end-session", application, fingerprint });
  }

  /** Tells the workers what a probe has found. */
  mark(message: MarkMessage): void {
    this.workers.mark(message);
    this.#parts.listeners.onMark(message);
    this.#parts.bus.send("workers", message);
  }

  /** Takes a message of the bus; those that are not for control are left to others. */
  receive(message: RouterMessage): void {
    const now = this.#parts.clock.monotonicMs();
    switch (message.kind) {
      case "hello":
        if (this.workers.hello(message, now) !== "ended") this.#welcome(message.from);
        break;
      case "table-please":
        this.#sendTable(message.from);
        break;
      case "report":
        this.#takeReport(message, this.workers.report(message.report, now));
        break;
      case "peers":
        for (const { incarnation } of this.workers.peers(message, now)) {
          if (incarnation !== undefined) this.#parts.listeners.onEnded(incarnation);
        }
        break;
      case "mark":
        this.workers.mark(message);
        this.#parts.listeners.onMark(message);
        break;
      default:
        return;
    }
    this.waits.workersChanged();
  }

  /** True when every live worker, and as many as are `expected`, decides by a table. */
  isServing(expected: number): boolean {
    const live = this.workers.live();
    const least = Math.min(1, this.#table.revision); // an empty domain's table has revision 0
    const holdsTable = live.every((worker) => worker.report !== undefined && revisionOf(worker) >= least);
    return live.length >= expected && holdsTable;
  }

  #takeReport({ from, report }: { readonly from: Address; readonly report: Report }, heard: Heard): void {
    if (heard === "ended") return;
    this.#parts.listeners.onReport(report);
    // A worker that outlived the control before this one, met for the first time by its answer.
    if (heard === "new" && report.revision !== this.#table.revision) this.#sendTable(from);
  }

  #welcome(to: Address): void {
    this.#sendTable(to);
    for (const mark of this.#parts.listeners.marksForNewcomer()) this.#parts.bus.send(to, mark);
  }

  #sendTable(to: Address): void {
    this.#parts.bus.send(to, { kind: "table", table: this.#table });
  }
}
