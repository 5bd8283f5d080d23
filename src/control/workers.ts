// What control knows of its router's workers: who lives, what each last reported, which instances each holds marked down.
// It learns from messages only and asks nobody; `applied-waits.ts` waits, `views` read.
//
//   unknown ──peers──▶ named ──hello or report──▶ known ──(gone from peers)──▶ ended
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
  readonly #byPid: Map<number, WorkerRecord> = new Map();
  readonly #ended: Set<string> = new Set();

  /** Live workers by slot; a slot has two while its worker is replaced. */
  live(): readonly WorkerRecord[] {
    return [...this.#byPid.values()].sort((one, other) => one.slot - other.slot);
  }

  /** Takes a hello. */
  hello(from: Introduction, now: MonotonicMs): Heard {
    return this.#meet(from, now);
  }

  /** Takes a report. */
  report(report: Report, now: MonotonicMs): Heard {
    const heard = this.#meet(report, now);
    const worker = this.#byPid.get(report.pid);
    if (heard === "ended" || worker === undefined) return "ended";
    const marks = new Map(report.marks.map((mark) => [mark.key, mark.cause]));
    this.#byPid.set(report.pid, { ...worker, report, reportedAt: now, marks });
    return heard;
  }

  /** Takes a mark: whoever found it told every worker, so all of them hold it from now on. */
  mark(message: MarkMessage): void {
    for (const [pid, worker] of this.#byPid) {
      const marks = new Map(worker.marks);
      if (message.state === "down") marks.set(message.key, message.cause);
      else if (message.state === "up") marks.delete(message.key);
      this.#byPid.set(pid, { ...worker, marks });
    }
  }

  /** Takes the keeper's list: who is not on it has ended, who is new on it is awaited. Returns the ended ones. */
  peers(message: PeersMessage, now: MonotonicMs): readonly WorkerRecord[] {
    const slots = new Map(message.workers.map((peer) => [peer.pid, peer.slot]));
    const gone = [...this.#byPid.values()].filter((worker) => !slots.has(worker.pid));
    for (const worker of gone) this.#end(worker);
    for (const [pid, slot] of slots) {
      if (!this.#byPid.has(pid)) this.#byPid.set(pid, nameless(slot, pid, now));
    }
    return gone;
  }

  #meet(from: Introduction, now: MonotonicMs): Heard {
    if (this.#ended.has(from.incarnation)) return "ended";
    const known = this.#byPid.get(from.pid);
    if (known?.incarnation === from.incarnation) return "known";
    if (known?.incarnation !== undefined) this.#end(known); // the system gave its number to another process
    this.#byPid.set(from.pid, {
      ...nameless(from.worker, from.pid, known?.metAt ?? now),
      incarnation: from.incarnation,
    });
    return "new";
  }

  #end(worker: WorkerRecord): void {
    this.#byPid.delete(worker.pid);
    if (worker.incarnation === undefined) return;
    this.#ended.add(worker.incarnation);
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
