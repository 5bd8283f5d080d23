// The binary form in which processes tell each other of sessions. Little-endian:
//
//   u8 version = 1 · u8 flags · u16 keys · u32 records · then each key: u16 length, UTF-8 · then each record, 28 bytes:
//   u32 high · u32 low · u16 key (0xFFFF: the session is over) · u16 0 · u32 born · u32 bound · u32 last seen · u32 requests
//
// Instances are named by key, because a slot means something else in another process.

import { NO_SLOT, SessionRecord } from "./session-record.ts";
import type { SlotRegistry } from "./slot-registry.ts";

const VERSION = 1;
const HEAD_BYTES = 8;
const RECORD_BYTES = 28;
const KEY_OF_ENDED = 0xffff;

/** `requests` of the records count all, not only what is new. */
export const FLAG_TOTALS = 1;
/** The last part of all that the sender knows. */
export const FLAG_LAST = 2;
/** The sender itself has been told all by somebody, or knows that there was nothing to be told. */
export const FLAG_COMPLETE = 4;
/** The sender asks to be told all. */
export const FLAG_ASK = 8;
const FLAGS_KNOWN = FLAG_TOTALS | FLAG_LAST | FLAG_COMPLETE | FLAG_ASK;

/** Gathers records into one batch after another. */
export class SessionBatchWriter {
  readonly #slots: SlotRegistry;
  readonly #keyBySlot = new Map<number, number>();
  #keys: Buffer[] = [];
  #keyBytes = 0;
  #records = Buffer.alloc(64 * RECORD_BYTES);
  #count = 0;

  constructor(slots: SlotRegistry) {
    this.#slots = slots;
  }

  /** Records gathered since the last `take`. */
  get count(): number {
    return this.#count;
  }

  add(record: SessionRecord): void {
    if ((this.#count + 1) * RECORD_BYTES > this.#records.length) {
      this.#records = Buffer.concat([this.#records], this.#records.length * 2);
    }
    const at = this.#count * RECORD_BYTES;
    const bytes = this.#records;
    bytes.writeUInt32LE(record.high >>> 0, at);
    bytes.writeUInt32LE(record.low >>> 0, at + 4);
    bytes.writeUInt32LE(record.slot === NO_SLOT ? KEY_OF_ENDED : this.#keyOf(record.slot), at + 8);
    bytes.writeUInt32LE(record.bornSeconds, at + 12);
    bytes.writeUInt32LE(record.boundSeconds, at + 16);
    bytes.writeUInt32LE(record.lastSeenSeconds, at + 20);
    bytes.writeUInt32LE(record.requests >>> 0, at + 24);
    this.#count += 1;
  }

  /** The batch of all that was added, as bytes of its own; the writer is empty again. */
  take(flags: number): Uint8Array {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt8(VERSION, 0);
    head.writeUInt8(flags, 1);
    head.writeUInt16LE(this.#keys.length, 2);
    head.writeUInt32LE(this.#count, 4);
    const records = this.#records.subarray(0, this.#count * RECORD_BYTES);
    const length = HEAD_BYTES + this.#keyBytes + records.length;
    const batch = new Uint8Array(Buffer.concat([head, ...this.#keys, records], length));
    this.#keyBySlot.clear();
    this.#keys = [];
    this.#keyBytes = 0;
    this.#count = 0;
    return batch;
  }

  #keyOf(slot: number): number {
    const known = this.#keyBySlot.get(slot);
    if (known !== undefined) return known;
    const name = Buffer.from(this.#slots.keyOf(slot));
    const key = Buffer.alloc(2 + name.length);
    key.writeUInt16LE(name.length, 0);
    name.copy(key, 2);
    this.#keys.push(key);
    this.#keyBytes += key.length;
    this.#keyBySlot.set(slot, this.#keys.length - 1);
    return this.#keys.length - 1;
  }
}

/**
 * Reads a batch whole, or not at all.
 *
 * @param visit - gets every record, its slot in this process; the object is reused
 * @returns the batch's flags, or -1 when it is malformed or of a later version: then nothing was visited
 */
export function readBatch(
  bytes: Uint8Array,
  slots: SlotRegistry,
  visit: (record: SessionRecord, isTotal: boolean) => void,
): number {
  const batch = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (batch.length < HEAD_BYTES || batch[0] !== VERSION) return -1;
  const flags = batch.readUInt8(1);
  if ((flags & ~FLAGS_KNOWN) !== 0) return -1;
  const names = readKeys(batch, batch.readUInt16LE(2));
  if (names === null) return -1;
  const count = batch.readUInt32LE(4);
  if (batch.length !== names.end + count * RECORD_BYTES) return -1;
  for (let at = names.end; at < batch.length; at += RECORD_BYTES) {
    const key = batch.readUInt32LE(at + 8);
    if (key !== KEY_OF_ENDED && key >= names.keys.length) return -1;
  }
  const slotOfKey = names.keys.map((key) => slots.slotOf(key));
  for (let at = names.end; at < batch.length; at += RECORD_BYTES) {
    scratch.high = batch.readUInt32LE(at);
    scratch.low = batch.readUInt32LE(at + 4);
    scratch.slot = slotOfKey[batch.readUInt32LE(at + 8)] ?? NO_SLOT;
    scratch.bornSeconds = batch.readUInt32LE(at + 12);
    scratch.boundSeconds = batch.readUInt32LE(at + 16);
    scratch.lastSeenSeconds = batch.readUInt32LE(at + 20);
    scratch.requests = batch.readUInt32LE(at + 24);
    visit(scratch, (flags & FLAG_TOTALS) !== 0);
  }
  return flags;
}

function readKeys(batch: Buffer, count: number): { keys: string[]; end: number } | null {
  const keys: string[] = [];
  let at = HEAD_BYTES;
  for (let number = 0; number < count; number += 1) {
    if (at + 2 > batch.length) return null;
    const length = batch.readUInt16LE(at);
    at += 2;
    if (at + length > batch.length) return null;
    keys.push(batch.toString("utf8", at, at + length));
    at += length;
  }
  return { keys, end: at };
}

const scratch = new SessionRecord();
