// hot: bench/cases.ts
// Writes the head of a request to the upstream: from parsed parts, without what concerns only the client's connection
// (RFC 9110 §7.6.1), and with what a gateway adds (§7.6.3, RFC 7239).

import { isNamedByConnection } from "./connection-field.ts";
import { QUOTE, SLASH, SPACE, word } from "./octets.ts";
import type { RequestHead } from "./request-head.ts";
import * as is from "./request-head.ts";
import { put, putAll, putNumber } from "./write-bytes.ts";
import { FieldRun } from "./write-fields.ts";

const VERSION = word(" HTTP/1.1\r\n");
const HOST = word("Host: ");
const CRLF = word("\r\n");
const CHUNKED = word("Transfer-Encoding: chunked\r\n");
const CONNECTION_UPGRADE = word("Connection: Upgrade\r\nUpgrade: ");
const FORWARDED_FOR = word("X-Forwarded-For: ");
const FORWARDED_HOST = word("X-Forwarded-Host: ");
const FORWARDED = word("Forwarded: ");
const FORWARDED_HOST_PARAMETER = word(';host="');
const COMMA_SPACE = word(", ");
const REQUEST_ID = word("X-Request-Id: ");
const TRACEPARENT = word("traceparent: ");
const MAX_FORWARDS = word("Max-Forwards: ");
const SLASH_WORD = word("/");
const ASTERISK_WORD = word("*");
/** Tells the application that the session lost its server (SPEC A3). */
export const FAILOVER_LINE: Uint8Array = word("X-Failover: true\r\n");
const NOTHING = new Uint8Array(0);

/** Room that the writer needs beyond the head it was given. */
export const REQUEST_HEAD_ROOM = 1024;

/** What the writer adds, in octets that were made when the connection was: one object for each client address. */
export interface ForwardedFields {
  /** The address, as it stands in X-Forwarded-For. */
  readonly address: Uint8Array;
  /** Whole lines: X-Forwarded-Proto, X-Forwarded-Port and Via, each with CRLF. */
  readonly lines: Uint8Array;
  /** The first and the last of these lines, for a trusted peer that gave some by itself. */
  readonly protoLine: Uint8Array;
  readonly viaLine: Uint8Array;
  /** `for=…;proto=…` of `Forwarded` (RFC 7239), empty when it is off. */
  readonly forwarded: Uint8Array;
  /** The peer is trusted: its forwarding fields are kept and added to; otherwise they are replaced (W47). */
  readonly isTrusted: boolean;
}

/** What is particular to one request; one object a worker. */
export class RequestAdditions {
  /** Request id and trace parent to add where the client gave none; empty for neither. */
  requestId: Uint8Array = NOTHING;
  traceparent: Uint8Array = NOTHING;
  /** The request asks for an upgrade and gets it passed on. */
  isUpgrade = false;
  /** The session lost its server (`X-Failover: true`). */
  isFailover = false;
}

/** Ranges of Cookie fields that are the router's own and not forwarded, ascending; `Decision` is one. */
export interface CookieStrips {
  readonly stripCount: number;
  readonly stripStart: Int32Array;
  readonly stripEnd: Int32Array;
}

const run = new FieldRun();

/** Writes the head and returns the position after it. `out` has room for the head and `REQUEST_HEAD_ROOM` more. */
export function writeRequestHead(
  out: Buffer,
  from: number,
  head: RequestHead,
  strips: CookieStrips,
  forwarded: ForwardedFields,
  additions: RequestAdditions,
): number {
  const { bytes, fieldCount, fieldId } = head;
  run.begin(out, writeRequestLine(out, from, head), bytes);
  if (head.isAbsolute) {
    run.at = putAll(out, run.at, HOST);
    run.piece(head.hostStart, head.hostEnd);
    run.endLine();
  }
  let seen = 0;
  for (let index = 0; index < fieldCount; index += 1) {
    const id = fieldId[index] as number;
    if (id === is.FIELD_OTHER) {
      if (!head.hasConnectionOptions || !isNamedByConnection(head, is.FIELD_CONNECTION, index))
        run.keep(head, index);
    } else if (id === is.FIELD_COOKIE && strips.stripCount > 0) {
      keepStripped(head, index, strips);
    } else if (isKept(head, id, seen, forwarded)) {
      if (!head.hasConnectionOptions || !isNamedByConnection(head, is.FIELD_CONNECTION, index))
        run.keep(head, index);
    }
    seen |= 1 << id;
  }
  run.flush();
  const at = head.bodyLength === is.CHUNKED ? putAll(out, run.at, CHUNKED) : run.at;
  return writeAdditions(out, at, head, seen, forwarded, additions);
}

