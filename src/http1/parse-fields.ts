// hot: bench/micro/head-parser.ts
// Parses the field lines of a head (RFC 9112 §5). Accepts only what can be read in one way.

import type { FieldNames } from "./field-names.ts";
import { findFieldName } from "./field-names.ts";
import { COLON, CR, IS_TOKEN, IS_VALUE, LF, SPACE, TAB } from "./octets.ts";
import { FIELDS_MAX } from "./request-head.ts";

/** The head is not complete yet: more bytes are needed. */
export const INCOMPLETE = 0;

/** Where the parser puts what it finds: the request head or the response head. */
export interface FieldSink {
  fieldCount: number;
  readonly nameStart: Int32Array;
  readonly nameEnd: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
  readonly fieldId: Uint8Array;
  /** Why the head was refused, for the log; never shown to the peer. */
  refusal: string;
}

/** Refuses a head with a status: the parsers answer it as a negative number. */
export function refuseHead(sink: { refusal: string }, status: number, why: string): number {
  sink.refusal = why;
  return -status;
}

/**
 * Parses field lines from `at` up to and with the empty line.
 *
 * @returns the position after the empty line, `INCOMPLETE`, or minus the status: 400 for anything that RFC 9112 §2.2
 * and §5.1 forbid (bare CR or LF, white space before the colon, folded lines, controls), 431 for too many fields
 */
export function parseFields(
  sink: FieldSink,
  names: FieldNames,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  let at = from;
  let count = 0;
  for (;;) {
    if (at >= end) return INCOMPLETE;
    if (bytes[at] === CR) return endOfFields(sink, bytes, at, end, count);
    const nameStart = at;
    while (at < end && IS_TOKEN[bytes[at] as number] === 1) at += 1;
    if (at >= end) return INCOMPLETE;
    if (bytes[at] !== COLON || at === nameStart) return badName(sink, bytes[at] as number, at === nameStart);
    if (count === FIELDS_MAX) return refuseHead(sink, 431, "too many fields");
    const nameEnd = at;
    at += 1;
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
    const valueStart = at;
    while (at < end && IS_VALUE[bytes[at] as number] === 1) at += 1;
    if (at + 1 >= end) {
      return at < end && bytes[at] !== CR
        ? refuseHead(sink, 400, "control character in a field value")
        : INCOMPLETE;
    }
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return badLineEnd(sink, bytes[at] as number);
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB))
      valueEnd -= 1;
    sink.nameStart[count] = nameStart;
    sink.nameEnd[count] = nameEnd;
    sink.valueStart[count] = valueStart;
    sink.valueEnd[count] = valueEnd;
    sink.fieldId[count] = findFieldName(names, bytes, nameStart, nameEnd);
    count += 1;
    at += 2;
  }
}

function endOfFields(sink: FieldSink, bytes: Uint8Array, at: number, end: number, count: number): number {
  if (at + 1 >= end) return INCOMPLETE;
  if (bytes[at + 1] !== LF) return refuseHead(sink, 400, "bare CR");
  sink.fieldCount = count;
  return at + 2;
}

function badName(sink: FieldSink, octet: number, isFirst: boolean): number {
  if (octet === SPACE || octet === TAB) {
    return refuseHead(sink, 400, isFirst ? "folded line" : "white space before the colon");
  }
  if (octet === LF) return refuseHead(sink, 400, "bare LF");
  return refuseHead(sink, 400, octet === COLON ? "empty field name" : "invalid field name");
}

function badLineEnd(sink: FieldSink, octet: number): number {
  if (octet === CR) return refuseHead(sink, 400, "bare CR");
  return refuseHead(sink, 400, octet === LF ? "bare LF" : "control character in a field value");
}
