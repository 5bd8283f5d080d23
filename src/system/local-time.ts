// Wall times as people on this machine read and write them.

import type { EpochMs } from "../base/units.ts";

/** "2026-01-31 14:05:09" in this machine's time zone. */
export function formatLocalTime(at: EpochMs): string {
  const time = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/**
 * Reads "14:30" (today, or tomorrow when that is past), "2026-01-31 14:30" or an ISO time with zone; a time without a
 * zone is this machine's. Undefined when it is none of these.
 */
export function parseLocalTime(text: string, now: EpochMs): EpochMs | undefined {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock !== null) {
    const time = new Date(now);
    time.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (time.getTime() <= now) time.setDate(time.getDate() + 1);
    return time.getTime() as EpochMs;
  }
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text)) return undefined;
  // A date alone would be read as UTC, unlike a date with a time.
  const time = new Date(text.length === 10 ? `${text}T00:00` : text.replace(" ", "T")).getTime();
  return Number.isNaN(time) ? undefined : (time as EpochMs);
}
