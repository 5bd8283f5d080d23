// Tells the other processes of a router what happens to sessions here, and takes in what they tell (SPEC A5).
//
//   born, moved, ended  told within `QUIET_TICK_MS`, under load within `TICK_MS`; at once by `flushNow`, which calls back
//                       when every worker has it
//   seen again          told about once a second
//   everything          told in slices to a process that asks (a new one), or to all after the queue overflowed
//
// What comes first does not matter: see the top of `session-table.ts`. Request counts are only nearly right when a
// process is told everything by several others.

import { unreachable } from "../base/assert.ts";
import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { slotOfAddress, workerAddress } from "../base/worker-address.ts";
import { AckWindow } from "./ack-window.ts";
import { parseFingerprint } from "./fingerprint.ts";
import {
  FLAG_ASK,
  FLAG_COMPLETE,
  FLAG_LAST,
  FLAG_TOTALS,
  readBatch,
  SessionBatchWriter,
} from "./session-batch.ts";
import type { FingerprintQueue } from "./session-changes.ts";
import { RECORD_SHIFT, readRecord, SessionRecord, UNTOLD } from "./session-record.ts";
import type { SessionTable } from "./session-table.ts";
import { WALK_DONE, WALK_START, walkRecords } from "./session-walk.ts";
import type { SlotRegistry } from "./slot-registry.ts";

const TICK_MS = 50;
/** Between ticks while there is nothing to tell: a process that only waits should not wake twenty times a second. */
const QUIET_TICK_MS = 200;
/** Between ticks while much is to be told. */
const BUSY_TICK_MS = 10;
/** Between two tellings of touches. */
const TOUCH_MS = 1000;
/** Records in one batch. */
const BATCH_RECORDS = 4096;
/** Places of the table looked at in one tick for each process that is told everything. */
const TELL_ALL_PLACES = 8192;
/** With more sessions than this, only two workers and control tell a newcomer everything. */
const SESSIONS_FEW = 50_000;
/** `flushNow` batches under way at a time; beyond, callers share the next one. */
const WINDOW_MAX = 4;
/** A newcomer takes up work after this time even if nobody has told it everything. */
export const SYNC_MS = 1000;

/** The messages that replication sends and understands; of `routing/messages.ts`, as plain shapes. */
export type SessionMessage =
  | { readonly kind: "sessions"; readonly from: string; readonly ack?: number; readonly bytes: Uint8Array }
  | { readonly kind: "sessions-ack"; readonly from: string; readonly ack: number };

/** What a replicator is to be given of what comes over the bus. */
export type ReplicatorInput =
  | SessionMessage
  | { readonly kind: "hello"; readonly from: string }
  | { readonly kind: "end-session"; readonly fingerprint: string }
  | {
      readonly kind: "peers";
      readonly workers: readonly { readonly slot: number; readonly pid: number }[];
    };

/** What a replicator needs. */
export interface ReplicatorOptions {
  /** This process's own address on the bus: `control`, or what `workerAddress` gives. */
  readonly self: string;
  readonly table: SessionTable;
  readonly slots: SlotRegistry;
  /** Sends to an address, or to `all` but this process. */
  readonly send: (to: string, message: SessionMessage) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** One end of the replication. Give it every message that concerns it; `close` it. */
export class SessionReplicator {
  readonly #options: ReplicatorOptions;
  readonly #writer: SessionBatchWriter;
  readonly #window: AckWindow;
  readonly #record = new SessionRecord();
  /** Where the telling of everything stands, by the address that is told. */
  readonly #telling = new Map<string, number>();
  #gathered: (() => void)[] = [];
  /** Begins above all numbers of an earlier process at this address, whose late acknowledgements mean nothing here. */
  #lastAck: number;
  /** Something urgent was told since the last batch that was waited for. */
  #toldSince = false;
  #tickMs = TICK_MS;
  #sinceTouchMs = 0;
  #cancelTick: CancelAlarm;
  #cancelSync: CancelAlarm;
  #closed = false;
  #complete = false;
  #whenComplete: (() => void)[] = [];
  #peersKnown = false;
  readonly #asked = new Set<string>();
  readonly #finished = new Set<string>();

