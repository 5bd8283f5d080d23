// The journal on disk: segments of checksummed lines, group commit, snapshots, recovery. README.md has the states drawn.

import { join } from "node:path";
import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import { FaultError, fault, refuse } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Result } from "../base/result.ts";
import { failed, ok } from "../base/result.ts";
import type { Revision } from "../base/units.ts";
import type { Domain } from "../domain/domain.ts";
import { systemClock } from "../system/clock.ts";
import type { Disk } from "../system/disk.ts";
import { systemDisk } from "../system/disk.ts";
import type { HeldLock, LockOutcome } from "../system/lock.ts";
import { takeLock } from "../system/lock.ts";
import { diskFault } from "./disk-fault.ts";
import type { Journal, JournalContent, JournalEntry } from "./journal.ts";
import { readEntries } from "./read-entries.ts";
import type { SegmentContent } from "./segments.ts";
import { corrupt, readSegment, Segment, segmentRevision } from "./segments.ts";
import type { DomainCodec, SnapshotPlace } from "./snapshots.ts";
import { newestSnapshot, writeSnapshot } from "./snapshots.ts";
import { Tail } from "./tail.ts";

/** Size from which on the next entry begins a new segment. */
const SEGMENT_BYTES = 8 * 1024 * 1024;

/** How long a starting control process waits for the one before it to let go. */
const LOCK_WAIT_MS = 10_000;
const LOCK_RETRY_MS = 50;

/** What a file journal needs. */
export interface FileJournalOptions {
  /** Made when it is not there; one control process at a time writes it. */
  readonly folder: string;
  /** `encodeDomain` and `decodeDomain` of `domain/stored-domain.ts`. */
  readonly codec: DomainCodec;
  readonly log: Log;
  readonly clock?: Clock;
  readonly disk?: Disk;
  readonly segmentBytes?: number;
  readonly lockWaitMs?: number;
  /** Takes the lock of the folder; for disks that are not the system's. */
  readonly lock?: (folder: string) => Promise<LockOutcome>;
}

/** A journal in a folder. Nothing is touched before `recover`, which must come first. */
export function openFileJournal(options: FileJournalOptions): Journal {
  return new FileJournal(options);
}

type JournalState =
  | { readonly kind: "new" }
  | { readonly kind: "open"; readonly lock: HeldLock; readonly tail: Tail }
  | { readonly kind: "closed" };

class FileJournal implements Journal {
  readonly #options: FileJournalOptions;
  readonly #disk: Disk;
  readonly #place: SnapshotPlace;
  #state: JournalState = { kind: "new" };
  #segments: Segment[] = [];
  #snapshotting: Promise<unknown> = Promise.resolve();

