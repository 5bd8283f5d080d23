// hot: bench/cases.ts
// The coarse timer wheel: thousands of deadlines that move with every request and almost never come.
//
// Moving a deadline later, the usual case, only writes a number: the entry stays where it hangs, and is hung anew when
// its old tick comes. Nothing is allocated. Deadlines ring up to one tick late, never early.

/** Milliseconds between two turns of the wheel: how late a deadline may ring. */
export const TICK_MS = 100;

const TICKS = 1024;

/** A deadline that is far enough away to be none. */
export const NEVER: number = Number.MAX_SAFE_INTEGER;

/** Something with one deadline (monotonic ms) at a time. */
export abstract class Timed {
  /** When `onDeadline` is due; `NEVER` for no deadline. Written by the wheel only. */
  deadlineMs: number = NEVER;
  /** Tick at which the wheel looks at this entry again; -1 when it hangs nowhere. */
  hangsAt = -1;
  before: Timed | null = null;
  after: Timed | null = null;

  /** The deadline has come; it is `NEVER` again when this is called. */
  abstract onDeadline(nowMs: number): void;
}

class Slot extends Timed {
  override onDeadline(): void {}
}

/** All deadlines of a worker. `turn` is called every `TICK_MS` by the worker's clock. */
export class TimerWheel {
  readonly #slots: readonly Slot[];
  #tick: number;

  constructor(nowMs: number) {
    this.#tick = Math.floor(nowMs / TICK_MS);
    this.#slots = Array.from({ length: TICKS }, () => {
      const slot = new Slot();
      slot.before = slot;
      slot.after = slot;
      return slot;
    });
  }

  /** Sets or moves the deadline. */
  set(timed: Timed, deadlineMs: number): void {
    timed.deadlineMs = deadlineMs;
    if (timed.hangsAt >= 0 && timed.hangsAt * TICK_MS <= deadlineMs + TICK_MS) return;
    this.#hang(timed);
  }

  /** No deadline any more; the entry leaves the wheel when its tick comes. */
  clear(timed: Timed): void {
    timed.deadlineMs = NEVER;
  }

  /** Takes the entry out at once, so that the wheel does not keep it alive. */
  remove(timed: Timed): void {
    timed.deadlineMs = NEVER;
    unhang(timed);
  }

  /** Rings every deadline that has come. */
  turn(nowMs: number): void {
    const last = Math.floor(nowMs / TICK_MS);
    if (last - this.#tick > TICKS) this.#tick = last - TICKS; // the process was stopped for long: one round covers all
    while (this.#tick < last) {
      this.#tick += 1;
      this.#ring(this.#slots[this.#tick % TICKS] as Slot, nowMs);
    }
  }

  #ring(slot: Slot, nowMs: number): void {
    for (let timed = slot.after as Timed; timed !== slot; timed = slot.after as Timed) {
      unhang(timed);
      if (timed.deadlineMs === NEVER) continue;
      if (timed.deadlineMs > nowMs) {
        this.#hang(timed);
        continue;
      }
      timed.deadlineMs = NEVER;
      timed.onDeadline(nowMs);
    }
  }

  #hang(timed: Timed): void {
    unhang(timed);
    const due = Math.floor(timed.deadlineMs / TICK_MS) + 1;
    const tick = Math.max(this.#tick + 1, Math.min(due, this.#tick + TICKS - 1));
    timed.hangsAt = tick;
    const slot = this.#slots[tick % TICKS] as Slot;
    timed.before = slot.before;
    timed.after = slot;
    (slot.before as Timed).after = timed;
    slot.before = timed;
  }
}

function unhang(timed: Timed): void {
  if (timed.hangsAt < 0) return;
  (timed.before as Timed).after = timed.after;
  (timed.after as Timed).before = timed.before;
  timed.before = null;
  timed.after = null;
  timed.hangsAt = -1;
}
