// hot: bench/micro/head-parser.ts
// Parses a request head (RFC 9112 §2 to §5) and nothing else: what is ambiguous is refused, never repaired (W14).
// What the fields mean for framing and persistence is in `request-semantics.ts`. The states are drawn in `README.md`.

import { isAuthority } from "./authority.ts";
import { fieldNames } from "./field-names.ts";
import { methodOf } from "./methods.ts";
import {
  ASTERISK,
  CR,
  DOT,
  equalsIgnoringCase,
  IS_TARGET,
  IS_TOKEN,
  LF,
  NINE,
  QUESTION,
  SLASH,
  SPACE,
  word,
  ZERO,
} from "./octets.ts";
import { INCOMPLETE, parseFields, refuseHead } from "./parse-fields.ts";
import type { RequestHead } from "./request-head.ts";
import * as is from "./request-head.ts";
import { readRequestSemantics } from "./request-semantics.ts";

/** Longest method accepted; a longer one is surely unknown (501, W11). */
const METHOD_BYTES_MAX = 32;

const REQUEST_FIELDS = fieldNames({
  host: is.FIELD_HOST,
  connection: is.FIELD_CONNECTION,
  "content-length": is.FIELD_CONTENT_LENGTH,
  "transfer-encoding": is.FIELD_TRANSFER_ENCODING,
  cookie: is.FIELD_COOKIE,
  upgrade: is.FIELD_UPGRADE,
  expect: is.FIELD_EXPECT,
  te: is.FIELD_TE,
  "keep-alive": is.FIELD_KEEP_ALIVE,
  "proxy-connection": is.FIELD_PROXY_CONNECTION,
  forwarded: is.FIELD_FORWARDED,
  "x-forwarded-for": is.FIELD_X_FORWARDED_FOR,
  "x-forwarded-proto": is.FIELD_X_FORWARDED_PROTO,
  "x-forwarded-host": is.FIELD_X_FORWARDED_HOST,
  "x-forwarded-port": is.FIELD_X_FORWARDED_PORT,
  "x-request-id": is.FIELD_X_REQUEST_ID,
  traceparent: is.FIELD_TRACEPARENT,
  via: is.FIELD_VIA,
  "max-forwards": is.FIELD_MAX_FORWARDS,
  trailer: is.FIELD_TRAILER,
  "x-failover": is.FIELD_X_FAILOVER,
  accept: is.FIELD_ACCEPT,
  referer: is.FIELD_REFERER,
  "user-agent": is.FIELD_USER_AGENT,
});

const VERSION = word("HTTP/1.");
const HTTP_SCHEME = word("http://");
const HTTPS_SCHEME = word("https://");

/**
 * Parses the request head that starts at `from`; at most one empty line before it is skipped (W04). Nothing at or
 * beyond `end` is read. A prefix of a head answers `INCOMPLETE` or what the whole head answers.
 *
 * @param head - filled in place; its offsets point into `bytes`
 * @returns the position after the head, `INCOMPLETE`, or minus the status to refuse it with: 400, 414 (the request line
 * alone is over `headMax` bytes), 417 (unknown expectation), 431 (head over `headMax` bytes or too many fields), 501
 * (method too long, transfer coding before chunked), 505 (version)
 */
export function parseRequestHead(
  head: RequestHead,
  bytes: Buffer,
  from: number,
  end: number,
  headMax: number,
): number {
  if (from >= end) return INCOMPLETE;
  let at = from;
  if (bytes[at] === CR) {
    if (at + 1 >= end) return INCOMPLETE;
    if (bytes[at + 1] !== LF) return refuseHead(head, 400, "bare CR");
    at += 2;
  }
  head.bytes = bytes;
  head.start = at;
  const limit = Math.min(end, at + headMax);
  const isFull = limit - at === headMax;
  const fieldsStart = parseRequestLine(head, bytes, at, limit);
  if (fieldsStart < 0) return fieldsStart;
  if (fieldsStart === INCOMPLETE) {
    return isFull ? refuseHead(head, 414, "target too long") : INCOMPLETE;
  }
  const headEnd = parseFields(head, REQUEST_FIELDS, bytes, fieldsStart, limit);
  if (headEnd < 0) return headEnd;
  if (headEnd === INCOMPLETE) return isFull ? refuseHead(head, 431, "head too large") : INCOMPLETE;
  head.end = headEnd;
  const refused = readRequestSemantics(head);
  return refused < 0 ? refused : headEnd;
}

