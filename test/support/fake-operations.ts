// Control without routers, disk or processes: a real domain in memory, behind the interface of control. Load is made up,
// the same each time; a router can be told to lag, the disk to be full.

import { refuse } from "../../src/base/fault.ts";
import { ok, type Result } from "../../src/base/result.ts";
import type { EpochMs, Revision } from "../../src/base/units.ts";
import {
  type EditionVerbs,
  redeployEdition,
  startEdition,
  type Unready,
} from "../../src/control/edition-verbs.ts";
import { modeResults } from "../../src/control/mode-results.ts";
import type {
  ApplicationView,
  AppliedEverywhere,
  DrainedAnswer,
  ExplainAnswer,
  ExplainQuestion,
  ModeResult,
  Operations,
  RedeployWish,
  RouterView,
  ServerView,
  SessionView,
  StartWish,
  Submitted,
} from "../../src/control/operations.ts";
import { serverViews } from "../../src/control/server-views.ts";
import type { Left } from "../../src/deploy/drain.ts";
import { apply } from "../../src/domain/apply.ts";
import type { Command, Origin, Resources } from "../../src/domain/command.ts";
import { type Domain, emptyDomain } from "../../src/domain/domain.ts";
import { isLive } from "../../src/domain/edition.ts";
import type { ApplicationId } from "../../src/domain/names.ts";
import type { JournalEntry } from "../../src/journal/journal.ts";
import { shop } from "./resources.ts";

/** The wall time of every fake command: 2026-01-01 12:00 UTC. */
export const FAKE_NOW: EpochMs = 1_767_268_800_000 as EpochMs;

const NOTHING_LEFT: Left = { requests: 0, sessions: 0, webSockets: 0, streams: 0, tunnels: 0 };
const NO_TUNNELS = { webSocket: 0, stream: 0, other: 0 };

