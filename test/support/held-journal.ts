// A journal whose disk a test holds in its hand: appends wait until they are let through or failed.

import type { FaultCode } from "../../src/base/fault.ts";
import { refuse } from "../../src/base/fault.ts";
import type { Result } from "../../src/base/result.ts";
import { ok } from "../../src/base/result.ts";
import type { Revision } from "../../src/base/units.ts";
import type { Domain } from "../../src/domain/domain.ts";
import type { Journal, JournalContent, JournalEntry } from "../../src/journal/journal.ts";

/** Keeps entries in memory. With `isHeld` off an append is stored at once. */
export class HeldJournal implements Journal {
  readonly entries: JournalEntry[] = [];
  readonly snapshots: Domain[] = [];
  isHeld = false;
  /** Appends from this revision on fail. */
  failsFrom: { readonly revision: number; readonly code: FaultCode } | undefined;
  readonly #held: (() => void)[] = [];
  #onAppend: () => void = () => {};

  append(entry: JournalEntry): Promise<Result<Revision>> {
    return new Promise((resolve) => {
      const store = (): void => {
        if (this.failsFrom !== undefined && entry.revision >= this.failsFrom.revision) {
          resolve(refuse(this.failsFrom.code, `Cannot store revision ${entry.revision}: the test says so`));
          return;
        }
        this.entries.push(entry);
        resolve(ok(entry.revision));
      };
      if (this.isHeld) this.#held.push(store);
      else store();
      this.#onAppend();
    });
  }

  /** Resolves when `count` appends wait. */
  async held(count: number): Promise<void> {
    while (this.#held.length < count) {
      await new Promise<void>((resolve) => {
        this.#onAppend = resolve;
      });
    }
  }

  /** Lets everything through that waits. */
  release(): void {
    for (const store of this.#held.splice(0)) store();
  }

  async recover(): Promise<Result<JournalContent>> {
    return ok({ snapshot: undefined, entries: this.entries });
  }

  async snapshot(domain: Domain): Promise<Result<void>> {
    this.snapshots.push(domain);
    return ok(undefined);
  }

  async read(range: { readonly after: Revision; readonly limit: number }): Promise<readonly JournalEntry[]> {
    return this.entries.filter((entry) => entry.revision > range.after).slice(0, range.limit);
  }

  async close(): Promise<void> {}
}
