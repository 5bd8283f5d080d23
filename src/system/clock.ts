// The real clock.

import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { EpochMs, MonotonicMs } from "../base/units.ts";

/** Longest delay that a Node timer keeps; beyond, it would ring at once. */
const DELAY_MS_MAX = 2_147_483_647;

/** Time of this machine; its alarms do not keep the process alive. */
export const systemClock: Clock = {
  epochMs: () => Date.now() as EpochMs,
  monotonicMs: () => performance.now() as MonotonicMs,
  alarm,
};

function alarm(delayMs: number, ring: () => void): CancelAlarm {
  const timer = setTimeout(ring, Math.min(Math.max(delayMs, 0), DELAY_MS_MAX));
  timer.unref();
  return () => clearTimeout(timer);
}
