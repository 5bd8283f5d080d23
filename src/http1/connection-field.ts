// hot: bench/micro/head-parser.ts
// The Connection field (RFC 9110 §7.6.1): what it asks for, and which fields it names as meant for this hop only (W40).

import { COMMA, equalsIgnoringCase, LOWER, SPACE, TAB, word } from "./octets.ts";
import type { FieldSink } from "./parse-fields.ts";
import { refuseHead } from "./parse-fields.ts";

/** Bits of what `readConnection` answers. */
export const HAS_CLOSE = 1;
export const HAS_KEEP_ALIVE = 2;
export const HAS_UPGRADE = 4;
/** Names fields besides close, keep-alive, upgrade and te, which the proxy treats by themselves. */
export const HAS_OTHER = 8;

const CLOSE = word("close");
const KEEP_ALIVE = word("keep-alive");
const UPGRADE = word("upgrade");
const TE = word("te");
const X_FORWARDED = word("x-forwarded-");

/** Fields that `Connection` may not name: dropping them would change what the message means, or strip a protection. */
const PROTECTED_OPTIONS: readonly Uint8Array[] = [
  "content-length",
  "host",
  "transfer-encoding",
  "cookie",
  "set-cookie",
  "authorization",
  "forwarded",
  "via",
  "content-type",
  "content-encoding",
  "cache-control",
].map(word);

/** Most options of one field; honest peers send two or three. */
const OPTIONS_MAX = 16;

/** A parsed head's fields and the bytes that they lie in. */
export interface ParsedFields extends FieldSink {
  readonly bytes: Uint8Array;
}

/** The options of a Connection field as bits, or -400 when it names a protected field or more than `OPTIONS_MAX`. */
export function readConnection(head: ParsedFields, field: number): number {
  const { bytes } = head;
  const end = head.valueEnd[field] as number;
  let at = head.valueStart[field] as number;
  let options = 0;
  let count = 0;
  while (at < end) {
    const stop = optionStop(bytes, at, end);
    const start = optionStart(bytes, at, stop);
    const optionEnd = optionTrim(bytes, start, stop);
    at = stop + 1;
    if (optionEnd === start) continue;
    count += 1;
    if (count > OPTIONS_MAX) return refuseHead(head, 400, "too many Connection options");
    if (equalsIgnoringCase(bytes, start, optionEnd, KEEP_ALIVE)) options |= HAS_KEEP_ALIVE;
    else if (equalsIgnoringCase(bytes, start, optionEnd, CLOSE)) options |= HAS_CLOSE;
    else if (equalsIgnoringCase(bytes, start, optionEnd, UPGRADE)) options |= HAS_UPGRADE;
    else if (!equalsIgnoringCase(bytes, start, optionEnd, TE)) {
      if (isProtected(bytes, start, optionEnd))
        return refuseHead(head, 400, "Connection names a protected field");
      options |= HAS_OTHER;
    }
  }
  return options;
}

function isProtected(bytes: Uint8Array, start: number, end: number): boolean {
  if (equalsIgnoringCase(bytes, start, Math.min(end, start + X_FORWARDED.length), X_FORWARDED)) return true;
  for (const option of PROTECTED_OPTIONS) {
    if (equalsIgnoringCase(bytes, start, end, option)) return true;
  }
  return false;
}

/** True when an option of any Connection field is the name of field `index`, without regard to case. */
export function isNamedByConnection(head: ParsedFields, connectionId: number, index: number): boolean {
  const start = head.nameStart[index] as number;
  const end = head.nameEnd[index] as number;
  for (let field = 0; field < head.fieldCount; field += 1) {
    if (head.fieldId[field] === connectionId && isListed(head, field, start, end)) return true;
  }
  return false;
}

function isListed(head: ParsedFields, field: number, nameStart: number, nameEnd: number): boolean {
  const { bytes } = head;
  const end = head.valueEnd[field] as number;
  let at = head.valueStart[field] as number;
  while (at < end) {
    const stop = optionStop(bytes, at, end);
    const start = optionStart(bytes, at, stop);
    if (optionTrim(bytes, start, stop) - start === nameEnd - nameStart) {
      let same = 0;
      while (
        nameStart + same < nameEnd &&
        LOWER[bytes[start + same] as number] === LOWER[bytes[nameStart + same] as number]
      ) {
        same += 1;
      }
      if (nameStart + same === nameEnd) return true;
    }
    at = stop + 1;
  }
  return false;
}

/** The comma that ends the option at `from`, or the end of the list. */
export function optionStop(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== COMMA) at += 1;
  return at;
}

/** The option's first octet after white space. */
export function optionStart(bytes: Uint8Array, from: number, stop: number): number {
  let at = from;
  while (at < stop && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
  return at;
}

/** The option's end before white space. */
export function optionTrim(bytes: Uint8Array, start: number, stop: number): number {
  let at = stop;
  while (at > start && (bytes[at - 1] === SPACE || bytes[at - 1] === TAB)) at -= 1;
  return at;
}
