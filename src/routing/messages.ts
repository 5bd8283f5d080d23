// What the processes of one router say to each other. The keeper passes messages on without reading them (`system/bus.ts`).

import type { Report } from "./report.ts";
import type { RoutingTable, TableChange } from "./table.ts";

/** A batch of session changes, replicated to every worker and to control (SPEC A5). Parallel arrays; see `sessions/replication.ts`. */
export interface SessionBatch {
  readonly kind: "sessions";
  readonly from: string;
  /** Set when the sender waits until everybody has it (learned sessions). */
  readonly ack?: number;
  readonly bytes: Uint8Array;
}

/** An instance was found down or up again. `by` is `traffic` or `probe`. */
export interface MarkMessage {
  readonly kind: "mark";
  readonly from: string;
  readonly key: string;
  readonly state: "down" | "trial" | "up";
  readonly by: "traffic" | "probe";
  readonly cause: string;
}

/** Everything that goes over the bus, by who says it. */
export type RouterMessage =
  /** Control → workers. */
  | { readonly kind: "table"; readonly table: RoutingTable }
  | { readonly kind: "table-change"; readonly change: TableChange }
  /** At once instead of with the next beat. A control that starts asks so, and adopts whoever answers. The report has the
   * number, which grows with each question, also over restarts. */
  | { readonly kind: "report-now"; readonly asked: number }
  | { readonly kind: "end-session"; readonly application: string; readonly fingerprint: string }
  /** Worker → control. A hello asks for the table and, of everybody, for the sessions they know. */
  | {
      readonly kind: "hello";
      readonly from: string;
      readonly worker: number;
      readonly pid: number;
      readonly incarnation: string;
    }
  | { readonly kind: "table-please"; readonly from: string }
  | { readonly kind: "report"; readonly from: string; readonly report: Report }
  /** Everybody → everybody. */
  | SessionBatch
  | { readonly kind: "sessions-ack"; readonly from: string; readonly ack: number }
  | MarkMessage
  /**
   * Keeper → everybody: which workers there are, with connections as last told, for even spreading. Sent to a process
   * when it starts, and at each change: a worker is on the list before anything it says is passed on. A slot is there
   * twice while its worker is replaced, the newest last.
   */
  | {
      readonly kind: "peers";
      readonly workers: readonly {
        readonly slot: number;
        readonly pid: number;
        readonly connections: number;
      }[];
    }
  /** Worker → keeper. */
  | { readonly kind: "connections"; readonly from: string; readonly open: number }
  /** Keeper → a process: finish within the grace, then end. `hasSuccessor`: another process serves in its place already. */
  | { readonly kind: "stop"; readonly graceMs: number; readonly hasSuccessor: boolean }
  /** Keeper → control: read the files again. */
  | { readonly kind: "reload" };