/** `method SP request-target SP HTTP-version CRLF` with exactly one space each (RFC 9112 §3). */
function parseRequestLine(head: RequestHead, bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && IS_TOKEN[bytes[at] as number] === 1) at += 1;
  if (at - from > METHOD_BYTES_MAX) return refuseHead(head, 501, "method too long");
  if (at >= end) return INCOMPLETE;
  if (bytes[at] !== SPACE || at === from) return refuseHead(head, 400, "invalid method");
  head.methodStart = from;
  head.methodEnd = at;
  head.method = methodOf(bytes, from, at);
  at += 1;
  head.targetStart = at;
  const targetEnd = parseTarget(head, bytes, at, end);
  if (targetEnd <= 0) return targetEnd;
  return parseVersion(head, bytes, targetEnd + 1, end);
}

/** `HTTP/1.0` or `HTTP/1.1`, then CRLF; 505 for another version, 400 for anything else (W12). */
function parseVersion(head: RequestHead, bytes: Buffer, from: number, end: number): number {
  const length = VERSION.length;
  let at = from;
  for (let seen = 0; seen < length; seen += 1) {
    if (at >= end) return INCOMPLETE;
    if (bytes[at] !== VERSION[seen]) return badVersion(head, bytes, from, end);
    at += 1;
  }
  if (at >= end) return INCOMPLETE;
  const minor = (bytes[at] as number) - ZERO;
  if (minor !== 0 && minor !== 1) return badVersion(head, bytes, from, end);
  if (at + 1 >= end) return INCOMPLETE;
  if (bytes[at + 1] !== CR) return refuseHead(head, 400, "request line does not end with CRLF");
  if (at + 2 >= end) return INCOMPLETE;
  if (bytes[at + 2] !== LF) return refuseHead(head, 400, "bare CR");
  head.minor = minor;
  return at + 3;
}

const MAJOR_AT = 5;
const DOT_AT = 6;
const MINOR_AT = 7;

/** Well-formed but unknown, `HTTP/` digit `.` digit: 505; else 400. Waits for as many bytes as that takes to say. */
function badVersion(head: RequestHead, bytes: Buffer, from: number, end: number): number {
  for (let seen = 0; seen <= MINOR_AT; seen += 1) {
    if (from + seen >= end) return INCOMPLETE;
    const octet = bytes[from + seen] as number;
    const isRight =
      seen === MAJOR_AT || seen === MINOR_AT
        ? octet >= ZERO && octet <= NINE
        : octet === (seen === DOT_AT ? DOT : VERSION[seen]);
    if (!isRight) return refuseHead(head, 400, "invalid version");
  }
  return refuseHead(head, 505, "unknown version");
}

/** Finds the target's end (the space after it) and its parts; answers that end, `INCOMPLETE` or minus a status. */
function parseTarget(head: RequestHead, bytes: Buffer, from: number, end: number): number {
  let at = from;
  let query = -1;
  while (at < end && IS_TARGET[bytes[at] as number] === 1) {
    if (bytes[at] === QUESTION && query < 0) query = at;
    at += 1;
  }
  if (at >= end) return INCOMPLETE;
  if (bytes[at] !== SPACE || at === from) return refuseHead(head, 400, "invalid character in the target");
  head.targetEnd = at;
  head.isAbsolute = false;
  head.hostStart = 0;
  head.hostEnd = 0;
  head.pathStart = from;
  head.pathEnd = query < 0 ? at : query;
  if (bytes[from] === SLASH && head.method !== is.METHOD_CONNECT) return at;
  return parseOtherTarget(head, bytes, from, at);
}

/** absolute-form, `*` for OPTIONS, or authority-form for CONNECT, which the proxy answers 501 (RFC 9112 §3.2.2 to 4). */
function parseOtherTarget(head: RequestHead, bytes: Buffer, from: number, end: number): number {
  if (head.method === is.METHOD_CONNECT) {
    if (!isAuthority(bytes, from, end)) return refuseHead(head, 400, "invalid authority");
    head.pathStart = end;
    head.pathEnd = end;
    return end;
  }
  if (end - from === 1 && bytes[from] === ASTERISK && head.method === is.METHOD_OPTIONS) {
    head.pathEnd = from;
    return end;
  }
  const isHttp = equalsIgnoringCase(bytes, from, Math.min(end, from + HTTP_SCHEME.length), HTTP_SCHEME);
  const isHttps =
    !isHttp && equalsIgnoringCase(bytes, from, Math.min(end, from + HTTPS_SCHEME.length), HTTPS_SCHEME);
  if (!isHttp && !isHttps) return refuseHead(head, 400, "invalid target");
  const hostStart = from + (isHttp ? HTTP_SCHEME.length : HTTPS_SCHEME.length);
  let hostEnd = hostStart;
  while (hostEnd < end && bytes[hostEnd] !== SLASH && bytes[hostEnd] !== QUESTION) hostEnd += 1;
  if (!isAuthority(bytes, hostStart, hostEnd)) return refuseHead(head, 400, "invalid authority");
  head.isAbsolute = true;
  head.hostStart = hostStart;
  head.hostEnd = hostEnd;
  head.pathStart = hostEnd;
  return end;
}
