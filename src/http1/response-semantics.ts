// hot: bench/micro/head-parser.ts
// What a response's fields mean for framing and persistence (RFC 9112 §6, §9.3). Two lengths or a wrong one are refused:
// whoever guessed the end of a body would take what follows for the next response (W20 to W24, W29).

import {
  HAS_CLOSE,
  HAS_KEEP_ALIVE,
  HAS_OTHER,
  optionStart,
  optionStop,
  optionTrim,
  readConnection,
} from "./connection-field.ts";
import { EQUALS, equalsIgnoringCase, SEMICOLON, word } from "./octets.ts";
import { refuseHead } from "./parse-fields.ts";
import { CHUNKED, METHOD_HEAD } from "./request-head.ts";
import { equalsValue, hasTabBehind, readLength, readSmallNumber } from "./request-semantics.ts";
import type { ResponseHead } from "./response-head.ts";
import * as is from "./response-head.ts";

const BAD_GATEWAY = 502;
const CHUNKED_CODING = word("chunked");
const IDENTITY_CODING = word("identity");
const TIMEOUT = word("timeout");
const EVENT_STREAM = word("text/event-stream");

/** Longest hint that is kept: a day in ms is still a small whole number. */
const KEEP_ALIVE_SECONDS_MAX = 86_400;

// Scratch of one call, which is synchronous.
let length = -1;
let codings = 0;
let connection = 0;
let upgrade = -1;

/** Reads the meaning of the parsed fields into the head. Returns 0, or -502 when it has more than one. */
export function readResponseSemantics(head: ResponseHead, requestMethod: number): number {
  length = -1;
  codings = 0;
  connection = 0;
  upgrade = -1;
  head.keepAliveMs = -1;
  head.hasSetCookie = false;
  head.hasDate = false;
  head.isEventStream = false;
  const { fieldCount, fieldId } = head;
  for (let field = 0; field < fieldCount; field += 1) {
    const id = fieldId[field] as number;
    if (id === is.FIELD_OTHER) continue;
    const refused = readField(head, field, id);
    if (refused < 0) return refused;
  }
  head.hasConnectionOptions = (connection & HAS_OTHER) !== 0;
  head.upgradeField = head.status === 101 ? upgrade : -1;
  head.isPersistent =
    (connection & HAS_CLOSE) === 0 && (head.minor === 1 || (connection & HAS_KEEP_ALIVE) !== 0);
  return readFraming(head, requestMethod);
}

function readField(head: ResponseHead, field: number, id: number): number {
  switch (id) {
    case is.FIELD_CONNECTION: {
      const options = readConnection(head, field);
      connection |= options;
      return options < 0 ? options : 0;
    }
    case is.FIELD_CONTENT_LENGTH:
      return readContentLength(head, field);
    case is.FIELD_TRANSFER_ENCODING:
      codings += 1;
      return 0;
    case is.FIELD_KEEP_ALIVE:
      head.keepAliveMs = keepAliveMs(head, field);
      return 0;
    case is.FIELD_UPGRADE:
      upgrade = upgrade < 0 ? field : upgrade;
      return 0;
    case is.FIELD_SET_COOKIE:
      head.hasSetCookie = true;
      return 0;
    case is.FIELD_DATE:
      head.hasDate = true;
      return 0;
    case is.FIELD_CONTENT_TYPE:
      head.isEventStream = isEventStream(head, field);
      return 0;
    default:
      return 0;
  }
}

/** Digits only. A field repeated with the same value is taken once (RFC 9110 §8.6, W23); a list within one is refused. */
function readContentLength(head: ResponseHead, field: number): number {
  const read = readLength(head.bytes, head.valueStart[field] as number, head.valueEnd[field] as number);
  if (read < 0 || hasTabBehind(head, field)) return refuseHead(head, BAD_GATEWAY, "invalid Content-Length");
  if (length >= 0 && length !== read) return refuseHead(head, BAD_GATEWAY, "different Content-Length fields");
  length = read;
  return 0;
}

/** The length of the body (RFC 9112 §6.3). */
function readFraming(head: ResponseHead, requestMethod: number): number {
  if (hasNoBody(head.status, requestMethod)) {
    head.bodyLength = 0;
    // A 204 that announces a body is of a server that may send one: what it sends shall meet nobody.
    if (head.status === 204 && (length > 0 || codings > 0)) head.isPersistent = false;
    return 0;
  }
  if (codings === 0) {
    head.bodyLength = length < 0 ? is.UNTIL_CLOSE : length;
  } else {
    if (length >= 0) return refuseHead(head, BAD_GATEWAY, "both Transfer-Encoding and Content-Length");
    if (head.minor === 0) return refuseHead(head, BAD_GATEWAY, "Transfer-Encoding in HTTP/1.0");
    if (codings > 1) return refuseHead(head, BAD_GATEWAY, "several Transfer-Encoding fields");
    const refused = readTransferEncoding(head);
    if (refused < 0) return refused;
  }
  if (head.bodyLength === is.UNTIL_CLOSE) head.isPersistent = false;
  return 0;
}

/** 1xx, 204, 304 and answers to HEAD have no body, whatever the fields say (W29). */
function hasNoBody(status: number, requestMethod: number): boolean {
  return status < 200 || status === 204 || status === 304 || requestMethod === METHOD_HEAD;
}

/**
 * `chunked` is decoded, and `identity`, which old servers send, lasts until the connection closes. Every other list is
 * refused: Transfer-Encoding does not go on, so that we would have to undo every coding, and no server may use one that
 * the request did not ask for with TE (RFC 9112 §7.4).
 */
function readTransferEncoding(head: ResponseHead): number {
  const field = head.fieldId.indexOf(is.FIELD_TRANSFER_ENCODING);
  if (hasTabBehind(head, field)) return refuseHead(head, BAD_GATEWAY, "tab behind a transfer coding");
  if (equalsValue(head, field, CHUNKED_CODING)) head.bodyLength = CHUNKED;
  else if (equalsValue(head, field, IDENTITY_CODING)) head.bodyLength = is.UNTIL_CLOSE;
  else return refuseHead(head, BAD_GATEWAY, "transfer coding other than chunked");
  return 0;
}

/** `timeout=N` of a Keep-Alive field in ms, -1 when there is none (W76). */
function keepAliveMs(head: ResponseHead, field: number): number {
  const { bytes } = head;
  const end = head.valueEnd[field] as number;
  let at = head.valueStart[field] as number;
  while (at < end) {
    const stop = optionStop(bytes, at, end);
    const start = optionStart(bytes, at, stop);
    const nameEnd = start + TIMEOUT.length;
    if (nameEnd < stop && equalsIgnoringCase(bytes, start, nameEnd, TIMEOUT) && bytes[nameEnd] === EQUALS) {
      const seconds = readSmallNumber(bytes, nameEnd + 1, optionTrim(bytes, nameEnd + 1, stop));
      if (seconds >= 0) return Math.min(seconds, KEEP_ALIVE_SECONDS_MAX) * 1000;
    }
    at = stop + 1;
  }
  return -1;
}

/** The media type `text/event-stream`, with or without parameters. */
function isEventStream(head: ResponseHead, field: number): boolean {
  const { bytes } = head;
  const start = head.valueStart[field] as number;
  let end = start;
  while (end < (head.valueEnd[field] as number) && bytes[end] !== SEMICOLON) end += 1;
  return equalsIgnoringCase(bytes, start, optionTrim(bytes, start, end), EVENT_STREAM);
}