function writeRequestLine(out: Buffer, from: number, head: RequestHead): number {
  const { bytes } = head;
  if (!head.isAbsolute) {
    // Method and target lie together with one space between, as they are written.
    return putAll(out, put(out, from, bytes, head.methodStart, head.targetEnd), VERSION);
  }
  let at = put(out, from, bytes, head.methodStart, head.methodEnd);
  out[at] = SPACE;
  at += 1;
  if (bytes[head.pathStart] !== SLASH) {
    // An empty path is `/`, and `*` for OPTIONS without a query (RFC 9112 §3.2.4).
    const isServerWide = head.method === is.METHOD_OPTIONS && head.pathStart === head.targetEnd;
    at = putAll(out, at, isServerWide ? ASTERISK_WORD : SLASH_WORD);
  }
  return putAll(out, put(out, at, bytes, head.pathStart, head.targetEnd), VERSION);
}

/** Whether a field that the proxy knows goes on as it is. */
function isKept(head: RequestHead, id: number, seen: number, forwarded: ForwardedFields): boolean {
  switch (id) {
    case is.FIELD_CONNECTION:
    case is.FIELD_KEEP_ALIVE:
    case is.FIELD_PROXY_CONNECTION:
    case is.FIELD_TE:
    case is.FIELD_UPGRADE:
    case is.FIELD_TRANSFER_ENCODING:
    case is.FIELD_X_FORWARDED_FOR:
    case is.FIELD_X_FAILOVER:
      return false;
    case is.FIELD_HOST:
      return !head.isAbsolute;
    case is.FIELD_CONTENT_LENGTH:
      return (seen & (1 << id)) === 0;
    case is.FIELD_X_FORWARDED_HOST:
    case is.FIELD_X_FORWARDED_PROTO:
    case is.FIELD_X_FORWARDED_PORT:
    case is.FIELD_FORWARDED:
      return forwarded.isTrusted;
    case is.FIELD_MAX_FORWARDS:
      return head.method !== is.METHOD_OPTIONS && head.method !== is.METHOD_TRACE;
    default:
      return true;
  }
}

/** Writes a Cookie field without the ranges that are the router's own; nothing at all when nothing else is in it (W48). */
function keepStripped(head: RequestHead, index: number, strips: CookieStrips): void {
  const valueStart = head.valueStart[index] as number;
  const valueEnd = head.valueEnd[index] as number;
  let at = valueStart;
  let isOpen = false;
  for (let strip = 0; strip <= strips.stripCount; strip += 1) {
    const isLast = strip === strips.stripCount;
    const start = isLast ? valueEnd : (strips.stripStart[strip] as number);
    if (start < valueStart || start > valueEnd) continue;
    if (start > at) {
      if (!isOpen) {
        run.flush();
        run.beginLine(head.nameStart[index] as number, head.nameEnd[index] as number);
        isOpen = true;
      }
      run.piece(at, start);
    }
    if (!isLast) at = strips.stripEnd[strip] as number;
  }
  if (isOpen) run.endLine();
}

