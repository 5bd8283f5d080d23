// hot: bench/micro/head-parser.ts
// Parses a request head (RFC 9112 §2 to §5) and nothing else: what is ambiguous is refused, never repaired (W14).
// What the fields mean for framing and persistence is in `request-semantics.ts`.

import { fieldNames } from "./field-names.ts";
import {
  ASTERISK,
  COLON,
  CR,
  equalsIgnoringCase,
  IS_HOST,
  IS_TARGET,
  IS_TOKEN,
  LF,
  latin1,
  QUESTION,
  SLASH,
  SPACE,
  word,
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
});

const VERSION = word("HTTP/1.");
const HTTP_SCHEME = word("http://");
const HTTPS_SCHEME = word("https://");

/**
 * Parses the request head that starts at `from`; at most one empty line before it is skipped (W04).
 *
 * @param head - filled in place; its offsets point into `bytes`
 * @returns the position after the head, `INCOMPLETE`, or minus the status to refuse it with: 400, 414 (target over
 * `targetMax` bytes), 431 (head over `headMax` bytes or too many fields), 501 (method), 505 (version)
 */
export function parseRequestHead(
  head: RequestHead,
  bytes: Buffer,
  from: number,
  end: number,
  headMax: number,
): number {
  let at = from;
  if (bytes[at] === CR && at + 1 < end) {
    if (bytes[at + 1] !== LF) return refuseHead(head, 400, "bare CR");
    at += 2;
  }
  head.bytes = bytes;
  head.start = at;
  const limit = Math.min(end, at + headMax);
  const isCut = limit < end;
  const fieldsStart = parseRequestLine(head, bytes, at, limit);
  if (fieldsStart < 0) return fieldsStart;
  if (fieldsStart === INCOMPLETE) {
    return isCut || limit - at >= headMax ? refuseHead(head, 414, "target too long") : INCOMPLETE;
  }
  const headEnd = parseFields(head, REQUEST_FIELDS, bytes, fieldsStart, limit);
  if (headEnd < 0) return headEnd;
  if (headEnd === INCOMPLETE) {
    return isCut || limit - at >= headMax ? refuseHead(head, 431, "head too large") : INCOMPLETE;
  }
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

/** `HTTP/1.0` or `HTTP/1.1`, then CRLF; 505 for another major version, 400 for anything else (W12). */
function parseVersion(head: RequestHead, bytes: Buffer, at: number, end: number): number {
  const length = VERSION.length;
  for (let seen = 0; seen < length; seen += 1) {
    if (at + seen >= end) return INCOMPLETE;
    if (bytes[at + seen] !== VERSION[seen]) return badVersion(head, bytes, at, end);
  }
  if (at + length + 2 >= end) return INCOMPLETE;
  const minor = (bytes[at + length] as number) - 48;
  if (minor !== 0 && minor !== 1)
    return refuseHead(head, minor > 1 && minor <= 9 ? 505 : 400, "unknown version");
  if (bytes[at + length + 1] !== CR || bytes[at + length + 2] !== LF) {
    return refuseHead(head, 400, "request line does not end with CRLF");
  }
  head.minor = minor;
  return at + length + 3;
}

function badVersion(head: RequestHead, bytes: Buffer, at: number, end: number): number {
  const isOtherMajor = /^HTTP\/[02-9]\.[0-9]\r/.test(latin1(bytes, at, Math.min(end, at + 9)));
  return refuseHead(head, isOtherMajor ? 505 : 400, "unknown version");
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
  if (bytes[from] === SLASH) return at;
  return parseOtherTarget(head, bytes, from, at);
}

/** absolute-form, `*` for OPTIONS, or authority-form for CONNECT, which is answered 501 later (RFC 9112 §3.2.2 to 4). */
function parseOtherTarget(head: RequestHead, bytes: Buffer, from: number, end: number): number {
  if (head.method === is.METHOD_CONNECT) {
    head.pathStart = end;
    head.pathEnd = end;
    return end;
  }
  if (end - from === 1 && bytes[from] === ASTERISK && head.method === is.METHOD_OPTIONS) {
    head.pathEnd = from;
    return end;
  }
  const isHttp = equalsIgnoringCase(bytes, from, Math.min(end, from + 7), HTTP_SCHEME);
  const isHttps = equalsIgnoringCase(bytes, from, Math.min(end, from + 8), HTTPS_SCHEME);
  if (!isHttp && !isHttps) return refuseHead(head, 400, "invalid target");
  const hostStart = from + (isHttp ? 7 : 8);
  let at = hostStart;
  while (at < end && IS_HOST[bytes[at] as number] === 1) at += 1;
  if (at === hostStart || bytes[hostStart] === COLON) return refuseHead(head, 400, "target without a host");
  if (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION)
    return refuseHead(head, 400, "invalid authority");
  head.isAbsolute = true;
  head.hostStart = hostStart;
  head.hostEnd = at;
  head.pathStart = at;
  if (head.pathEnd < at) head.pathEnd = end;
  return end;
}

/** The number of a method that the proxy treats in its own way. Methods are case-sensitive (RFC 9110 §9.1). */
function methodOf(bytes: Buffer, start: number, end: number): number {
  switch (end - start) {
    case 3:
      if (bytes[start] === 0x47) return isWord(bytes, start, GET) ? is.METHOD_GET : is.METHOD_OTHER;
      return isWord(bytes, start, PUT) ? is.METHOD_PUT : is.METHOD_OTHER;
    case 4:
      if (bytes[start] === 0x50) return isWord(bytes, start, POST) ? is.METHOD_POST : is.METHOD_OTHER;
      return isWord(bytes, start, HEAD) ? is.METHOD_HEAD : is.METHOD_OTHER;
    case 5:
      if (bytes[start] === 0x50) return isWord(bytes, start, PATCH) ? is.METHOD_PATCH : is.METHOD_OTHER;
      return isWord(bytes, start, TRACE) ? is.METHOD_TRACE : is.METHOD_OTHER;
    case 6:
      return isWord(bytes, start, DELETE) ? is.METHOD_DELETE : is.METHOD_OTHER;
    case 7:
      if (bytes[start] === 0x43) return isWord(bytes, start, CONNECT) ? is.METHOD_CONNECT : is.METHOD_OTHER;
      return isWord(bytes, start, OPTIONS) ? is.METHOD_OPTIONS : is.METHOD_OTHER;
    default:
      return is.METHOD_OTHER;
  }
}

const GET = word("GET");
const PUT = word("PUT");
const POST = word("POST");
const HEAD = word("HEAD");
const PATCH = word("PATCH");
const TRACE = word("TRACE");
const DELETE = word("DELETE");
const CONNECT = word("CONNECT");
const OPTIONS = word("OPTIONS");

function isWord(bytes: Buffer, start: number, expected: Uint8Array): boolean {
  for (let at = 0; at < expected.length; at += 1) {
    if (bytes[start + at] !== expected[at]) return false;
  }
  return true;
}

/** True for methods that may be sent again without asking (RFC 9110 §9.2.2). */
export function isIdempotent(method: number): boolean {
  return (
    method === is.METHOD_GET ||
    method === is.METHOD_HEAD ||
    method === is.METHOD_PUT ||
    method === is.METHOD_DELETE ||
    method === is.METHOD_OPTIONS ||
    method === is.METHOD_TRACE
  );
}
