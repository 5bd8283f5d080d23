// What control knows of its router's workers: who lives, what each last reported, which instances each holds marked down.
// It learns from messages only and asks nobody; `applied-waits.ts` waits, `views` read.
//
//   unknown ──peers──▶ named ──hello or report──▶ known ──(gone from peers, or another incarnation in its slot)──▶ ended
//
// The keeper's `peers` is the truth about who lives. A worker that is named but has said nothing is live and has applied
// nothing: a new control must not answer "applied everywhere" before it has heard from everybody.

import type { MonotonicMs, Revision } from "../base/units.ts";
import type { MarkMessage, RouterMessage } from "../routing/messages.ts";
import type { Report } from "../routing/report.ts";

/** One live worker. `report` and `incarnation` are absent until it has said something. */
export interface WorkerRecord {
  readonly slot: number;
  readonly pid: number;
  readonly incarnation: string | undefined;
  readonly report: Report | undefined;
  /** When control first knew of it. */
  readonly metAt: MonotonicMs;
  /** When the last report came. */
  readonly reportedAt: MonotonicMs | undefined;
  /** Instance key → cause; the last report's, corrected by every mark message since. */
  readonly marks: ReadonlyMap<string, string>;
}

/** What a message of a worker means: a worker that was not known, a known one, or one that has ended (ignored). */
export type Heard = "new" | "known" | "ended";

/** How a worker says who it is, in a hello or a report. */
interface Introduction {
  readonly worker: number;
  readonly pid: number;
  readonly incarnation: string;
}

type PeersMessage = Extract<RouterMessage, { readonly kind: "peers" }>;

/** The revision by which a worker decides; 0 when it has not said. */
export function revisionOf(worker: WorkerRecord): Revision {
  return worker.report?.revision ?? (0 as Revision);
}

/** Ended incarnations that are remembered, so that a late message of a dead worker does not bring it back. */
const ENDED_MAX = 256;

/** The registry. Every method runs in one turn; the owner says when something changed. */
export class Workers {
  readonly #bySlot: Map<number, WorkerRecord> = new Map();
  readonly #ended: Set<string> = new Set();

  /** Live workers by slot. */
  live(): readonly WorkerRecord[] {
    return [...this.#bySlot.values()].sort((one, other) => one.slot - other.slot);
  }

  /** The live worker of a slot. */
  inSlot(slot: number): WorkerRecord | undefined {
    return this.#bySlot.get(slot);
  }

  /** Takes a hello. */
  hello(from: Introduction, now: MonotonicMs): Heard {
    return this.#meet(from, now);
  }

  /** Takes a report. */
  report(report: Report, now: MonotonicMs): Heard {
    const heard = this.#meet(report, now);
    const worker = this.#bySlot.get(report.worker);
    if (heard === "ended" || worker === undefined) return "ended";
    const marks = new Map(report.marks.map((mark) => [mark.key, mark.cause]));
    this.#bySlot.set(report.worker, { ...worker, report, reportedAt: now, marks });
    return heard;
  }

  /** Takes a mark: whoever found it told every worker, so all of them hold it from now on. */
  mark(message: MarkMessage): void {
    for (const [slot, worker] of this.#bySlot) {
      const marks = new Map(worker.marks);
      if (message.state === "down") marks.set(message.key, message.cause);
      else if (message.state === "up") marks.delete(message.key);
      this.#bySlot.set(slot, { ...worker, marks });
    }
  }

  /** Takes the keeper's list: who is not on it has ended, who is new on it is awaited. */
  peers(message: PeersMessage, now: MonotonicMs): void {
    const pids = new Map(message.workers.map((peer) => [peer.slot, peer.pid]));
    for (const [slot, worker] of this.#bySlot) {
      if (pids.get(slot) !== worker.pid) this.#end(slot);
    }
    for (const [slot, pid] of pids) {
      if (!this.#bySlot.has(slot)) this.#bySlot.set(slot, nameless(slot, pid, now));
    }
  }

  #meet(from: Introduction, now: MonotonicMs): Heard {
    if (this.#ended.has(from.incarnation)) return "ended";
    const known = this.#bySlot.get(from.worker);
    if (known?.incarnation === from.incarnation) return "known";
    if (known?.incarnation !== undefined) this.#end(from.worker);
    const metAt = known?.pid === from.pid ? known.metAt : now;
    this.#bySlot.set(from.worker, {
      ...nameless(from.worker, from.pid, metAt),
      incarnation: from.incarnation,
    });
    return "new";
  }

  #end(slot: number): void {
    const incarnation = this.#bySlot.get(slot)?.incarnation;
    this.#bySlot.delete(slot);
    if (incarnation === undefined) return;
    this.#ended.add(incarnation);
    if (this.#ended.size <= ENDED_MAX) return;
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest);
      break;
    }
  }
}

function nameless(slot: number, pid: number, metAt: MonotonicMs): WorkerRecord {
  return {
    slot,
    pid,
    incarnation: undefined,
    report: undefined,
    metAt,
    reportedAt: undefined,
    marks: new Map(),
  };
}