function writeAdditions(
  out: Buffer,
  from: number,
  head: RequestHead,
  seen: number,
  forwarded: ForwardedFields,
  additions: RequestAdditions,
): number {
  let at = writeForwardedFor(out, from, head, forwarded);
  if ((seen & (1 << is.FIELD_X_FORWARDED_HOST)) === 0 || !forwarded.isTrusted) {
    at = putAll(out, at, FORWARDED_HOST);
    at = put(out, at, head.bytes, head.hostStart, head.hostEnd);
    at = putAll(out, at, CRLF);
  }
  at = forwarded.isTrusted ? writeMissing(out, at, seen, forwarded) : putAll(out, at, forwarded.lines);
  if (forwarded.forwarded.length > 0) at = writeForwarded(out, at, head, forwarded);
  if (additions.requestId.length > 0 && (seen & (1 << is.FIELD_X_REQUEST_ID)) === 0) {
    at = putAll(out, putAll(out, putAll(out, at, REQUEST_ID), additions.requestId), CRLF);
  }
  if (additions.traceparent.length > 0 && (seen & (1 << is.FIELD_TRACEPARENT)) === 0) {
    at = putAll(out, putAll(out, putAll(out, at, TRACEPARENT), additions.traceparent), CRLF);
  }
  if ((seen & (1 << is.FIELD_MAX_FORWARDS)) !== 0) at = writeMaxForwards(out, at, head);
  if (additions.isUpgrade) {
    at = putAll(out, at, CONNECTION_UPGRADE);
    const field = head.upgradeField;
    at = put(out, at, head.bytes, head.valueStart[field] as number, head.valueEnd[field] as number);
    at = putAll(out, at, CRLF);
  }
  if (additions.isFailover) at = putAll(out, at, FAILOVER_LINE);
  return putAll(out, at, CRLF);
}

/** Scheme and port as a trusted peer saw them stay; a port of ours beside a scheme of its would be wrong. */
function writeMissing(out: Buffer, from: number, seen: number, forwarded: ForwardedFields): number {
  const hasProto = (seen & (1 << is.FIELD_X_FORWARDED_PROTO)) !== 0;
  const hasPort = (seen & (1 << is.FIELD_X_FORWARDED_PORT)) !== 0;
  if (!hasProto && !hasPort) return putAll(out, from, forwarded.lines);
  return putAll(out, hasProto ? from : putAll(out, from, forwarded.protoLine), forwarded.viaLine);
}

/** One X-Forwarded-For field: what a trusted peer said, then the peer itself. */
function writeForwardedFor(out: Buffer, from: number, head: RequestHead, forwarded: ForwardedFields): number {
  let at = putAll(out, from, FORWARDED_FOR);
  if (forwarded.isTrusted) {
    for (let index = 0; index < head.fieldCount; index += 1) {
      if (head.fieldId[index] !== is.FIELD_X_FORWARDED_FOR) continue;
      at = put(out, at, head.bytes, head.valueStart[index] as number, head.valueEnd[index] as number);
      at = putAll(out, at, COMMA_SPACE);
    }
  }
  return putAll(out, putAll(out, at, forwarded.address), CRLF);
}

function writeForwarded(out: Buffer, from: number, head: RequestHead, forwarded: ForwardedFields): number {
  let at = putAll(out, putAll(out, from, FORWARDED), forwarded.forwarded);
  at = putAll(out, at, FORWARDED_HOST_PARAMETER);
  at = put(out, at, head.bytes, head.hostStart, head.hostEnd);
  out[at] = QUOTE;
  return putAll(out, at + 1, CRLF);
}

/** For OPTIONS and TRACE one hop fewer (RFC 9110 §7.6.2); 0 was answered before. */
function writeMaxForwards(out: Buffer, from: number, head: RequestHead): number {
  if (head.method !== is.METHOD_OPTIONS && head.method !== is.METHOD_TRACE) return from;
  const hops = maxForwards(head);
  if (hops < 1) return from;
  return putAll(out, putNumber(out, putAll(out, from, MAX_FORWARDS), hops - 1), CRLF);
}

/** The hops that a request may still take, -1 when it does not say. */
export function maxForwards(head: RequestHead): number {
  const index = head.fieldId.indexOf(is.FIELD_MAX_FORWARDS);
  if (index < 0 || index >= head.fieldCount) return -1;
  const text = head.bytes.toString(
    "latin1",
    head.valueStart[index] as number,
    head.valueEnd[index] as number,
  );
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}
