// How values read in tables.

import { type EpochMs, formatDurationMs } from "../base/units.ts";
import type { Mode } from "../domain/mode.ts";
import type { Tone } from "./table.ts";

/** "1 request", "3 requests". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Green is what gets all requests; the stricter, the redder. */
export function modeTone(mode: Mode): Tone | undefined {
  if (mode === "normal") return undefined;
  return mode === "affinity" ? "warn" : "bad";
}

/** Colour of what traffic and probes say of a server. */
export function statusTone(status: "up" | "down" | "unknown"): Tone {
  if (status === "up") return "good";
  return status === "down" ? "bad" : "quiet";
}

/** "12 s", from a time to now; never negative, though two machines' clocks differ. */
export function ago(at: EpochMs, now: EpochMs): string {
  return formatDurationMs(Math.max(0, now - at));
}

/** "80 MiB". */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
