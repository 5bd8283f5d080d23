// The sessions of this router as control knows them: a table of its own, told by the workers like any worker's. It answers
// `tidegate sessions` and the counts of the views, and tells a worker that starts what the others know.

import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { EpochMs } from "../base/units.ts";
import type { InstanceStates } from "../routing/instance-states.ts";
import type { RouterMessage } from "../routing/messages.ts";
import type { RoutingTable } from "../routing/table.ts";
import { formatFingerprint } from "../sessions/fingerprint.ts";
import { SessionReplicator } from "../sessions/replication.ts";
import type { SessionRecord } from "../sessions/session-record.ts";
import type { SessionLimits } from "../sessions/session-sweep.ts";
import { SessionSweep } from "../sessions/session-sweep.ts";
import { SessionTable } from "../sessions/session-table.ts";
import { forEachOf, WALK_DONE, WALK_START } from "../sessions/session-walk.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Bus } from "../system/bus.ts";
import type { SessionView } from "./operations.ts";

/** How often a part of the table is looked through for sessions whose time is over. */
const SWEEP_MS = 200;

/** Places looked at in one sweep: two million, a million sessions, in twenty seconds. */
const SWEEP_PLACES = 20_000;

/** Places looked at in one slice of a listing, between two looks at how many were found. */
const LIST_PLACES = 16_384;

/** Limits of sessions whose application is gone from the table: nobody would end them otherwise. */
const GONE: SessionLimits = { idleSeconds: 60, absoluteSeconds: 0 };

/** Which sessions to list. */
export interface SessionFilter {
  readonly application: string;
  readonly edition?: string;
  readonly server?: string;
  readonly limit: number;
}

/** What a book needs. */
export interface SessionBookParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionsMax: number;
  /** Control's own numbers for instance keys. */
  readonly slots: InstanceStates;
  /** The table of the moment: it has the limits of sessions. */
  readonly table: () => RoutingTable;
}

/** An instance key taken apart. */
interface KeyParts {
  readonly application: string;
  readonly edition: string;
  readonly server: string;
}

/** Begins at once: asks the workers for what they know. Give it every message; `close` it. */
export class SessionBook {
  /** By fingerprint, for whoever looks one up; nobody but the replication changes them. */
  readonly sessions: Sessions;
  readonly #parts: SessionBookParts;
  readonly #table: SessionTable;
  readonly #sweep: SessionSweep;
  readonly #replicator: SessionReplicator;
  #limitsTable: RoutingTable | undefined;
  #limits: ReadonlyMap<string, SessionLimits> = new Map();
  #cancelSweep: CancelAlarm;

