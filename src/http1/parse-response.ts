// hot: bench/micro/head-parser.ts
// Parses a response head (RFC 9112 §4, §5). What its fields mean is in `response-semantics.ts`. A response that cannot be
// read in one way is refused; the proxy answers 502 in its place and ends the upstream connection.

import { fieldNames, findFieldName, LOOKS_ALIKE } from "./field-names.ts";
import { COLON, CR, IS_TOKEN, IS_VALUE, LF, NINE, SPACE, TAB, word, ZERO } from "./octets.ts";
import { badName, endOfFields, INCOMPLETE, parseValue, refuseHead } from "./parse-fields.ts";
import { FIELDS_MAX } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";
import * as is from "./response-head.ts";
import { readResponseSemantics } from "./response-semantics.ts";

const RESPONSE_FIELDS = fieldNames({
  connection: is.FIELD_CONNECTION,
  "content-length": is.FIELD_CONTENT_LENGTH,
  "transfer-encoding": is.FIELD_TRANSFER_ENCODING,
  "keep-alive": is.FIELD_KEEP_ALIVE,
  "proxy-connection": is.FIELD_PROXY_CONNECTION,
  upgrade: is.FIELD_UPGRADE,
  te: is.FIELD_TE,
  "set-cookie": is.FIELD_SET_COOKIE,
  date: is.FIELD_DATE,
  "cache-control": is.FIELD_CACHE_CONTROL,
  "content-type": is.FIELD_CONTENT_TYPE,
  trailer: is.FIELD_TRAILER,
});

const VERSION = word("HTTP/1.");
const BAD_GATEWAY = 502;
const STATUS_MIN = 100;
const STATUS_MAX = 599;

/**
 * Parses the response head that starts at `from`. Nothing at or beyond `end` is read. A prefix of a head answers
 * `INCOMPLETE` or what the whole head answers. An empty line before the status line is refused: it could only be what is
 * left of the response before.
 *
 * @param head - filled in place; its offsets point into `bytes`
 * @param requestMethod - one of the `METHOD_…` numbers: a response to HEAD has no body (RFC 9112 §6.3)
 * @returns the position after the head, `INCOMPLETE`, or -502 with the reason in `head.refusal`
 */
export function parseResponseHead(
  head: ResponseHead,
  bytes: Buffer,
  from: number,
  end: number,
  headMax: number,
  requestMethod: number,
): number {
  head.bytes = bytes;
  head.start = from;
  const limit = Math.min(end, from + headMax);
  let at = parseStatusLine(head, bytes, from, limit);
  if (at > 0) at = parseResponseFields(head, bytes, at, limit);
  if (at < 0) return -BAD_GATEWAY;
  if (at === INCOMPLETE) {
    return limit - from === headMax ? refuseHead(head, BAD_GATEWAY, "head too large") : INCOMPLETE;
  }
  head.end = at;
  return readResponseSemantics(head, requestMethod) < 0 ? -BAD_GATEWAY : at;
}

/** `HTTP-version SP 3DIGIT [SP reason] CRLF` (RFC 9112 §4); without the second space servers are let pass. */
function parseStatusLine(head: ResponseHead, bytes: Buffer, from: number, end: number): number {
  const length = VERSION.length;
  let at = from;
  for (let seen = 0; seen < length; seen += 1) {
    if (at >= end) return INCOMPLETE;
    if (bytes[at] !== VERSION[seen]) return refuseHead(head, BAD_GATEWAY, "not an HTTP/1.x response");
    at += 1;
  }
  if (at >= end) return INCOMPLETE;
  const minor = (bytes[at] as number) - ZERO;
  if (minor !== 0 && minor !== 1) return refuseHead(head, BAD_GATEWAY, "unknown version");
  head.minor = minor;
  at += 1;
  if (at >= end) return INCOMPLETE;
  if (bytes[at] !== SPACE) return refuseHead(head, BAD_GATEWAY, "invalid status line");
  return parseStatus(head, bytes, at + 1, end);
}

function parseStatus(head: ResponseHead, bytes: Buffer, from: number, end: number): number {
  let status = 0;
  let at = from;
  for (; at < from + 3; at += 1) {
    if (at >= end) return INCOMPLETE;
    const octet = bytes[at] as number;
    if (octet < ZERO || octet > NINE) return refuseHead(head, BAD_GATEWAY, "invalid status");
    status = status * 10 + (octet - ZERO);
  }
  if (status < STATUS_MIN || status > STATUS_MAX) return refuseHead(head, BAD_GATEWAY, "invalid status");
  head.status = status;
  if (at >= end) return INCOMPLETE;
  if (bytes[at] === SPACE) {
    at += 1;
    head.reasonStart = at;
    while (at < end && IS_VALUE[bytes[at] as number] === 1) at += 1;
  } else {
    head.reasonStart = at;
  }
  head.reasonEnd = at;
  if (at >= end) return INCOMPLETE;
  if (bytes[at] !== CR) return refuseHead(head, BAD_GATEWAY, "invalid character in the status line");
  if (at + 1 >= end) return INCOMPLETE;
  if (bytes[at + 1] !== LF) return refuseHead(head, BAD_GATEWAY, "bare CR");
  return at + 2;
}

/** As `parseFields`, but white space before the colon is left out of the name (RFC 9112 §5.1, W06). */
function parseResponseFields(head: ResponseHead, bytes: Buffer, from: number, end: number): number {
  let at = from;
  let count = 0;
  for (;;) {
    if (at >= end) return INCOMPLETE;
    const nameStart = at;
    while (at < end && IS_TOKEN[bytes[at] as number] === 1) at += 1;
    if (at >= end) return INCOMPLETE;
    const nameEnd = at;
    if (bytes[at] !== COLON || at === nameStart) {
      if (at === nameStart && bytes[at] === CR) return endOfFields(head, bytes, at, end, count);
      if (at === nameStart) return badName(head, bytes[at] as number, true);
      while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
      if (at >= end) return INCOMPLETE;
      if (bytes[at] !== COLON) return badName(head, bytes[at] as number, false);
    }
    if (count === FIELDS_MAX) return refuseHead(head, BAD_GATEWAY, "too many fields");
    const id = findFieldName(RESPONSE_FIELDS, bytes, nameStart, nameEnd);
    head.nameStart[count] = nameStart;
    head.nameEnd[count] = nameEnd;
    head.fieldId[count] = id === LOOKS_ALIKE ? is.FIELD_OTHER : id;
    at = parseValue(head, bytes, at + 1, end, count);
    if (at <= 0) return at;
    count += 1;
  }
}
