// hot: bench/cases.ts
// Writes the head of a response to the client: from parsed parts, without what concerns only the upstream connection.

import { isNamedByConnection } from "./connection-field.ts";
import { SPACE, word, ZERO } from "./octets.ts";
import type { ResponseHead } from "./response-head.ts";
import * as is from "./response-head.ts";
import { put, putAll } from "./write-bytes.ts";
import { FieldRun } from "./write-fields.ts";

const VERSION = word("HTTP/1.1 ");
const OK_LINE = word("HTTP/1.1 200 OK\r\n");
const CRLF = word("\r\n");
const TRANSFER_CHUNKED = word("Transfer-Encoding: chunked\r\n");
const CLOSE = word("Connection: close\r\n");
const KEEP_ALIVE = word("Connection: keep-alive\r\n");
const UPGRADE = word("Connection: Upgrade\r\n");

/** Room that the writer needs beyond the head and the edits. */
const RESPONSE_HEAD_ROOM = 512;

/** How the response's body and connection look to the client; one object a worker. */
export class ResponseForm {
  /** The body is sent in chunks, whatever it came in. */
  isChunked = false;
  /** `Content-Length` is passed on (it is not when the body's end is shown otherwise). */
  keepsLength = true;
  /** The client connection ends after this response. */
  closes = false;
  /** An HTTP/1.0 client asked to keep the connection. */
  saysKeepAlive = false;
  /** A 101: the Upgrade field is passed on. */
  isUpgrade = false;
  /** `Date: …` line for a response without one (RFC 9110 §6.6.1). */
  dateLine: Uint8Array = CRLF;
}

/** What affinity changes in a head; `ResponseEdits` is one. */
export interface HeadEdits {
  readonly added: Buffer | null;
  readonly insertCount: number;
  readonly insertAt: Int32Array;
  readonly inserted: Buffer | null;
}

const run = new FieldRun();

/** Writes the head and returns the position after it. */
export function writeResponseHead(
  out: Buffer,
  from: number,
  head: ResponseHead,
  edits: HeadEdits | null,
  form: ResponseForm,
): number {
  const { bytes, fieldCount, fieldId } = head;
  run.begin(out, writeStatusLine(out, from, head), bytes);
  let lengthSeen = false;
  for (let index = 0; index < fieldCount; index += 1) {
    const id = fieldId[index] as number;
    if (id === is.FIELD_OTHER) {
      if (!head.hasConnectionOptions || !isNamedByConnection(head, is.FIELD_CONNECTION, index))
        run.keep(head, index);
    } else if (id === is.FIELD_SET_COOKIE && edits !== null && edits.insertCount > 0) {
      keepWithInsertions(head, index, edits);
    } else if (id === is.FIELD_CONTENT_LENGTH) {
      if (form.keepsLength && !lengthSeen) run.keep(head, index);
      lengthSeen = true;
    } else if (isKept(id, form)) {
      run.keep(head, index);
    }
  }
  run.flush();
  return writeAdditions(out, run.at, head, edits, form);
}

function writeStatusLine(out: Buffer, from: number, head: ResponseHead): number {
  const { bytes, reasonStart, reasonEnd } = head;
  if (head.status === 200 && reasonEnd - reasonStart === 2) return putAll(out, from, OK_LINE);
  let at = putAll(out, from, VERSION);
  out[at] = ZERO + Math.floor(head.status / 100);
  out[at + 1] = ZERO + (Math.floor(head.status / 10) % 10);
  out[at + 2] = ZERO + (head.status % 10);
  out[at + 3] = SPACE; // stands also before an empty reason (RFC 9112 §4)
  at = put(out, at + 4, bytes, reasonStart, reasonEnd);
  return putAll(out, at, CRLF);
}

function isKept(id: number, form: ResponseForm): boolean {
  switch (id) {
    case is.FIELD_CONNECTION:
    case is.FIELD_KEEP_ALIVE:
    case is.FIELD_PROXY_CONNECTION:
    case is.FIELD_TE:
    case is.FIELD_TRANSFER_ENCODING:
      return false;
    case is.FIELD_UPGRADE:
      return form.isUpgrade;
    default:
      return true;
  }
}

/** Writes a Set-Cookie field with the route appended where affinity wants it. */
function keepWithInsertions(head: ResponseHead, index: number, edits: HeadEdits): void {
  const valueStart = head.valueStart[index] as number;
  const valueEnd = head.valueEnd[index] as number;
  const inserted = edits.inserted;
  let at = valueStart;
  run.flush();
  run.beginLine(head.nameStart[index] as number, head.nameEnd[index] as number);
  for (let insertion = 0; insertion < edits.insertCount; insertion += 1) {
    const position = edits.insertAt[insertion] as number;
    if (position < valueStart || position > valueEnd || inserted === null) continue;
    run.piece(at, position);
    run.at = putAll(run.out, run.at, inserted);
    at = position;
  }
  run.piece(at, valueEnd);
  run.endLine();
}

function writeAdditions(
  out: Buffer,
  from: number,
  head: ResponseHead,
  edits: HeadEdits | null,
  form: ResponseForm,
): number {
  let at = from;
  if (!head.hasDate && head.status >= 200) at = putAll(out, at, form.dateLine);
  if (form.isChunked) at = putAll(out, at, TRANSFER_CHUNKED);
  if (edits !== null && edits.added !== null) at = putAll(out, at, edits.added);
  if (form.isUpgrade) at = putAll(out, at, UPGRADE);
  else if (form.closes) at = putAll(out, at, CLOSE);
  else if (form.saysKeepAlive) at = putAll(out, at, KEEP_ALIVE);
  return putAll(out, at, CRLF);
}

/** Bytes that the written head can take at most. */
export function responseHeadRoom(head: ResponseHead, edits: HeadEdits): number {
  const insertedBytes = edits.inserted === null ? 0 : edits.inserted.length * edits.insertCount;
  const addedBytes = edits.added === null ? 0 : edits.added.length;
  // A line without a space after its colon grows by one byte.
  return head.end - head.start + head.fieldCount + insertedBytes + addedBytes + RESPONSE_HEAD_ROOM;
}