  constructor(parts: SessionBookParts) {
    this.#parts = parts;
    const { bus, clock, log, sessionsMax, slots } = parts;
    const epochSeconds = (): number => Math.floor(clock.epochMs() / 1000);
    this.#table = new SessionTable({ sessionsMax, epochSeconds, slots });
    this.sessions = this.#table;
    this.#sweep = new SessionSweep(this.#table);
    this.#replicator = new SessionReplicator({
      self: bus.self,
      table: this.#table,
      slots,
      send: (to, message) => bus.send(to, message),
      clock,
      log,
    });
    this.#cancelSweep = clock.alarm(SWEEP_MS, () => this.#sweepSome());
  }

  /** Takes a message of the bus, if it concerns sessions. */
  receive(message: RouterMessage): void {
    switch (message.kind) {
      case "sessions":
      case "sessions-ack":
      case "hello":
      case "peers":
        this.#replicator.receive(message);
        break;
      default:
    }
  }

  /** Forgets a session, as the workers do at the same command. */
  end(fingerprint: string): void {
    this.#replicator.receive({ kind: "end-session", fingerprint });
  }

  /** Live sessions bound to an instance. */
  countOf(key: string): number {
    return this.#table.countOf(this.#parts.slots.slotOf(key));
  }

  /** Live sessions of an edition, on whichever server. */
  countOfEdition(application: string, edition: string): number {
    let count = 0;
    for (const { slot } of this.#parts.slots.ofEdition(application, edition))
      count += this.#table.countOf(slot);
    return count;
  }

  /** How many there are, and up to `limit` of them, those seen last first. Looks no further than it must. */
  list(filter: SessionFilter): { readonly total: number; readonly sessions: readonly SessionView[] } {
    const wanted = this.#wantedSlots(filter);
    let total = 0;
    for (const slot of wanted.keys()) total += this.#table.countOf(slot);
    const sessions: SessionView[] = [];
    const visit = (record: SessionRecord): void => {
      const key = wanted.get(record.slot);
      if (key !== undefined && sessions.length < filter.limit) sessions.push(this.#view(key, record));
    };
    let cursor = total === 0 ? WALK_DONE : WALK_START;
    while (cursor !== WALK_DONE && sessions.length < filter.limit) {
      const slice = { cursor, budget: LIST_PLACES };
      cursor = forEachOf(this.#table, (slot) => wanted.has(slot), slice, visit);
    }
    sessions.sort((one, other) => other.lastSeenAt - one.lastSeenAt);
    return { total, sessions };
  }

  /** May be called twice. */
  close(): void {
    this.#cancelSweep();
    this.#replicator.close();
  }

  #wantedSlots(filter: SessionFilter): ReadonlyMap<number, KeyParts> {
    const wanted = new Map<number, KeyParts>();
    for (const { key, slot } of this.#parts.slots.all()) {
      const parts = takeApart(key);
      if (isOf(parts, filter)) wanted.set(slot, parts);
    }
    return wanted;
  }

  #view(key: KeyParts, record: SessionRecord): SessionView {
    const { idleSeconds, absoluteSeconds } = this.#limitsOf(key.application);
    const idleEnd = record.lastSeenSeconds + idleSeconds;
    const end = absoluteSeconds === 0 ? idleEnd : Math.min(idleEnd, record.bornSeconds + absoluteSeconds);
    return {
      fingerprint: formatFingerprint(record.high, record.low),
      application: key.application,
      edition: key.edition,
      server: key.server,
      bornAt: (record.bornSeconds * 1000) as EpochMs,
      lastSeenAt: (record.lastSeenSeconds * 1000) as EpochMs,
      expiresAt: (end * 1000) as EpochMs,
      requests: record.requests,
    };
  }

  #limitsOf(application: string): SessionLimits {
    const table = this.#parts.table();
    if (table !== this.#limitsTable) {
      this.#limitsTable = table;
      this.#limits = new Map(
        table.applications.map(({ id, sessions }) => [
          id,
          { idleSeconds: sessions.idleMs / 1000, absoluteSeconds: sessions.absoluteMs / 1000 },
        ]),
      );
    }
    return this.#limits.get(application) ?? GONE;
  }

  #sweepSome(): void {
    const nowSeconds = Math.floor(this.#parts.clock.epochMs() / 1000);
    this.#sweep.sweep(nowSeconds, SWEEP_PLACES, (slot) => {
      return this.#limitsOf(takeApart(this.#parts.slots.keyOf(slot)).application);
    });
    this.#cancelSweep = this.#parts.clock.alarm(SWEEP_MS, () => this.#sweepSome());
  }
}

function isOf(key: KeyParts, filter: SessionFilter): boolean {
  return (
    key.application === filter.application &&
    (filter.edition === undefined || key.edition === filter.edition) &&
    (filter.server === undefined || key.server === filter.server)
  );
}

/** `application/edition/server`, or with `@address` behind it; no name has a slash or an `@` in it. */
function takeApart(key: string): KeyParts {
  const [application = "", edition = "", rest = ""] = key.split("/");
  const at = rest.indexOf("@");
  return { application, edition, server: at < 0 ? rest : rest.slice(0, at) };
}
