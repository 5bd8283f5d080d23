// The clock as a value that is passed in; `src/system` has the real one, tests have a fake one.

import type { EpochMs, MonotonicMs } from "./units.ts";

/** Cancels an alarm; may be called twice. */
export type CancelAlarm = () => void;

/** Tells the time and rings once, not before `delayMs` milliseconds have passed. */
export interface Clock {
  epochMs(): EpochMs;
  monotonicMs(): MonotonicMs;
  /** An alarm does not keep the process alive. */
  alarm(delayMs: number, ring: () => void): CancelAlarm;
}
