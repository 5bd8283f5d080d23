// hot: bench/micro/head-parser.ts
// What a request's fields mean for framing, persistence and routing (RFC 9112 §3.2, §6, §9.3; RFC 9110 §7.8, §10.1.1).
// Two lengths, a wrong length or a second Host are refused and the connection is closed (W09, W20 to W23).

import {
  COLON,
  COMMA,
  EQUALS,
  equalsIgnoringCase,
  IS_HOST,
  latin1,
  NINE,
  SPACE,
  TAB,
  word,
  ZERO,
} from "./octets.ts";
import { refuseHead } from "./parse-fields.ts";
import type { RequestHead } from "./request-head.ts";
import * as is from "./request-head.ts";

const CLOSE = word("close");
const KEEP_ALIVE = word("keep-alive");
const UPGRADE = word("upgrade");
const TE = word("te");
const CHUNKED_CODING = word("chunked");
const CONTINUE = word("100-continue");

/** Fields that `Connection` may not name: dropping them would change what the request means (W40). */
const PROTECTED_OPTIONS: readonly Uint8Array[] = [
  "content-length",
  "host",
  "transfer-encoding",
  "cookie",
  "authorization",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "forwarded",
  "via",
  "content-type",
  "content-encoding",
].map(word);

/** Content-Length digits accepted: 15 digits stay below 2^53, so no float arithmetic can lie (W23). */
const LENGTH_DIGITS_MAX = 15;

/** Reads the meaning of the parsed fields into the head. Returns 0, or minus the status to refuse it with. */
export function readRequestSemantics(head: RequestHead): number {
  head.bodyLength = 0;
  head.isPersistent = head.minor === 1;
  head.hasConnectionOptions = false;
  head.upgradeField = -1;
  head.expectsContinue = false;
  let hosts = 0;
  let lengths = 0;
  let codings = 0;
  let upgrade = -1;
  let wantsUpgrade = false;
  const { fieldCount, fieldId } = head;
  for (let field = 0; field < fieldCount; field += 1) {
    let refused = 0;
    switch (fieldId[field]) {
      case is.FIELD_OTHER:
        break;
      case is.FIELD_HOST:
        hosts += 1;
        if (!head.isAbsolute) {
          head.hostStart = head.valueStart[field] as number;
          head.hostEnd = head.valueEnd[field] as number;
        }
        break;
      case is.FIELD_CONTENT_LENGTH:
        lengths += 1;
        refused = readContentLength(head, field, lengths);
        break;
      case is.FIELD_TRANSFER_ENCODING:
        codings += 1;
        break;
      case is.FIELD_CONNECTION:
        refused = readConnection(head, field);
        if (refused > 0) wantsUpgrade = true;
        break;
      case is.FIELD_UPGRADE:
        upgrade = upgrade < 0 ? field : upgrade;
        break;
      case is.FIELD_EXPECT:
        if (!equalsValue(head, field, CONTINUE)) return refuseHead(head, 417, "unknown expectation");
        head.expectsContinue = head.minor === 1;
        break;
      default:
        break;
    }
    if (refused < 0) return refused;
  }
  if (wantsUpgrade && head.minor === 1) head.upgradeField = upgrade;
  const refused = checkHost(head, hosts);
  if (refused < 0) return refused;
  return codings === 0 ? 0 : readTransferEncoding(head, codings, lengths);
}

/** Exactly one Host in HTTP/1.1, at most one in HTTP/1.0, of host characters only (W09). */
function checkHost(head: RequestHead, hosts: number): number {
  if (hosts > 1) return refuseHead(head, 400, "several Host fields");
  if (hosts === 0) return head.minor === 1 ? refuseHead(head, 400, "no Host field") : 0;
  const { bytes, hostStart, hostEnd } = head;
  for (let at = hostStart; at < hostEnd; at += 1) {
    if (IS_HOST[bytes[at] as number] !== 1) return refuseHead(head, 400, "invalid Host field");
  }
  if (hostEnd > hostStart && bytes[hostStart] === COLON) return refuseHead(head, 400, "invalid Host field");
  return 0;
}