/** A domain with two servers of one cluster and the application "shop", behind the interface of control. */
export class FakeOperations implements Operations {
  /** Sentences of routers that do not answer; empty when all do. */
  missing: readonly string[] = [];
  /** When set, every change is refused as on a full disk. */
  isDiskFull = false;
  /** Instances that do not answer when an edition is to be started. */
  unready: readonly Unready[] = [];
  ready = true;
  /** What is left of an edition, one for each time that it is asked; then nothing. */
  left: Left[] = [];
  /** How long was to be waited, ms, each time. */
  readonly drainWaits: number[] = [];
  readonly questions: ExplainQuestion[] = [];
  readonly entries: JournalEntry[] = [];
  readonly #followers: Set<(entry: JournalEntry) => void> = new Set();
  #domain: Domain = emptyDomain("test");
  #sessions: SessionView[] = [
    session("00000000000000a1", "Server01"),
    session("00000000000000b2", "Server02"),
  ];

  constructor(resources: Resources = shop()) {
    this.#accept({ kind: "apply-resources", origin: { actor: "file:domain.yaml" }, resources });
  }

  domain(): Domain {
    return this.#domain;
  }

  async submit(command: Command): Promise<Result<Submitted>> {
    if (command.kind === "end-session") {
      const known = this.#sessions.length;
      this.#sessions = this.#sessions.filter(({ fingerprint }) => fingerprint !== command.fingerprint);
      if (this.#sessions.length === known) {
        return refuse("SESSION_UNKNOWN", `"${command.application}" has no session "${command.fingerprint}"`);
      }
    }
    return this.#accept(command);
  }

  async setMode(change: Parameters<Operations["setMode"]>[0]): Promise<Result<readonly ModeResult[]>> {
    const before = this.#domain;
    const submitted = this.#accept({ kind: "set-mode", ...change });
    if (!submitted.ok) return submitted;
    const { target, mode } = change;
    const { applied } = submitted.value;
    return ok(modeResults({ target, mode, before, after: this.#domain, applied, inFlightOf: () => 3 }));
  }

  startEdition(wish: StartWish): Promise<Result<Submitted>> {
    return startEdition(this.#verbs(), wish);
  }

  redeployEdition(wish: RedeployWish): Promise<Result<Submitted>> {
    return redeployEdition(this.#verbs(), wish);
  }

  async applyResources(origin: Origin, resources: Resources): Promise<Result<Submitted>> {
    return this.#accept({ kind: "apply-resources", origin, resources });
  }

  servers(): readonly ServerView[] {
    return serverViews(this.#domain, [], () => ({ status: "up", cause: null })).map((view) => ({
      ...view,
      inFlight: 3,
      sessions: this.#sessions.filter(({ server }) => server === view.name).length,
      editions: ["shop/1"],
    }));
  }

  applications(): readonly ApplicationView[] {
    return [...this.#domain.applications.values()].map((application) => ({
      id: application.id,
      state: "RUNNING",
      virtualHosts: application.virtualHosts,
      contextRoots: application.contextRoots,
      affinity: application.affinity.style,
      editions: application.editions.filter(isLive).map(({ label, lifecycle }) => ({
        label,
        state: lifecycle.state === "undeployed" ? "stopping" : lifecycle.state,
        until: "until" in lifecycle ? lifecycle.until : null,
        left: { ...NOTHING_LEFT, requests: 5, sessions: this.#sessions.length, webSockets: 1 },
        inFlight: 6,
        sessions: this.#sessions.length,
        tunnels: { ...NO_TUNNELS, webSocket: 1 },
        instances: this.servers().map(({ name, address, effectiveMode, status, inFlight, sessions }) => {
          return {
            server: name,
            address,
            mode: effectiveMode,
            status,
            inFlight,
            sessions,
            tunnels: NO_TUNNELS,
          };
        }),
      })),
    }));
  }

  application(id: string): Result<ApplicationView> {
    const found = this.applications().find((application) => application.id === id);
    return found === undefined ? refuse("APPLICATION_UNKNOWN", `There is no application "${id}"`) : ok(found);
  }

  sessions(
    filter: Parameters<Operations["sessions"]>[0],
  ): Result<{ total: number; sessions: readonly SessionView[] }> {
    const { application, edition, server, limit } = filter;
    const found = this.#sessions.filter(
      (one) =>
        one.application === application &&
        (edition === undefined || one.edition === edition) &&
        (server === undefined || one.server === server),
    );
    return ok({ total: found.length, sessions: found.slice(0, limit) });
  }

  async drained({
    application,
    edition,
    waitMs,
  }: Parameters<Operations["drained"]>[0]): Promise<Result<DrainedAnswer>> {
    const found = this.#domain.applications.get(application as ApplicationId);
    if (found === undefined) return refuse("APPLICATION_UNKNOWN", `There is no application "${application}"`);
    const known = found.editions.find(({ label }) => label === edition);
    if (known === undefined) return refuse("EDITION_UNKNOWN", `There is no edition "${edition}"`);
    this.drainWaits.push(waitMs);
    const left = this.left.shift() ?? NOTHING_LEFT;
    const drained = Object.values(left).every((count) => count === 0);
    const { lifecycle } = known;
    const until = "until" in lifecycle ? lifecycle.until : null;
    return ok({
      application,
      edition,
      state: drained ? "undeployed" : lifecycle.state,
      drained,
      until,
      left,
    });
  }

  explain(question: ExplainQuestion): Result<ExplainAnswer> {
    this.questions.push(question);
    if (!URL.canParse(question.url))
      return refuse("BAD_REQUEST", `Cannot explain "${question.url}": it is no URL`);
    return ok({
      virtualHost: "default_host",
      application: "shop",
      contextRoot: "/shop",
      affinity: "kept: route s1",
      edition: "1",
      server: "Server01",
      address: "127.0.0.1:9081",
      ownStatus: null,
      steps: ['Host "shop.test" is default_host by alias *:*', 'Path "/shop/" is shop by context root /shop'],
      revision: this.#domain.revision,
    });
  }

  async events(range: {
    readonly after: Revision;
    readonly limit: number;
  }): Promise<readonly JournalEntry[]> {
    return this.entries.filter(({ revision }) => revision > range.after).slice(0, range.limit);
  }

  followEvents(listener: (entry: JournalEntry) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  /** How many follow the events; a test waits for 0 when streams must have ended. */
  get followers(): number {
    return this.#followers.size;
  }

  routers(): readonly RouterView[] {
    const { revision } = this.#domain;
    const worker = { slot: 0, pid: 4711, connections: 12, inFlight: 6, sessions: 2, rssBytes: 80_000_000 };
    return [{ name: "node01", revision, live: true, workers: [{ ...worker, revision, lastReportMs: 250 }] }];
  }

  isReady(): boolean {
    return this.ready;
  }

  async metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: "text/plain; version=0.0.4; charset=utf-8", text: "tidegate_up 1\n" };
  }

  #verbs(): EditionVerbs {
    return {
      clock: { epochMs: () => FAKE_NOW },
      domain: () => this.#domain,
      submit: (command) => this.submit(command),
      unready: async () => this.unready,
    };
  }

  #accept(command: Command): Result<Submitted> {
    if (this.isDiskFull) return refuse("JOURNAL_FULL", "Cannot store the change: the disk is full");
    const result = apply(this.#domain, command, FAKE_NOW);
    if (!result.ok) return result;
    const { domain, events } = result.value;
    if (events.length > 0) {
      this.#domain = domain;
      const entry = { version: 1, revision: domain.revision, at: FAKE_NOW, command, events } as const;
      this.entries.push(entry);
      for (const follower of this.#followers) follower(entry);
    }
    return ok({ revision: this.#domain.revision, events, applied: this.#applied() });
  }

  #applied(): AppliedEverywhere {
    const routers = 2;
    const applied = routers - this.missing.length;
    return { revision: this.#domain.revision, routers, applied, missing: this.missing };
  }
}

function session(fingerprint: string, server: string): SessionView {
  return {
    fingerprint,
    application: "shop",
    edition: "1",
    server,
    bornAt: FAKE_NOW,
    lastSeenAt: (FAKE_NOW + 60_000) as EpochMs,
    expiresAt: (FAKE_NOW + 1_860_000) as EpochMs,
    requests: 12,
  };
}
