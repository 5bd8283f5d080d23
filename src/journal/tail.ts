// The end of the journal, where entries are added: group commit, rotation, and repair after a failed write.
//
//   idle ── append ──▶ writing ── fsync done, nothing waits ──▶ idle
//   writing ── fsync done, more waits ──▶ writing (all that wait, one fsync)
//   writing ── fails ──▶ cut back ──▶ idle: the batch and all that waited behind it are refused
//   cut back ── fails too ──▶ dirty ── next append ──▶ cut back …

import type { Fault } from "../base/fault.ts";
import { fault } from "../base/fault.ts";
import type { Disk, DiskFile } from "../system/disk.ts";
import { writeWhole } from "../system/disk.ts";
import { diskFault } from "./disk-fault.ts";
import { encodeRecord } from "./record.ts";
import { Segment } from "./segments.ts";

/** Most appends that wait for the disk. */
const WAITING_MAX = 10_000;

/** Most bytes that go into one write. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

interface Waiting {
  readonly revision: number;
  readonly json: string;
  /** Undefined when it is stored. */
  readonly done: (why: Fault | undefined) => void;
}

/** What the tail needs. */
export interface TailOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** All segments, oldest first; new ones are added. */
  readonly segments: Segment[];
  readonly segmentBytes: number;
  readonly lastRevision: number;
}

/** Adds entries durably, one batch at a time. */
export class Tail {
  readonly #options: TailOptions;
  #durableRevision: number;
  /** Revision of the newest entry that was accepted for writing. */
  #lastRevision: number;
  #waiting: Waiting[] = [];
  #open: { readonly segment: Segment; readonly file: DiskFile } | undefined;
  #isDirty = false;
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#durableRevision = options.lastRevision;
    this.#lastRevision = options.lastRevision;
  }

  /** Revision of the newest entry that is on disk. */
  get durableRevision(): number {
    return this.#durableRevision;
  }

  /** Resolves with undefined when the entry is on disk, or with why nothing of it is. */
  append(revision: number, json: string): Promise<Fault | undefined> {
    const refused = this.#refusal(revision);
    if (refused !== undefined) return Promise.resolve(refused);
    this.#lastRevision = revision;
    return new Promise((done) => {
      this.#waiting.push({ revision, json, done });
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  /** Ends when what waits is on disk. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    await this.#open?.file.close();
    this.#open = undefined;
  }

  #refusal(revision: number): Fault | undefined {
    const what = `Cannot append revision ${revision}`;
    if (this.#isClosed) return fault("JOURNAL_UNAVAILABLE", `${what}: the journal is closed`);
    if (revision !== this.#lastRevision + 1) {
      return fault("REVISION_CONFLICT", `${what}: the last one is ${this.#lastRevision}`);
    }
    if (this.#waiting.length >= WAITING_MAX) {
      return fault("JOURNAL_UNAVAILABLE", `${what}: ${WAITING_MAX} entries wait for the disk already`);
    }
    return undefined;
  }

  async #writeAll(): Promise<void> {
    await undefined; // so that all appends of this turn share the first fsync
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#writeBatch(batch);
        for (const { done } of batch) done(undefined);
      } catch (error) {
        await this.#cutBack();
        this.#refuse([...batch, ...this.#waiting.splice(0)], error);
      }
    }
  }

  #takeBatch(): readonly Waiting[] {
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length && bytes < BATCH_BYTES_MAX; count += 1) {
      bytes += this.#waiting[count]?.json.length ?? 0;
    }
    return this.#waiting.splice(0, count);
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    if (this.#isDirty) await this.#repair();
    const { segment, file } = await this.#writable();
    const records = batch.map(({ json }) => encodeRecord(json, segment.sizeBytes));
    await writeWhole(file, Buffer.concat(records), segment.sizeBytes);
    await file.sync();
    for (const [index, { revision }] of batch.entries()) {
      segment.note(revision, segment.sizeBytes + (records[index]?.length ?? 0));
      this.#durableRevision = revision;
    }
  }

  /** The newest segment, or a new one when it is big enough, or when a snapshot is ahead of it. */
  async #writable(): Promise<{ readonly segment: Segment; readonly file: DiskFile }> {
    const { disk, folder, segments, segmentBytes } = this.#options;
    const newest = segments.at(-1);
    const next = this.#durableRevision + 1;
    if (newest !== undefined && newest.lastRevision + 1 === next && newest.sizeBytes < segmentBytes) {
      this.#open ??= { segment: newest, file: await disk.open(newest.path, "existing") };
      return this.#open;
    }
    const segment = new Segment(folder, next);
    const file = await disk.open(segment.path, "create");
    try {
      await file.truncate(0);
      await disk.syncFolder(folder);
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#open?.file.close();
    segments.push(segment);
    this.#open = { segment, file };
    return this.#open;
  }

  async #cutBack(): Promise<void> {
    this.#isDirty = true;
    await this.#repair().catch(() => undefined); // the next append tries again, and says why it cannot
  }

  /** Removes what a failed write left behind the last durable entry. */
  async #repair(): Promise<void> {
    if (this.#open !== undefined) {
      await this.#open.file.truncate(this.#open.segment.sizeBytes);
      await this.#open.file.sync();
    }
    this.#isDirty = false;
  }

  #refuse(batch: readonly Waiting[], error: unknown): void {
    this.#lastRevision = this.#durableRevision;
    for (const { revision, done } of batch) done(diskFault(`Cannot append revision ${revision}`, error));
  }
}
