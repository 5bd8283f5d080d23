// What control can do and tell: the one interface behind the admin API (and so behind the command line and the console).

import type { Result } from "../base/result.ts";
import type { EpochMs, Revision } from "../base/units.ts";
import type { Left } from "../deploy/drain.ts";
import type { Command, DomainEvent, ModeTarget, Origin, Resources } from "../domain/command.ts";
import type { Domain } from "../domain/domain.ts";
import type { EditionState, Target } from "../domain/edition.ts";
import type { Mode } from "../domain/mode.ts";
import type { ApplicationId, EditionLabel } from "../domain/names.ts";
import type { JournalEntry } from "../journal/journal.ts";
import type { EditionEntry } from "../routing/table.ts";

/** Whether every live router has applied a revision; one line each. */
export interface AppliedEverywhere {
  readonly revision: Revision;
  readonly routers: number;
  readonly applied: number;
  /** Routers (and their workers) that did not answer in time, and what happens there, one sentence each. */
  readonly missing: readonly string[];
}

/** An accepted command: its revision, what happened, and where it is in force. No events: nothing changed. */
export interface Submitted {
  readonly revision: Revision;
  readonly events: readonly DomainEvent[];
  readonly applied: AppliedEverywhere;
}

/** A server with its modes and its state. `modeSince` and the rest are of the setting that decides. */
export interface ServerView {
  readonly name: string;
  readonly node: string;
  readonly cluster: string | null;
  readonly address: string;
  readonly type: "external";
  readonly weight: number;
  readonly role: "primary" | "backup";
  readonly mode: Mode;
  readonly nodeMode: Mode;
  readonly effectiveMode: Mode;
  readonly modeSince: EpochMs;
  readonly modeActor: string;
  readonly modeReason: string | null;
  readonly modeUntil: EpochMs | null;
  /** The mode has a maintenance page of its own. */
  readonly modeHasPage: boolean;
  /** The next mode that begins by itself, of the server or its node. */
  readonly modePlan: ModePlanView | null;
  /** `up`, `down` (marked by traffic or probe; `statusCause` says why), `unknown` before anything was seen. */
  readonly status: "up" | "down" | "unknown";
  readonly statusCause: string | null;
  readonly inFlight: number;
  readonly sessions: number;
  readonly tunnels: number;
  /** `application/edition` of everything on it. */
  readonly editions: readonly string[];
}

/** A mode that begins at its time. */
export interface ModePlanView {
  readonly mode: Mode;
  readonly from: EpochMs;
  readonly until: EpochMs | null;
  readonly actor: string;
  readonly reason: string | null;
  readonly hasPage: boolean;
  /** Whose mode it is. */
  readonly of: "server" | "node";
}

/** An edition with who is left on it, and where; sums over all workers. */
export interface EditionView {
  readonly label: string;
  readonly state: EditionEntry["state"];
  /** How long a retiring or stopping edition may keep what it has; null for others. */
  readonly until: EpochMs | "drained" | null;
  /** What it would wait for if it retired now, each thing once; `inFlight` counts tunnels and streams too. */
  readonly left: Left;
  readonly inFlight: number;
  readonly sessions: number;
  readonly tunnels: { readonly webSocket: number; readonly stream: number; readonly other: number };
  readonly instances: readonly {
    readonly server: string;
    readonly address: string;
    readonly mode: Mode;
    readonly status: ServerView["status"];
    readonly inFlight: number;
    readonly sessions: number;
    readonly tunnels: { readonly webSocket: number; readonly stream: number; readonly other: number };
  }[];
}

/** Whether an edition is drained, and what is left of it. */
export interface DrainedAnswer {
  readonly application: string;
  readonly edition: string;
  readonly state: EditionState["state"];
  /** No router gives it anything any more, and nothing of it is in flight: its processes may stop. */
  readonly drained: boolean;
  /** When its time is over; null for an edition that does not leave. */
  readonly until: EpochMs | "drained" | null;
  readonly left: Left;
}

/** An application with its editions, oldest first. */
export interface ApplicationView {
  readonly id: string;
  /**
   * INSTALLED when no edition is anywhere, DISTRIBUTED when none was started, RUNNING when at least one server serves it,
   * DEPLOYED when none does (SPEC D4).
   */
  readonly state: "INSTALLED" | "DISTRIBUTED" | "RUNNING" | "DEPLOYED";
  readonly virtualHosts: readonly string[];
  readonly contextRoots: readonly string[];
  readonly affinity: string;
  readonly editions: readonly EditionView[];
}

