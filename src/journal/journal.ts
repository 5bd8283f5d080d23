// The journal: the ordered record of all accepted commands. One interface; `file-journal.ts` keeps it on disk.

import type { Result } from "../base/result.ts";
import type { EpochMs, Revision } from "../base/units.ts";
import type { Command, DomainEvent } from "../domain/command.ts";
import type { Domain } from "../domain/domain.ts";

/** One accepted command, as stored: `revision` counts from 1 without gaps. */
export interface JournalEntry {
  readonly version: 1;
  readonly revision: Revision;
  readonly at: EpochMs;
  readonly command: Command;
  readonly events: readonly DomainEvent[];
}

/** What is known at boot: the newest snapshot, then the entries after it in order. */
export interface JournalContent {
  readonly snapshot: Domain | undefined;
  readonly entries: readonly JournalEntry[];
}

/** The record on disk, or wherever it is kept. One writer; `recover` comes first. */
export interface Journal {
  /** Reads everything back. A torn tail is cut off (it was never answered); damage before the tail is `JOURNAL_CORRUPT`. */
  recover(): Promise<Result<JournalContent>>;
  /**
   * Stores an entry durably (checksum, fsync; appends that wait together share one fsync) before it resolves.
   * Faults: `JOURNAL_FULL` when the disk is full, `JOURNAL_UNAVAILABLE` otherwise; nothing of the entry remains then.
   */
  append(entry: JournalEntry): Promise<Result<Revision>>;
  /** Stores the fold up to `domain.revision` whole (temporary file, fsync, rename, fsync of the folder). */
  snapshot(domain: Domain): Promise<Result<void>>;
  /** Entries with a revision above `after`, oldest first, at most `limit`: the audit trail, snapshots do not shorten it. */
  read(range: { readonly after: Revision; readonly limit: number }): Promise<readonly JournalEntry[]>;
  /** May be called twice. */
  close(): Promise<void>;
}
