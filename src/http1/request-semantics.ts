// hot: bench/micro/head-parser.ts
// What a request's fields mean for framing, persistence and routing (RFC 9112 §3.2, §6, §9.3; RFC 9110 §7.8, §10.1.1).
// Two lengths, a wrong length or a second Host are refused and the connection is closed (W09, W20 to W23).

import { isAuthority } from "./authority.ts";
import {
  HAS_CLOSE,
  HAS_KEEP_ALIVE,
  HAS_OTHER,
  HAS_UPGRADE,
  optionStart,
  optionStop,
  optionTrim,
  readConnection,
} from "./connection-field.ts";
import { CR, equalsIgnoringCase, latin1, NINE, TAB, word, ZERO } from "./octets.ts";
import { refuseHead } from "./parse-fields.ts";
import type { RequestHead } from "./request-head.ts";
import * as is from "./request-head.ts";

const CHUNKED_CODING = word("chunked");
const CONTINUE = word("100-continue");
const H2C = word("h2c");

/** Content-Length digits accepted: 15 digits stay below 2^53, so no float arithmetic can lie (W23). */
const LENGTH_DIGITS_MAX = 15;

/** Digits of a Max-Forwards that is believed: up to 999,999,999 hops. */
const SMALL_NUMBER_DIGITS_MAX = 9;

// How often the fields that may stand once only were seen; scratch of one call, which is synchronous.
let hosts = 0;
let lengths = 0;
let codings = 0;
let connection = 0;
let upgrade = -1;

/** Reads the meaning of the parsed fields into the head. Returns 0, or minus the status to refuse it with. */
export function readRequestSemantics(head: RequestHead): number {
  hosts = 0;
  lengths = 0;
  codings = 0;
  connection = 0;
  upgrade = -1;
  head.bodyLength = 0;
  head.expectsContinue = false;
  const { fieldCount, fieldId } = head;
  for (let field = 0; field < fieldCount; field += 1) {
    const id = fieldId[field] as number;
    if (id === is.FIELD_OTHER || id > is.FIELD_EXPECT) continue;
    const refused = readField(head, field, id);
    if (refused < 0) return refused;
  }
  head.isPersistent =
    (connection & HAS_CLOSE) === 0 && (head.minor === 1 || (connection & HAS_KEEP_ALIVE) !== 0);
  head.hasConnectionOptions = (connection & HAS_OTHER) !== 0;
  head.upgradeField = (connection & HAS_UPGRADE) !== 0 && head.minor === 1 ? honouredUpgrade(head) : -1;
  if (hosts !== 1) {
    const refused = checkHostCount(head);
    if (refused < 0) return refused;
  }
  if (codings > 0) {
    const refused = readTransferEncoding(head);
    if (refused < 0) return refused;
  }
  if (head.bodyLength === 0) head.expectsContinue = false; // there is nothing to wait for (RFC 9110 §10.1.1)
  return 0;
}

function readField(head: RequestHead, field: number, id: number): number {
  switch (id) {
    case is.FIELD_HOST:
      hosts += 1;
      return readHost(head, field);
    case is.FIELD_CONNECTION: {
      const options = readConnection(head, field);
      connection |= options;
      return options < 0 ? options : 0;
    }
    case is.FIELD_CONTENT_LENGTH:
      lengths += 1;
      return readContentLength(head, field);
    case is.FIELD_TRANSFER_ENCODING:
      codings += 1;
      return 0;
    case is.FIELD_UPGRADE:
      upgrade = upgrade < 0 ? field : upgrade;
      return 0;
    case is.FIELD_EXPECT:
      return readExpect(head, field);
    default:
      return 0;
  }
}

/** The Host field routes, unless the target has an authority: then it is checked and not used (RFC 9112 §3.2.2). */
function readHost(head: RequestHead, field: number): number {
  const start = head.valueStart[field] as number;
  const end = head.valueEnd[field] as number;
  // An empty Host is what a client without an authority must send (RFC 9112 §3.2).
  if (start !== end && !isAuthority(head.bytes, start, end))
    return refuseHead(head, 400, "invalid Host field");
  if (!head.isAbsolute) {
    head.hostStart = start;
    head.hostEnd = end;
  }
  return 0;
}

/** Exactly one Host in HTTP/1.1, at most one in HTTP/1.0 (W09). */
function checkHostCount(head: RequestHead): number {
  if (hosts > 1) return refuseHead(head, 400, "several Host fields");
  return head.minor === 1 ? refuseHead(head, 400, "no Host field") : 0;
}

