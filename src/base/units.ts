// Units: branded times, and how people write durations and sizes.

import type { Brand } from "./brand.ts";

/** Milliseconds since 1970: for people, cookies and the journal. Never used for a deadline. */
export type EpochMs = Brand<number, "EpochMs">;

/** Milliseconds of a clock that never jumps: deadlines and durations. Never compared with `EpochMs`. */
export type MonotonicMs = Brand<number, "MonotonicMs">;

/** The number of the last accepted command; 0 for an empty domain. */
export type Revision = Brand<number, "Revision">;

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZE_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  kb: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
};

/** Reads "250ms", "30s", "30m", "1h30m", "2d"; a bare number means seconds. Undefined when it is none of these. */
export function parseDurationMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1000);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (DURATION_MS[unit ?? ""] ?? 0);
  }
  return Math.round(total);
}

/** Writes a duration as people do, two units at most: "1 h 30 min", "12 s", "250 ms". */
export function formatDurationMs(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  let seconds = Math.round(durationMs / 1000);
  const parts: string[] = [];
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ] as const) {
    const amount = Math.floor(seconds / size);
    seconds -= amount * size;
    if (amount > 0) parts.push(`${amount} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** Reads "64k", "16 KB", "1m", "2GiB" or bytes (all powers of 1024). Undefined when it is none of these. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = SIZE_BYTES[match?.[2]?.toLowerCase() ?? "?"];
  if (match === null || unit === undefined) return undefined;
  return Math.round(Number(match[1]) * unit);
}
