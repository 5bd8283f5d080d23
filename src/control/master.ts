// The master: the one writer of the domain (DESIGN §1 rule 2). A command is applied, then stored, then announced, then
// answered; a refused one changes nothing.
//
//   queue ──(all that wait, in order)──▶ batch: apply each on the one before ──▶ append all, one fsync ──▶ settle in order
//
// Only one batch is under way, so the domain that it starts from is always the stored one. When an append fails,
// everything after it in the batch is refused too, with the same fault: those commands were tried on a domain that has
// not come to be. The stored domain is left as it was, and the next batch starts from there. Kept this simple because a
// batch lasts one fsync; commands of operators do not come faster than that.

import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import { refuse } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Result } from "../base/result.ts";
import { failed, ok } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import { apply } from "../domain/apply.ts";
import type { Command, DomainEvent } from "../domain/command.ts";
import type { Domain } from "../domain/domain.ts";
import type { Journal, JournalEntry } from "../journal/journal.ts";

/** Commands that wait for the disk at most; more are refused. */
export const QUEUE_MAX = 1000;

/** Commands of one batch at most: bounds what one fsync carries and what one failure takes back. */
const BATCH_MAX = 100;

/** An accepted command: stored and announced. `before` and `after` are the domain around it. */
export interface Accepted {
  readonly before: Domain;
  readonly after: Domain;
  readonly events: readonly DomainEvent[];
}

/** What a master needs. It owns none of it. */
export interface MasterParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  /** Entries between two snapshots. */
  readonly snapshotEvery: number;
  /** Called in order, once a stored command, in the turn in which its batch is settled. */
  readonly onEntry: (entry: JournalEntry) => void;
  /** Called once a settled batch that changed the domain: what routers are to hold from now on. */
  readonly onDomain: (domain: Domain) => void;
}

interface Waiting {
  readonly command: Command;
  readonly answer: (result: Result<Accepted>) => void;
}

/** A command of a batch after `apply`; `entry` is absent when it was refused or changes nothing. */
interface Tried {
  readonly waiting: Waiting;
  readonly result: Result<Accepted>;
  readonly entry: JournalEntry | undefined;
}

/** One writer a domain. `submit` from any number of callers; the order of calls is the order of the journal. */
export class Master {
  readonly #parts: MasterParts;
  readonly #queue: Waiting[] = [];
  #domain: Domain;
  #lastAt: EpochMs;
  #sinceSnapshot: number;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** @param recovered - what the journal holds, as `recoverDomain` folds it */
  constructor(
    parts: MasterParts,
    recovered: { readonly domain: Domain; readonly lastAt: EpochMs; readonly sinceSnapshot: number },
  ) {
    this.#parts = parts;
    this.#domain = recovered.domain;
    this.#lastAt = recovered.lastAt;
    this.#sinceSnapshot = recovered.sinceSnapshot;
  }

  /** The domain as stored: what a restart would find. */
  get domain(): Domain {
    return this.#domain;
  }

  /**
   * Applies, stores and announces a command. One that changes nothing (no events) is accepted without an entry.
   * Faults: what `apply` refuses; `JOURNAL_FULL` and `JOURNAL_UNAVAILABLE`, also for commands behind one that failed.
   */
  submit(command: Command): Promise<Result<Accepted>> {
    if (this.#isClosed) {
      return Promise.resolve(refuse("JOURNAL_UNAVAILABLE", "Cannot accept the command: control is stopping"));
    }
    if (this.#queue.length >= QUEUE_MAX) {
      const message = `Cannot accept the command: ${QUEUE_MAX} commands wait for the disk already`;
      return Promise.resolve(refuse("JOURNAL_UNAVAILABLE", message));
    }
    return new Promise((answer) => {
      this.#queue.push({ command, answer });
      this.#running ??= this.#run();
    });
  }

  /** Refuses new commands and waits for those under way. May be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // whoever submits in this same turn joins the first batch
    while (this.#queue.length > 0) {
      const batch = this.#try(this.#queue.splice(0, BATCH_MAX));
      const stored = await Promise.all(
        batch.map((tried) => (tried.entry === undefined ? undefined : this.#append(tried.entry))),
      );
      this.#settle(batch, stored);
      await this.#snapshotWhenDue();
    }
    this.#running = undefined; // in the turn that found the queue empty, lest a command slip in unseen
  }

  /** Applies the commands in order, each on the domain that the one before leaves. */
  #try(commands: readonly Waiting[]): readonly Tried[] {
    let head = this.#domain;
    return commands.map((waiting) => {
      const at = this.#now();
      const before = head;
      const applied = apply(before, waiting.command, at);
      if (!applied.ok) return { waiting, result: applied, entry: undefined };
      const { domain, events } = applied.value;
      if (events.length === 0)
        return { waiting, result: ok({ before, after: before, events }), entry: undefined };
      assert(domain.revision === before.revision + 1, "a command raises the revision by one");
      head = domain;
      const { command } = waiting;
      const entry: JournalEntry = { version: 1, revision: domain.revision, at, command, events };
      return { waiting, result: ok({ before, after: domain, events }), entry };
    });
  }

  /** Wall time that never goes back: the journal's order is also the order of its times. */
  #now(): EpochMs {
    const now = this.#parts.clock.epochMs();
    if (now > this.#lastAt) this.#lastAt = now;
    return this.#lastAt;
  }

  async #append(entry: JournalEntry): Promise<Fault | undefined> {
    try {
      const appended = await this.#parts.journal.append(entry);
      return appended.ok ? undefined : appended.fault;
    } catch (cause) {
      const message = `Cannot store revision ${entry.revision}: the journal failed`;
      return refuse("JOURNAL_UNAVAILABLE", message, { cause }).fault;
    }
  }

  #settle(batch: readonly Tried[], stored: readonly (Fault | undefined)[]): void {
    const answers: (() => void)[] = [];
    const before = this.#domain;
    let broken: Fault | undefined;
    for (const [index, { waiting, result, entry }] of batch.entries()) {
      const fault = stored[index];
      assert(broken === undefined || entry === undefined || fault !== undefined, "the journal has no gaps");
      broken ??= fault;
      if (broken !== undefined) {
        const refused = failed(broken);
        answers.push(() => waiting.answer(refused));
        continue;
      }
      if (entry !== undefined && result.ok) {
        this.#domain = result.value.after;
        this.#sinceSnapshot += 1;
        this.#parts.onEntry(entry);
      }
      answers.push(() => waiting.answer(result));
    }
    if (broken !== undefined)
      this.#parts.log.error({ fault: broken }, "Commands were refused: the journal failed");
    if (this.#domain !== before) this.#parts.onDomain(this.#domain);
    for (const answer of answers) answer();
  }

  async #snapshotWhenDue(): Promise<void> {
    if (this.#sinceSnapshot < this.#parts.snapshotEvery) return;
    this.#sinceSnapshot = 0; // after a failure too: the next try is due after as many entries again
    const stored = await this.#parts.journal.snapshot(this.#domain);
    if (!stored.ok)
      this.#parts.log.warn({ fault: stored.fault }, "No snapshot was stored; the journal is whole");
  }
}
