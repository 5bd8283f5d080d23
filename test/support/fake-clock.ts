// A clock that stands still until a test moves it.

import type { CancelAlarm, Clock } from "../../src/base/clock.ts";
import type { EpochMs, MonotonicMs } from "../../src/base/units.ts";

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** Starts at epoch 1,000,000 and monotonic 0; `advance` rings what is due, in order. */
export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #alarms: Set<Alarm> = new Set();

  epochMs(): EpochMs {
    return (1_000_000 + this.#nowMs) as EpochMs;
  }

  monotonicMs(): MonotonicMs {
    return this.#nowMs as MonotonicMs;
  }

  alarm(delayMs: number, ring: () => void): CancelAlarm {
    const alarm: Alarm = { at: this.#nowMs + delayMs, ring };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  /** Alarms that have not rung. */
  get waiting(): number {
    return this.#alarms.size;
  }

  /** Moves time on; alarms that the rung ones set ring too when they are due. */
  advance(byMs: number): void {
    const until = this.#nowMs + byMs;
    for (;;) {
      const due = [...this.#alarms]
        .filter((alarm) => alarm.at <= until)
        .sort((one, other) => one.at - other.at)[0];
      if (due === undefined) break;
      this.#alarms.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.at);
      due.ring();
    }
    this.#nowMs = until;
  }
}
