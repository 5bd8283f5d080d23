// hot: bench/cases.ts
// Pieces of a log line as octets: escaped texts, numbers and times, written where the line is made.

import { BACKSLASH, DOT, QUOTE, SPACE, ZERO } from "../http1/octets.ts";
import { putNumber } from "../http1/write-bytes.ts";

/** How octets that would break a line out of its quotes are written. */
export type Escape = "json" | "apache";

/** Most octets that one escaped octet takes: `\u00ff`. */
export const ESCAPED_OCTET_MAX = 6;

const SMALL_U = 0x75;
const SMALL_X = 0x78;
const DIGITS = Buffer.from("0123456789abcdef", "latin1");

/** 1 for octets that stand for themselves inside quotes. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= SPACE && octet < 0x7f && octet !== QUOTE && octet !== BACKSLASH ? 1 : 0,
);

/**
 * Writes `bytes[start, end)` so that it can stand between double quotes: JSON's `\u00e4` or Apache's `\xe4` for what is
 * not plain ASCII. Returns the position after it; `out` has room for `ESCAPED_OCTET_MAX` times the length.
 */
export function putEscaped(
  out: Buffer,
  from: number,
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  style: Escape,
): number {
  let at = from;
  for (let index = range.start; index < range.end; index += 1) {
    const octet = bytes[index] as number;
    if (IS_PLAIN[octet] === 1) {
      out[at] = octet;
      at += 1;
    } else at = putEscape(out, at, octet, style);
  }
  return at;
}

function putEscape(out: Buffer, at: number, octet: number, style: Escape): number {
  out[at] = BACKSLASH;
  if (octet === QUOTE || octet === BACKSLASH) {
    out[at + 1] = octet;
    return at + 2;
  }
  let position = at + 1;
  out[position] = style === "json" ? SMALL_U : SMALL_X;
  position += 1;
  if (style === "json") {
    out[position] = ZERO;
    out[position + 1] = ZERO;
    position += 2;
  }
  out[position] = DIGITS[octet >> 4] as number;
  out[position + 1] = DIGITS[octet & 15] as number;
  return position + 2;
}

/** Writes milliseconds with one decimal. */
export function putTenths(out: Buffer, from: number, ms: number): number {
  const tenths = Math.max(0, Math.round(ms * 10));
  const at = putNumber(out, from, Math.floor(tenths / 10));
  out[at] = DOT;
  out[at + 1] = ZERO + (tenths % 10);
  return at + 2;
}

/** Writes a number below 1000 with three digits. */
export function putThousandths(out: Buffer, at: number, value: number): number {
  out[at] = ZERO + Math.floor(value / 100);
  out[at + 1] = ZERO + (Math.floor(value / 10) % 10);
  out[at + 2] = ZERO + (value % 10);
  return at + 3;
}