/** A live session; nothing in it lets its reader take the session over. */
export interface SessionView {
  /** 16 hex digits; the session id itself is never shown. */
  readonly fingerprint: string;
  readonly application: string;
  readonly edition: string;
  readonly server: string;
  readonly bornAt: EpochMs;
  readonly lastSeenAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly requests: number;
}

/** A router with its workers; its revision is that of the worker that lags most. */
export interface RouterView {
  readonly name: string;
  readonly revision: Revision;
  readonly live: boolean;
  readonly workers: readonly {
    readonly slot: number;
    readonly pid: number;
    readonly revision: Revision;
    readonly connections: number;
    readonly inFlight: number;
    readonly sessions: number;
    readonly rssBytes: number;
    readonly lastReportMs: number;
  }[];
}

/** What a change of mode means for one server (SPEC M3). */
export interface ModeResult {
  readonly server: string;
  readonly mode: Mode;
  readonly was: Mode;
  readonly effectiveMode: Mode;
  readonly appliedRouters: number;
  readonly routers: number;
  readonly missing: readonly string[];
  readonly inFlight: number;
  readonly revision: Revision;
  /** When the mode begins by itself; null when it holds already. */
  readonly plannedFrom: EpochMs | null;
  /** A remark such as: `stop acts as break, because "Server01" is external`. */
  readonly note: string | null;
}

/** Which edition is to be opened, and how long the one before may keep its users. */
export interface StartWish {
  readonly origin: Origin;
  readonly application: ApplicationId;
  /** Undefined: the newest one that is distributed. */
  readonly label?: EditionLabel;
  /** Undefined: until it is drained. */
  readonly drainMs?: number;
  /** Opens it without asking its servers first. */
  readonly isForced: boolean;
}

/** A start of an edition that may have to be distributed before; without targets it keeps those that it had. */
export interface RedeployWish extends StartWish {
  readonly label: EditionLabel;
  readonly targets?: readonly Target[];
}

/** What `explain` is asked: a request that is not sent. */
export interface ExplainQuestion {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly clientAddress: string;
}

/** What a request would get, and why (SPEC R6); null where it does not come so far. */
export interface ExplainAnswer {
  readonly virtualHost: string | null;
  readonly application: string | null;
  readonly contextRoot: string | null;
  readonly affinity: string;
  readonly edition: string | null;
  readonly server: string | null;
  readonly address: string | null;
  /** The status that the router itself would answer, or null when it forwards. */
  readonly ownStatus: number | null;
  /** What was looked at and why it was taken or left, one sentence a step. */
  readonly steps: readonly string[];
  readonly revision: Revision;
}

/** Everything below answers from memory, but for what changes the domain, which waits for disk and routers, and for
 * `drained`. */
export interface Operations {
  domain(): Domain;
  /** Accepts the command (journal), publishes, and waits until every live router has applied it or time is over. */
  submit(command: Command): Promise<Result<Submitted>>;
  setMode(change: {
    readonly origin: Origin;
    readonly target: ModeTarget;
    readonly mode: Mode;
    /** Begins then; at once when it is left out or past. */
    readonly from?: EpochMs;
    readonly until?: EpochMs;
    /** HTML, instead of the application's maintenance page. */
    readonly page?: string;
  }): Promise<Result<readonly ModeResult[]>>;
  /** Opens an edition, once every instance of it has proved ready: `EDITION_NOT_READY` names those that have not. */
  startEdition(wish: StartWish): Promise<Result<Submitted>>;
  /** Distributes an edition that is not there yet, then starts it. When the start is refused it stays distributed. */
  redeployEdition(wish: RedeployWish): Promise<Result<Submitted>>;
  applyResources(origin: Origin, resources: Resources): Promise<Result<Submitted>>;
  servers(): readonly ServerView[];
  applications(): readonly ApplicationView[];
  application(id: string): Result<ApplicationView>;
  sessions(filter: {
    readonly application: string;
    readonly edition?: string;
    readonly server?: string;
    readonly limit: number;
  }): Result<{ readonly total: number; readonly sessions: readonly SessionView[] }>;
  /** Answers as soon as the edition is drained, or after `waitMs` with what is left. */
  drained(question: {
    readonly application: string;
    readonly edition: string;
    readonly waitMs: number;
  }): Promise<Result<DrainedAnswer>>;
  explain(question: ExplainQuestion): Result<ExplainAnswer>;
  events(range: { readonly after: Revision; readonly limit: number }): Promise<readonly JournalEntry[]>;
  /** Calls for every entry accepted from now on; returns the end of it. */
  followEvents(listener: (entry: JournalEntry) => void): () => void;
  routers(): readonly RouterView[];
  /** True once listeners are open and every worker has a table. */
  isReady(): boolean;
  /** The metrics in Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}