  /** Begins at once: asks everybody for what they know. */
  constructor(options: ReplicatorOptions) {
    this.#options = options;
    this.#writer = new SessionBatchWriter(options.slots);
    this.#window = new AckWindow({
      clock: options.clock,
      log: options.log,
      onRoom: () => this.#sendGathered(),
    });
    this.#lastAck = options.clock.epochMs() * 1000;
    this.#cancelTick = options.clock.alarm(TICK_MS, () => this.#tick());
    this.#cancelSync = options.clock.alarm(SYNC_MS, () => this.#setComplete());
    this.#ask("all", "start");
  }

  /** Calls back once this process knows the sessions that the others know, or after `SYNC_MS`; at once when it does. */
  whenComplete(callback: () => void): void {
    if (this.#complete) callback();
    else this.#whenComplete.push(callback);
  }

  /**
   * Tells all others at once of what was born, moved or ended, and calls back when every live worker has it, or has not
   * said so for 250 ms; perhaps before this returns. Callers in quick succession share batches.
   *
   * @returns number of the batch that is waited for; 0 when there was nobody to wait for
   */
  flushNow(whenKnown: () => void): number {
    const { urgent } = this.#options.table.changes;
    if (!this.#window.hasPeers) {
      this.#sendUrgent();
      whenKnown();
      return 0;
    }
    if (urgent.length === 0 && !this.#toldSince && this.#gathered.length === 0) {
      if (this.#window.join(whenKnown)) return this.#lastAck;
      whenKnown();
      return 0;
    }
    this.#gathered.push(whenKnown);
    if (this.#window.length >= WINDOW_MAX) return this.#lastAck + 1;
    this.#sendFenced();
    return this.#lastAck;
  }

  /** Takes in a message of another process, or of the keeper. */
  receive(message: ReplicatorInput): void {
    switch (message.kind) {
      case "sessions":
        this.#receiveBatch(message);
        break;
      case "sessions-ack":
        this.#window.acknowledged(message.from, message.ack);
        break;
      case "peers":
        this.#setPeers(message.workers);
        break;
      case "hello":
        this.#tellAll(message.from);
        break;
      case "end-session":
        this.#endSession(message.fingerprint);
        break;
      default:
        unreachable(message);
    }
  }

  /** Tells what is left to tell; whoever waits is called. May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTick();
    this.#cancelSync();
    this.#sendUrgent();
    while (this.#options.table.changes.touched.length > 0) this.#sendTouched();
    const gathered = this.#gathered;
    this.#gathered = [];
    for (const callback of gathered) callback();
    this.#window.close();
  }

  /** Malformed batches are logged and left. */
  #receiveBatch(message: SessionMessage & { readonly kind: "sessions" }): void {
    const { table, slots, log, send, self } = this.#options;
    const { from, bytes, ack } = message;
    const flags = readBatch(bytes, slots, (record, isTotal) => table.merge(record, isTotal));
    if (flags < 0) {
      log.warn({ from, bytes: bytes.length }, "Session batch is malformed and left");
      return;
    }
    if (ack !== undefined) send(from, { kind: "sessions-ack", from: self, ack });
    if ((flags & FLAG_ASK) !== 0) {
      this.#tellAll(from);
      this.#ask(from, `back ${from}`); // it may have started after we asked everybody
    }
    if ((flags & FLAG_LAST) !== 0) this.#toldAllBy(from, (flags & FLAG_COMPLETE) !== 0);
  }

  #setPeers(workers: readonly { readonly slot: number; readonly pid: number }[]): void {
    const peers = new Map<string, number>();
    for (const { slot, pid } of workers) {
      const address = workerAddress({ slot, pid });
      if (address !== this.#options.self) peers.set(address, pid);
    }
    this.#window.setPeers(peers);
    this.#peersKnown = true;
    for (const [address, pid] of peers) this.#ask(address, `${address} ${pid}`);
    for (const address of this.#telling.keys()) {
      if (slotOfAddress(address) >= 0 && !peers.has(address)) this.#telling.delete(address);
    }
    this.#checkComplete();
  }

  /** Tells a process that has just started everything, in slices; anew when that is already under way. */
  #tellAll(to: string): void {
    if (to === this.#options.self) return;
    this.#telling.set(to, this.#tellsAll(to) ? WALK_START : WALK_DONE);
    if (this.#tickMs === QUIET_TICK_MS) this.#tickIn(TICK_MS);
  }

  /** Asks a process for all it knows while we do not know it; once for each reason. */
  #ask(to: string, reason: string): void {
    if (this.#complete || this.#asked.has(reason)) return;
    this.#asked.add(reason);
    this.#send(to, FLAG_ASK);
  }

  /** An operator's command; what is no fingerprint was refused before it came here. */
  #endSession(fingerprint: string): void {
    const print = { high: 0, low: 0 };
    if (parseFingerprint(fingerprint, print)) this.#options.table.end(print.high, print.low);
  }

  #tick(): void {
    const { changes } = this.#options.table;
    this.#sinceTouchMs += this.#tickMs;
    const isQuiet = changes.urgent.length === 0 && this.#complete;
    if (changes.urgent.length > 0) this.#sendUrgent();
    if (this.#sinceTouchMs >= TOUCH_MS || changes.touched.length > BATCH_RECORDS) {
      this.#sinceTouchMs = 0;
      this.#sendTouched();
    }
    if (changes.overflowed) {
      changes.overflowed = false;
      this.#telling.set("all", WALK_START);
    }
    for (const [to, cursor] of this.#telling) this.#tellSlice(to, cursor);
    const isBusy = this.#telling.size > 0 || changes.touched.length > BATCH_RECORDS;
    this.#tickIn(isBusy ? BUSY_TICK_MS : isQuiet ? QUIET_TICK_MS : TICK_MS);
  }

  #tickIn(delayMs: number): void {
    this.#cancelTick();
    this.#tickMs = delayMs;
    this.#cancelTick = this.#options.clock.alarm(delayMs, () => this.#tick());
  }

  /** A batch is no longer waited for: those who could not join one have their turn. */
  #sendGathered(): void {
    if (this.#gathered.length > 0 && this.#window.length < WINDOW_MAX) this.#sendFenced();
  }

  /** Sends all urgent changes with a number that every worker acknowledges. */
  #sendFenced(): void {
    const callbacks = this.#gathered;
    this.#gathered = [];
    this.#gather(this.#options.table.changes.urgent, Number.POSITIVE_INFINITY);
    this.#lastAck += 1;
    this.#send("all", 0, this.#lastAck);
    this.#toldSince = false;
    this.#window.add(this.#lastAck, callbacks);
  }

  #sendUrgent(): void {
    this.#gather(this.#options.table.changes.urgent, Number.POSITIVE_INFINITY);
    if (this.#writer.count === 0) return;
    this.#send("all", 0);
    this.#toldSince = true;
  }

  #sendTouched(): void {
    this.#gather(this.#options.table.changes.touched, BATCH_RECORDS);
    if (this.#writer.count > 0) this.#send("all", 0);
  }

  /** Moves up to `most` changed records from a queue to the writer; those that are gone need no telling. */
  #gather(queue: FingerprintQueue, most: number): void {
    const { table } = this.#options;
    for (let taken = 0; taken < most && queue.length > 0; taken += 1) {
      const { high, low } = queue;
      queue.drop();
      const place = table.placeOf(high, low);
      if (place < 0) continue;
      const words = table.shardOf(high).words;
      const base = place << RECORD_SHIFT;
      readRecord(words, base, this.#record);
      this.#record.requests = (words[base + UNTOLD] ?? 0) >>> 1;
      words[base + UNTOLD] = 0;
      this.#writer.add(this.#record);
    }
  }

  #send(to: string, flags: number, ack?: number): void {
    const { self, send } = this.#options;
    const bytes = this.#writer.take(flags);
    send(
      to,
      ack === undefined
        ? { kind: "sessions", from: self, bytes }
        : { kind: "sessions", from: self, ack, bytes },
    );
  }

  #tellSlice(to: string, cursor: number): void {
    let next = cursor;
    if (next !== WALK_DONE) {
      next = walkRecords(this.#options.table, cursor, TELL_ALL_PLACES, (record) => this.#writer.add(record));
    }
    if (next !== WALK_DONE) {
      this.#telling.set(to, next);
      this.#send(to, FLAG_TOTALS);
      return;
    }
    this.#telling.delete(to);
    const isComplete = this.#complete && this.#tellsAll(to);
    this.#send(to, FLAG_TOTALS | FLAG_LAST | (isComplete ? FLAG_COMPLETE : 0));
  }

  /** With many sessions not everybody tells a newcomer all of them: only control and the two lowest workers. */
  #tellsAll(to: string): boolean {
    const { self, table } = this.#options;
    if (table.size <= SESSIONS_FEW || self === "control") return true;
    let lower = 0;
    for (const address of this.#window.peers.keys()) {
      if (address !== to && slotOfAddress(address) < slotOfAddress(self)) lower += 1;
    }
    return lower < 2;
  }

  #toldAllBy(from: string, isComplete: boolean): void {
    if (isComplete) this.#setComplete();
    this.#finished.add(from);
    this.#checkComplete();
  }

  /** Nobody who was complete has told us, but all there are have told what they know: that is all. */
  #checkComplete(): void {
    if (this.#complete || !this.#peersKnown) return;
    if (this.#options.self !== "control" && !this.#finished.has("control")) return;
    for (const address of this.#window.peers.keys()) if (!this.#finished.has(address)) return;
    this.#setComplete();
  }

  #setComplete(): void {
    if (this.#complete) return;
    this.#complete = true;
    this.#cancelSync();
    const callbacks = this.#whenComplete;
    this.#whenComplete = [];
    this.#asked.clear();
    this.#finished.clear();
    for (const callback of callbacks) callback();
  }
}
