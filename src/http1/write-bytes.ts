// hot: bench/cases.ts
// Putting octets into an output buffer. The caller has made room; nothing here checks.

import { ZERO } from "./octets.ts";

const LOOP_BYTES_MAX = 40;

/** Copies `from[start, end)` to `out` at `at`; returns the position after it. */
export function put(out: Buffer, at: number, from: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= LOOP_BYTES_MAX) {
    // A call into the runtime costs more than this many single octets.
    for (let index = 0; index < length; index += 1) out[at + index] = from[start + index] as number;
  } else {
    out.set(from.subarray(start, end), at);
  }
  return at + length;
}

/** Puts all of `from`. */
export function putAll(out: Buffer, at: number, from: Uint8Array): number {
  return put(out, at, from, 0, from.length);
}

/** Puts a whole number in decimal digits. */
export function putNumber(out: Buffer, at: number, value: number): number {
  let divisor = 1;
  while (value / divisor >= 10) divisor *= 10;
  let rest = value;
  let position = at;
  while (divisor >= 1) {
    const digit = Math.floor(rest / divisor);
    out[position] = ZERO + digit;
    rest -= digit * divisor;
    divisor /= 10;
    position += 1;
  }
  return position;
}
