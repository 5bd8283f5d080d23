// What control can do and tell, over its parts. Everything but a change is answered from memory or the journal.

import type { Clock } from "../base/clock.ts";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { Revision } from "../base/units.ts";
import type { Command, Origin, Resources } from "../domain/command.ts";
import type { Domain } from "../domain/domain.ts";
import type { ApplicationId } from "../domain/names.ts";
import type { Journal, JournalEntry } from "../journal/journal.ts";
import type { Exposition } from "../metrics/exposition.ts";
import { applicationViews } from "./application-views.ts";
import { APPLIED_LIMIT_MS } from "./applied-waits.ts";
import type { DrainedWaits } from "./drained-waits.ts";
import { type EditionVerbs, redeployEdition, startEdition } from "./edition-verbs.ts";
import type { EventFeed } from "./event-feed.ts";
import type { InstanceRow, Probed } from "./instance-picture.ts";
import { instanceRows } from "./instance-picture.ts";
import type { Accepted, Master } from "./master.ts";
import { modeResults } from "./mode-results.ts";
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
} from "./operations.ts";
import type { RouterLink } from "./router-link.ts";
import { routerView } from "./router-views.ts";
import { serverViews } from "./server-views.ts";
import type { SessionBook, SessionFilter } from "./session-book.ts";
import { unreadyInstances } from "./verify-edition.ts";

/** The parts; their owner closes them. */
export interface OperationsParts {
  readonly master: Master;
  readonly link: RouterLink;
  readonly journal: Journal;
  readonly feed: EventFeed;
  readonly sessions: SessionBook;
  readonly drained: DrainedWaits;
  readonly clock: Clock;
  /** Name of the router: the node's. */
  readonly router: string;
  /** Workers that are to be there before it is ready for the first time; 0 on a machine that is no router. */
  readonly workersExpected: number;
  readonly probed: Probed;
  readonly explain: (question: ExplainQuestion) => Result<ExplainAnswer>;
  readonly expose: () => Promise<Exposition>;
}

/** The one implementation of `Operations`. */
export class ControlOperations implements Operations {
  readonly #parts: OperationsParts;
  #wasReady = false;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  domain(): Domain {
    return this.#parts.master.domain;
  }

  async submit(command: Command): Promise<Result<Submitted>> {
    const done = await this.#change(command);
    if (!done.ok) return done;
    const { accepted, applied } = done.value;
    return ok({ revision: accepted.after.revision, events: accepted.events, applied });
  }

  async setMode(change: Parameters<Operations["setMode"]>[0]): Promise<Result<readonly ModeResult[]>> {
    const done = await this.#change({ kind: "set-mode", ...change });
    if (!done.ok) return done;
    const { accepted, applied } = done.value;
    const rows = this.rows();
    return ok(
      modeResults({
        target: change.target,
        mode: change.mode,
        before: accepted.before,
        after: accepted.after,
        applied,
        inFlightOf: (server) =>
          rows.reduce((sum, row) => sum + (row.entry.server === server ? row.work.inFlight : 0), 0),
      }),
    );
  }

  startEdition(wish: StartWish): Promise<Result<Submitted>> {
    return startEdition(this.#verbs(), wish);
  }

  redeployEdition(wish: RedeployWish): Promise<Result<Submitted>> {
    return redeployEdition(this.#verbs(), wish);
  }

  applyResources(origin: Origin, resources: Resources): Promise<Result<Submitted>> {
    return this.submit({ kind: "apply-resources", origin, resources });
  }

  servers(): readonly ServerView[] {
    return serverViews(this.domain(), this.rows(), this.#parts.probed);
  }

  applications(): readonly ApplicationView[] {
    const { link, drained } = this.#parts;
    return applicationViews(this.domain(), link.table, this.rows(), (id, label) => drained.left(id, label));
  }

  application(id: string): Result<ApplicationView> {
    const found = this.applications().find((application) => application.id === id);
    if (found !== undefined) return ok(found);
    return refuse("APPLICATION_UNKNOWN", `Cannot show application "${id}": there is no such application`);
  }

  sessions(
    filter: SessionFilter,
  ): Result<{ readonly total: number; readonly sessions: readonly SessionView[] }> {
    const application = this.domain().applications.get(filter.application as ApplicationId); // a look-up only
    const cannot = `Cannot list sessions of "${filter.application}"`;
    if (application === undefined) {
      return refuse("APPLICATION_UNKNOWN", `${cannot}: there is no such application`);
    }
    const { edition } = filter;
    if (edition !== undefined && !application.editions.some(({ label }) => label === edition)) {
      return refuse("EDITION_UNKNOWN", `${cannot}: it has no edition "${edition}"`);
    }
    return ok(this.#parts.sessions.list(filter));
  }

  drained(question: Parameters<Operations["drained"]>[0]): Promise<Result<DrainedAnswer>> {
    return this.#parts.drained.until(question, question.waitMs);
  }

  explain(question: ExplainQuestion): Result<ExplainAnswer> {
    return this.#parts.explain(question);
  }

  events(range: { readonly after: Revision; readonly limit: number }): Promise<readonly JournalEntry[]> {
    return this.#parts.journal.read(range);
  }

  followEvents(listener: (entry: JournalEntry) => void): () => void {
    return this.#parts.feed.follow(listener);
  }

  routers(): readonly RouterView[] {
    const { link, clock, router, workersExpected } = this.#parts;
    if (workersExpected === 0) return [];
    return [routerView(router, link.workers.live(), clock.monotonicMs())];
  }

  /** Once all workers were there, one is enough: a worker that is being restarted does not make the router unready. */
  isReady(): boolean {
    const { workersExpected } = this.#parts;
    const expected = this.#wasReady ? Math.min(1, workersExpected) : workersExpected;
    const isServing = this.#parts.link.isServing(expected);
    this.#wasReady ||= isServing;
    return isServing;
  }

  metrics(): Promise<Exposition> {
    return this.#parts.expose();
  }

  /** One row for each instance, as of now. */
  rows(): readonly InstanceRow[] {
    const { link, sessions, probed } = this.#parts;
    return instanceRows({
      table: link.table,
      workers: link.workers.live(),
      probed,
      sessionsOf: (key) => sessions.countOf(key),
    });
  }

  #verbs(): EditionVerbs {
    const { clock } = this.#parts;
    return {
      clock,
      domain: () => this.domain(),
      submit: (command) => this.submit(command),
      unready: (edition) => unreadyInstances(edition, this.domain(), clock),
    };
  }

  async #change(
    command: Command,
  ): Promise<Result<{ readonly accepted: Accepted; readonly applied: AppliedEverywhere }>> {
    const accepted = await this.#parts.master.submit(command);
    if (!accepted.ok) return accepted;
    const applied = await this.#parts.link.waits.until(accepted.value.after.revision, APPLIED_LIMIT_MS);
    return ok({ accepted: accepted.value, applied });
  }
}
