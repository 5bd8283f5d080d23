// hot: bench/micro/head-parser.ts
// When an incomplete head is worth parsing again. A parse starts from the beginning, so that parsing after every byte of
// a head that trickles in would cost quadratic time; this looks at each octet once.

import { CR, LF } from "./octets.ts";

/**
 * True when the bytes that came since the last `INCOMPLETE` may have completed the head or broken it: an empty line ends
 * in them, a CR or LF stands alone in them, or `[start, end)` has reached `headMax`. Other mistakes wait for the line
 * that ends the head, or for the head's timeout.
 *
 * @param start - where the head starts
 * @param searched - `end` of the last parse or search that found it incomplete; the caller keeps it with the connection
 */
export function isWorthParsing(
  bytes: Uint8Array,
  start: number,
  searched: number,
  end: number,
  headMax: number,
): boolean {
  if (end - start >= headMax) return true;
  for (let at = searched; at < end; at += 1) {
    const isAfterCr = at > start && bytes[at - 1] === CR;
    const isLf = bytes[at] === LF;
    if (isAfterCr !== isLf) return true;
    if (isLf && (at - 2 <= start || bytes[at - 2] === LF)) return true;
  }
  return false;
}
