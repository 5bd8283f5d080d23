// The files that a journal consists of: segments of entries, named by their first revision, and snapshots.

import { join } from "node:path";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { Disk } from "../system/disk.ts";
import { readFileIfThere } from "../system/disk.ts";
import type { JournalEntry } from "./journal.ts";
import { readEntry, recordAt, wasDurable } from "./record.ts";

const REVISION_DIGITS = 16;

/** A mark every so many bytes, so that a late entry is found without reading from the start. */
const MARK_BYTES = 65_536;

/** Where an entry begins. */
interface Mark {
  readonly revision: number;
  readonly offset: number;
}

/** One segment, as far as it is known to be on disk. */
export class Segment {
  readonly firstRevision: number;
  readonly path: string;
  /** Bytes of whole entries, as the last fsync left them. */
  sizeBytes = 0;
  /** Revision of the last entry; one less than the first when it is empty. */
  lastRevision: number;
  readonly #marks: Mark[] = [];

  constructor(folder: string, firstRevision: number) {
    this.firstRevision = firstRevision;
    this.lastRevision = firstRevision - 1;
    this.path = join(folder, segmentName(firstRevision));
  }

  /** Notes an entry that is on disk and ends at `end`. */
  note(revision: number, end: number): void {
    const last = this.#marks.at(-1);
    if (last === undefined || this.sizeBytes - last.offset >= MARK_BYTES) {
      this.#marks.push({ revision, offset: this.sizeBytes });
    }
    this.lastRevision = revision;
    this.sizeBytes = end;
  }

  /** A place at or before the entry with this revision. */
  offsetBefore(revision: number): number {
    let offset = 0;
    for (const mark of this.#marks) {
      if (mark.revision > revision) break;
      offset = mark.offset;
    }
    return offset;
  }
}

/** What a segment held, and whether something torn follows it. */
export interface SegmentContent {
  readonly entries: readonly JournalEntry[];
  readonly isTorn: boolean;
}

/**
 * Reads a segment whole and checks that its revisions have no gap.
 *
 * @param segment - gets its size and marks
 * @param mayBeTorn - the newest segment may end in bytes that were never answered; anywhere else they are damage
 * @returns `JOURNAL_CORRUPT` naming file and offset
 */
export async function readSegment(
  disk: Disk,
  segment: Segment,
  mayBeTorn: boolean,
): Promise<Result<SegmentContent>> {
  const bytes = (await readFileIfThere(segment.path, disk)) ?? Buffer.alloc(0);
  const entries: JournalEntry[] = [];
  for (let at = 0; ; ) {
    const found = recordAt(bytes, at);
    if (found.kind === "end") return ok({ entries, isTorn: false });
    if (found.kind === "damaged") {
      if (mayBeTorn && !wasDurable(bytes, at)) return ok({ entries, isTorn: true });
      return corrupt(segment.path, at, "its checksum does not fit");
    }
    const entry = readEntry(found.json);
    if (!entry.ok) return corrupt(segment.path, at, entry.fault.message);
    const expected = segment.lastRevision + 1;
    if (entry.value.revision !== expected) {
      return corrupt(segment.path, at, `revision ${entry.value.revision} stands where ${expected} should`);
    }
    entries.push(entry.value);
    segment.note(entry.value.revision, found.next);
    at = found.next;
  }
}

/** `JOURNAL_CORRUPT` at a place. */
export function corrupt(path: string, offset: number, why: string): ReturnType<typeof refuse> {
  return refuse("JOURNAL_CORRUPT", `Cannot read the journal: "${path}" is damaged at byte ${offset}: ${why}`);
}

/** Name of the segment that begins with a revision; sorted by name is sorted by revision. */
function segmentName(firstRevision: number): string {
  return `${String(firstRevision).padStart(REVISION_DIGITS, "0")}.log`;
}

/** First revision of a segment by its name; undefined for other files. */
export function segmentRevision(name: string): number | undefined {
  const match = /^(\d{16})\.log$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Name of the snapshot of a revision. */
export function snapshotName(revision: number): string {
  return `snapshot-${String(revision).padStart(REVISION_DIGITS, "0")}.json`;
}

/** Revision of a snapshot by its name; undefined for other files. */
export function snapshotRevision(name: string): number | undefined {
  const match = /^snapshot-(\d{16})\.json$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}
