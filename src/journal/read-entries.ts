// Reads entries back for the audit trail, over all segments, without holding more in memory than is asked for.

import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { Disk, DiskFile } from "../system/disk.ts";
import type { JournalEntry } from "./journal.ts";
import { readEntry, recordAt } from "./record.ts";
import { corrupt, type Segment } from "./segments.ts";

/** Bytes that are read at once; an entry that is longer takes more. */
const READ_BYTES = 262_144;

/** Entries above `after`, oldest first, at most `limit`, as far as they are durable. */
export async function readEntries(
  disk: Disk,
  segments: readonly Segment[],
  range: { readonly after: number; readonly limit: number },
): Promise<Result<readonly JournalEntry[]>> {
  const entries: JournalEntry[] = [];
  for (const segment of [...segments]) {
    if (entries.length >= range.limit) break;
    if (segment.lastRevision <= range.after || segment.lastRevision < segment.firstRevision) continue;
    const file = await disk.open(segment.path, "read");
    try {
      const read = await readFrom(file, segment, { ...range, into: entries });
      if (!read.ok) return read;
    } finally {
      await file.close();
    }
  }
  return ok(entries);
}

async function readFrom(
  file: DiskFile,
  segment: Segment,
  range: { readonly after: number; readonly limit: number; readonly into: JournalEntry[] },
): Promise<Result<void>> {
  // Of a segment that a snapshot covered at the start, only the file knows the size.
  const size = segment.sizeBytes > 0 ? segment.sizeBytes : await file.sizeBytes();
  let at = segment.offsetBefore(range.after + 1);
  for (let length = READ_BYTES; at < size; ) {
    const bytes = await readBytes(file, at, Math.min(length, size - at));
    let used = 0;
    for (;;) {
      const found = recordAt(bytes, used);
      if (found.kind !== "whole") break;
      const entry = readEntry(found.json);
      if (!entry.ok) return corrupt(segment.path, at + used, entry.fault.message);
      if (entry.value.revision > range.after) range.into.push(entry.value);
      if (range.into.length >= range.limit) return ok(undefined);
      used = found.next;
    }
    if (used === 0 && bytes.length >= size - at) {
      return corrupt(segment.path, at, "its checksum does not fit");
    }
    length = used === 0 ? length * 2 : READ_BYTES;
    at += used;
  }
  return ok(undefined);
}

async function readBytes(file: DiskFile, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = await file.read(bytes.subarray(done), from + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}