/** Digits only, once only: RFC 9110 §8.6 lets a list of equal values pass, but no honest client sends one. */
function readContentLength(head: RequestHead, field: number): number {
  if (lengths > 1) return refuseHead(head, 400, "several Content-Length fields");
  const length = readLength(head.bytes, head.valueStart[field] as number, head.valueEnd[field] as number);
  if (length < 0 || hasTabBehind(head, field)) return refuseHead(head, 400, "invalid Content-Length");
  head.bodyLength = length;
  return 0;
}

/** Only 100-continue is known; HTTP/1.0 clients cannot receive it, so that their wish is ignored (RFC 9110 §10.1.1). */
function readExpect(head: RequestHead, field: number): number {
  if (!equalsValue(head, field, CONTINUE)) return refuseHead(head, 417, "unknown expectation");
  head.expectsContinue = head.minor === 1;
  return 0;
}

/**
 * The Upgrade field that goes on, -1 for none. HTTP/2 without TLS is never offered: behind its 101 a client could send
 * requests that nobody routes, and a server may ignore any Upgrade (RFC 9110 §7.8).
 */
function honouredUpgrade(head: RequestHead): number {
  if (upgrade < 0) return -1;
  const end = head.valueEnd[upgrade] as number;
  let at = head.valueStart[upgrade] as number;
  while (at < end) {
    const stop = optionStop(head.bytes, at, end);
    const start = optionStart(head.bytes, at, stop);
    if (equalsIgnoringCase(head.bytes, start, optionTrim(head.bytes, start, stop), H2C)) return -1;
    at = stop + 1;
  }
  return upgrade;
}

/** A decimal length, or -1 when it is anything but up to 15 digits. */
export function readLength(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > LENGTH_DIGITS_MAX) return -1;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const octet = bytes[at] as number;
    if (octet < ZERO || octet > NINE) return -1;
    length = length * 10 + (octet - ZERO);
  }
  return length;
}

/** Only `chunked`, only in HTTP/1.1, never with Content-Length (W20 to W22). */
function readTransferEncoding(head: RequestHead): number {
  if (head.minor === 0) return refuseHead(head, 400, "Transfer-Encoding in HTTP/1.0");
  if (lengths > 0) return refuseHead(head, 400, "both Transfer-Encoding and Content-Length");
  if (codings > 1) return refuseHead(head, 400, "several Transfer-Encoding fields");
  const field = head.fieldId.indexOf(is.FIELD_TRANSFER_ENCODING);
  if (hasTabBehind(head, field)) return refuseHead(head, 400, "tab behind a transfer coding");
  if (equalsValue(head, field, CHUNKED_CODING)) {
    head.bodyLength = is.CHUNKED;
    return 0;
  }
  return refuseHead(head, endsChunked(head, field) ? 501 : 400, "transfer coding other than chunked");
}

/** A list of codings with `chunked` once and last: well-formed, but not implemented here (RFC 9112 §6.1). */
function endsChunked(head: RequestHead, field: number): boolean {
  const value = latin1(head.bytes, head.valueStart[field] as number, head.valueEnd[field] as number);
  const codings = value.split(",").map((coding) => coding.trim().toLowerCase());
  const isWellFormed = codings.every((coding) => /^[!#$%&'*+.^_`|~\w-]+$/.test(coding));
  return isWellFormed && codings.indexOf("chunked") === codings.length - 1;
}

/**
 * True when a tab stands between the value and the end of its line. RFC 9110 §5.5 lets it, but llhttp does not take it for
 * white space there: behind `chunked` in a response it would read until the connection closes. A field that frames a
 * body must not be open to that, and no honest peer sends it.
 */
export function hasTabBehind(
  head: { readonly bytes: Uint8Array; readonly valueEnd: Int32Array },
  field: number,
): boolean {
  for (let at = head.valueEnd[field] as number; head.bytes[at] !== CR; at += 1) {
    if (head.bytes[at] === TAB) return true;
  }
  return false;
}

/** True when the field's value is this word, which is in lower case, without regard to case. */
export function equalsValue(
  head: { readonly bytes: Uint8Array; readonly valueStart: Int32Array; readonly valueEnd: Int32Array },
  field: number,
  expected: Uint8Array,
): boolean {
  return equalsIgnoringCase(
    head.bytes,
    head.valueStart[field] as number,
    head.valueEnd[field] as number,
    expected,
  );
}

/** The small decimal number in `bytes[start, end)`, such as Max-Forwards (W44); -1 when it is none. */
export function readSmallNumber(bytes: Uint8Array, start: number, end: number): number {
  return end - start > SMALL_NUMBER_DIGITS_MAX ? -1 : readLength(bytes, start, end);
}