/** Digits only; a second field must say the same (RFC 9110 §8.6), a list of values is refused. */
function readContentLength(head: RequestHead, field: number, seen: number): number {
  const length = readLength(head.bytes, head.valueStart[field] as number, head.valueEnd[field] as number);
  if (length < 0) return refuseHead(head, 400, "invalid Content-Length");
  if (seen > 1 && length !== head.bodyLength) return refuseHead(head, 400, "different Content-Length fields");
  head.bodyLength = length;
  return 0;
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
function readTransferEncoding(head: RequestHead, codings: number, lengths: number): number {
  if (head.minor === 0) return refuseHead(head, 400, "Transfer-Encoding in HTTP/1.0");
  if (lengths > 0) return refuseHead(head, 400, "both Transfer-Encoding and Content-Length");
  if (codings > 1) return refuseHead(head, 400, "several Transfer-Encoding fields");
  const field = head.fieldId.indexOf(is.FIELD_TRANSFER_ENCODING);
  if (equalsValue(head, field, CHUNKED_CODING)) {
    head.bodyLength = is.CHUNKED;
    return 0;
  }
  const value = latin1(head.bytes, head.valueStart[field] as number, head.valueEnd[field] as number);
  const endsChunked = /^[!#$%&'*+.^_`|~\w-]+([ \t]*,[ \t]*[!#$%&'*+.^_`|~\w-]+)*[ \t]*,[ \t]*chunked$/i.test(
    value,
  );
  return refuseHead(head, endsChunked ? 501 : 400, "transfer coding other than chunked");
}

/** Reads the options of a Connection field. Answers 1 when one is `upgrade`, 0, or minus a status. */
function readConnection(head: RequestHead, field: number): number {
  const { bytes } = head;
  const end = head.valueEnd[field] as number;
  let at = head.valueStart[field] as number;
  let wantsUpgrade = 0;
  while (at < end) {
    let stop = at;
    while (stop < end && bytes[stop] !== COMMA) stop += 1;
    let optionEnd = stop;
    while (at < optionEnd && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
    while (optionEnd > at && (bytes[optionEnd - 1] === SPACE || bytes[optionEnd - 1] === TAB)) optionEnd -= 1;
    if (equalsIgnoringCase(bytes, at, optionEnd, KEEP_ALIVE)) {
      if (head.minor === 0) head.isPersistent = true;
    } else if (equalsIgnoringCase(bytes, at, optionEnd, CLOSE)) {
      head.isPersistent = false;
    } else if (equalsIgnoringCase(bytes, at, optionEnd, UPGRADE)) {
      wantsUpgrade = 1;
    } else if (optionEnd > at && !equalsIgnoringCase(bytes, at, optionEnd, TE)) {
      if (isProtectedOption(bytes, at, optionEnd))
        return refuseHead(head, 400, "Connection names a protected field");
      head.hasConnectionOptions = true;
    }
    at = stop + 1;
  }
  return wantsUpgrade;
}

function isProtectedOption(bytes: Uint8Array, start: number, end: number): boolean {
  for (const option of PROTECTED_OPTIONS) {
    if (equalsIgnoringCase(bytes, start, end, option)) return true;
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

/** True when one of the comma-separated options of any Connection field is this name (`bytes[start, end)`). */
export function isNamedByConnection(
  head: Pick<RequestHead, "bytes" | "fieldCount" | "fieldId" | "valueStart" | "valueEnd">,
  connectionId: number,
  start: number,
  end: number,
): boolean {
  const name = latin1(head.bytes, start, end).toLowerCase();
  for (let field = 0; field < head.fieldCount; field += 1) {
    if (head.fieldId[field] !== connectionId) continue;
    const options = latin1(
      head.bytes,
      head.valueStart[field] as number,
      head.valueEnd[field] as number,
    ).toLowerCase();
    if (options.split(",").some((option) => option.trim() === name)) return true;
  }
  return false;
}

/** Unused by parsing itself, named for `Max-Forwards` (W44): a small decimal number, -1 when it is none. */
export function readSmallNumber(bytes: Uint8Array, start: number, end: number): number {
  return end - start > 9 || bytes[start] === EQUALS ? -1 : readLength(bytes, start, end);
}