  constructor(options: FileJournalOptions) {
    const { folder, codec, log } = options;
    this.#options = options;
    this.#disk = options.disk ?? systemDisk;
    this.#place = {
      disk: this.#disk,
      folder,
      codec,
      onDamaged: (path) => log.warn({ path }, "A snapshot is damaged; an older one or the entries do"),
    };
  }

  async recover(): Promise<Result<JournalContent>> {
    assert(this.#state.kind === "new", "a journal is recovered once");
    let lock: HeldLock | undefined;
    try {
      await this.#disk.makeFolder(this.#options.folder);
      const outcome = await this.#takeLock();
      if (!outcome.held) return failed(lockedBy(this.#options.folder, outcome.byPid));
      lock = outcome.lock;
      const content = await this.#readAll(lock);
      if (!content.ok) await lock.release();
      return content;
    } catch (error) {
      await lock?.release();
      return failed(diskFault("Cannot read the journal", error));
    }
  }

  async append(entry: JournalEntry): Promise<Result<Revision>> {
    if (this.#state.kind !== "open")
      return refuse("JOURNAL_UNAVAILABLE", "Cannot append: the journal is closed");
    const stored = await this.#state.tail.append(entry.revision, JSON.stringify(entry));
    return stored === undefined ? ok(entry.revision) : failed(stored);
  }

  snapshot(domain: Domain): Promise<Result<void>> {
    const written = this.#snapshotting.then(() => this.#snapshot(domain));
    this.#snapshotting = written;
    return written;
  }

  async read(range: { readonly after: Revision; readonly limit: number }): Promise<readonly JournalEntry[]> {
    const entries = await readEntries(this.#disk, this.#segments, range);
    if (entries.ok) return entries.value;
    throw new FaultError(entries.fault);
  }

  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (state.kind !== "open") return;
    await state.tail.close();
    await this.#snapshotting;
    await state.lock.release();
  }

  async #takeLock(): Promise<LockOutcome> {
    const { folder, clock = systemClock, lockWaitMs = LOCK_WAIT_MS } = this.#options;
    const take = this.#options.lock ?? ((where: string) => takeLock(where, "journal"));
    const deadline = clock.monotonicMs() + lockWaitMs;
    for (;;) {
      const outcome = await take(folder);
      if (outcome.held || clock.monotonicMs() >= deadline) return outcome;
      await new Promise<void>((resolve) => void clock.alarm(LOCK_RETRY_MS, resolve));
    }
  }

  async #readAll(lock: HeldLock): Promise<Result<JournalContent>> {
    const { folder } = this.#options;
    const names = await this.#disk.list(folder);
    for (const name of names) {
      if (name.endsWith(".tmp")) await this.#disk.remove(join(folder, name)); // a write that was cut off
    }
    const snapshot = await newestSnapshot(this.#place, names);
    if (!snapshot.ok) return snapshot;
    this.#segments = names.flatMap((name) => {
      const first = segmentRevision(name);
      return first === undefined ? [] : [new Segment(folder, first)];
    });
    const after = snapshot.value?.revision ?? 0;
    const entries = await this.#readSegments(after);
    if (!entries.ok) return entries;
    const last = this.#segments.at(-1)?.lastRevision ?? 0;
    const tail = new Tail({
      disk: this.#disk,
      folder,
      segments: this.#segments,
      segmentBytes: this.#options.segmentBytes ?? SEGMENT_BYTES,
      lastRevision: Math.max(last, after),
    });
    this.#state = { kind: "open", lock, tail };
    return ok({ snapshot: snapshot.value, entries: entries.value });
  }

  /** Entries after a revision. Segments that a snapshot covers whole are not read: the audit trail checks them when asked. */
  async #readSegments(after: number): Promise<Result<readonly JournalEntry[]>> {
    const entries: JournalEntry[] = [];
    let expected = after + 1;
    for (const [index, segment] of this.#segments.entries()) {
      const next = this.#segments[index + 1];
      if (next !== undefined && next.firstRevision <= after + 1) {
        segment.lastRevision = next.firstRevision - 1;
        continue;
      }
      if (segment.firstRevision > expected) {
        return corrupt(segment.path, 0, `revisions ${expected} to ${segment.firstRevision - 1} are missing`);
      }
      const content = await readSegment(this.#disk, segment, next === undefined);
      if (!content.ok) return content;
      if (content.value.isTorn) await this.#cutTail(segment, content.value);
      for (const entry of content.value.entries) if (entry.revision > after) entries.push(entry);
      expected = Math.max(expected, segment.lastRevision + 1);
    }
    return ok(entries);
  }

  async #cutTail(segment: Segment, content: SegmentContent): Promise<void> {
    const file = await this.#disk.open(segment.path, "existing");
    try {
      await file.truncate(segment.sizeBytes);
      await file.sync();
    } finally {
      await file.close();
    }
    const fields = { path: segment.path, offset: segment.sizeBytes, entries: content.entries.length };
    this.#options.log.warn(
      fields,
      "The journal ended in an entry that was cut off and never answered; removed",
    );
  }

  async #snapshot(domain: Domain): Promise<Result<void>> {
    if (this.#state.kind !== "open")
      return refuse("JOURNAL_UNAVAILABLE", "Cannot snapshot: the journal is closed");
    const durable = this.#state.tail.durableRevision;
    assert(domain.revision <= durable, "a snapshot is never ahead of the entries");
    try {
      await writeSnapshot(this.#place, domain);
      return ok(undefined);
    } catch (error) {
      return failed(diskFault(`Cannot write the snapshot of revision ${domain.revision}`, error));
    }
  }
}

function lockedBy(folder: string, pid: number): Fault {
  return fault("JOURNAL_UNAVAILABLE", `Cannot open the journal in "${folder}": process ${pid} writes it`, {
    hint: "Two Tidegates share one data directory: give one of them another",
  });
}
