// hot: bench/micro/head-parser.ts
// Writes chunked framing (RFC 9112 §7.1): `size CRLF data CRLF`, at the end `0 CRLF trailers CRLF`. Bodies are chunked
// anew, so that no chunk line or extension of one side ever reaches the other (W25).

import { CR, LF, word } from "./octets.ts";
import { putAll } from "./write-bytes.ts";

/** `0 CRLF`: before trailer lines, which `writeChunkEnd` ends. */
const LAST_CHUNK: Buffer = Buffer.from("0\r\n", "latin1");

const DIGITS = word("0123456789abcdef");

/**
 * Writes `size` in hexadecimal and CRLF to `out` at `at`; returns the position after it. `size` is over 0; up to 2^48 it takes
 * 14 bytes at most.
 */
export function writeChunkHead(out: Buffer, at: number, size: number): number {
  let digits = 1;
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 16)) digits += 1;
  let rest = size;
  for (let digit = at + digits - 1; digit >= at; digit -= 1) {
    out[digit] = DIGITS[rest % 16] as number;
    rest = Math.floor(rest / 16);
  }
  out[at + digits] = CR;
  out[at + digits + 1] = LF;
  return at + digits + 2;
}

/** Writes the CRLF that ends a chunk's data or a trailer section; returns the position after it. */
export function writeChunkEnd(out: Buffer, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/** Writes the end of a chunked body, with trailer lines (whole, with CRLF) or without; returns the position after it. */
export function writeLastChunk(out: Buffer, at: number, trailers: Buffer): number {
  let position = putAll(out, at, LAST_CHUNK);
  position = putAll(out, position, trailers);
  return writeChunkEnd(out, position);
}
