// One journal entry as a line of a segment: `CRC LENGTH DURABLE JSON\n`.
//
//   CRC      CRC-32 of the rest of the line, 8 hex digits
//   LENGTH   bytes of JSON; JSON has no line feed, so that lines can be found again after damage
//   DURABLE  how long the segment was when its last fsync had returned before this line was written
//
// DURABLE tells a torn tail from damage. What one fsync covers may reach the disk in any order, so that a crash can leave
// a good line behind a bad one, and neither was answered. But when a line says that the disk had more than where the bad
// one begins, then the bad one was answered, and has been damaged since.

import { crc32 } from "node:zlib";
import type { Result } from "../base/result.ts";
import type { JournalEntry } from "./journal.ts";
import { decodeEntry } from "./stored-entry.ts";

const LINE_FEED = 10;
const SPACE = 32;
const CRC_DIGITS = 8;
/** CRC, two numbers of up to 16 digits, three spaces. */
const HEADER_BYTES_MAX = CRC_DIGITS + 16 + 16 + 3;

/** What stands at a place of a segment. */
export type RecordAt =
  /** Nothing: the segment ends here. */
  | { readonly kind: "end" }
  /** Cut off, or not what was written. */
  | { readonly kind: "damaged" }
  /** A whole line with a right checksum; `next` is where the one after it begins. */
  | { readonly kind: "whole"; readonly json: Buffer; readonly durable: number; readonly next: number };

/** A line from the entry's JSON. @param durable - bytes of the segment that the last fsync covered */
export function encodeRecord(json: string, durable: number): Buffer {
  const body = Buffer.from(` ${Buffer.byteLength(json)} ${durable} ${json}\n`);
  const sum = crc32(body.subarray(1, -1)).toString(16).padStart(CRC_DIGITS, "0");
  return Buffer.concat([Buffer.from(sum, "latin1"), body]);
}

/** Reads what stands at `at`. The JSON is a view of `bytes`. */
export function recordAt(bytes: Buffer, at: number): RecordAt {
  if (at >= bytes.length) return { kind: "end" };
  const header = bytes.toString("latin1", at, Math.min(at + HEADER_BYTES_MAX, bytes.length));
  const match = /^([0-9a-f]{8}) (\d{1,16}) (\d{1,16}) /.exec(header);
  if (match === null) return { kind: "damaged" };
  const from = at + match[0].length;
  const end = from + Number(match[2]);
  if (end >= bytes.length || bytes[end] !== LINE_FEED) return { kind: "damaged" };
  const sum = crc32(bytes.subarray(at + CRC_DIGITS + 1, end));
  if (sum !== Number.parseInt(match[1] ?? "", 16)) return { kind: "damaged" };
  return { kind: "whole", json: bytes.subarray(from, end), durable: Number(match[3]), next: end + 1 };
}

/** Whether a line after the damage at `at` proves that what stood there had been durable. */
export function wasDurable(bytes: Buffer, at: number): boolean {
  // Looked for at every byte, not after line feeds: the damaged byte may be a line feed.
  const header = /[0-9a-f]{8} \d{1,16} \d{1,16} /g;
  const text = bytes.toString("latin1", at);
  header.lastIndex = 1;
  for (let match = header.exec(text); match !== null; match = header.exec(text)) {
    const found = recordAt(bytes, at + match.index);
    if (found.kind === "whole" && found.durable > at) return true;
    header.lastIndex = match.index + 1;
  }
  return false;
}

/** The entry in a whole line. */
export function readEntry(json: Buffer): Result<JournalEntry> {
  return decodeEntry(JSON.parse(json.toString()));
}

/** A file of one record, such as a snapshot: `CRC LENGTH JSON\n`; undefined when it is not whole. */
export function decodeWhole(bytes: Buffer): unknown {
  const first = bytes.indexOf(SPACE);
  const second = bytes.indexOf(SPACE, first + 1);
  if (first !== CRC_DIGITS || second < 0) return undefined;
  const end = second + 1 + Number(bytes.toString("latin1", first + 1, second));
  if (end + 1 !== bytes.length) return undefined;
  const sum = Number.parseInt(bytes.toString("latin1", 0, first), 16);
  if (crc32(bytes.subarray(first + 1, end)) !== sum) return undefined;
  return JSON.parse(bytes.toString("utf8", second + 1, end));
}

/** The file that `decodeWhole` reads. */
export function encodeWhole(value: unknown): Buffer {
  const json = JSON.stringify(value);
  const body = Buffer.from(` ${Buffer.byteLength(json)} ${json}\n`);
  const sum = crc32(body.subarray(1, -1)).toString(16).padStart(CRC_DIGITS, "0");
  return Buffer.concat([Buffer.from(sum, "latin1"), body]);
}
