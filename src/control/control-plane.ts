// Builds control's long-lived parts and carries messages between them. `src/control.ts` gives it the process's bus, disk
// and clock; tests give it theirs.
//
//   open: journal ─▶ domain (replay) ─▶ secrets ─▶ included file applied ─▶ bus taken, workers greeted
//
// The included file comes before the bus: a worker's first table is to be whole, not an empty domain's.

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import type { DrainSight } from "../deploy/drain.ts";
import type { Domain } from "../domain/domain.ts";
import type { ApplicationId } from "../domain/names.ts";
import type { Journal, JournalEntry } from "../journal/journal.ts";
import { Metrics } from "../metrics/exposition.ts";
import { SeriesLimit } from "../metrics/series.ts";
import { TrafficTotals } from "../metrics/traffic-totals.ts";
import { InstanceStates } from "../routing/instance-states.ts";
import type { RouterMessage } from "../routing/messages.ts";
import type { TableSecrets } from "../routing/table.ts";
import type { ProcessSettings } from "../settings/process-settings.ts";
import type { Bus } from "../system/bus.ts";
import { ControlOperations } from "./control-operations.ts";
import { DrainWatch } from "./drain-watch.ts";
import { DrainedWaits } from "./drained-waits.ts";
import { EventFeed } from "./event-feed.ts";
import { Explainer } from "./explainer.ts";
import { applyInclude } from "./include.ts";
import { Master } from "./master.ts";
import { MarkCounts, metricsPicture } from "./metrics-picture.ts";
import type { Operations } from "./operations.ts";
import { PlannedModes } from "./planned-modes.ts";
import type { Recovered } from "./recover.ts";
import { recoverDomain } from "./recover.ts";
import { RouterLink } from "./router-link.ts";
import { openSecrets } from "./secrets.ts";
import { ServerProbes } from "./server-probes.ts";
import { SessionBook } from "./session-book.ts";

/** Entries between two snapshots: a restart replays at most about so many. */
const SNAPSHOT_EVERY = 1000;

/** What a control plane stands on. It closes the journal, and nothing else of these. */
export interface ControlPlaneParts {
  readonly settings: ProcessSettings;
  readonly journal: Journal;
  readonly bus: Bus;
  /** Since when this router's processes have told each other of sessions. */
  readonly sessionsKnownFrom: EpochMs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The keeper says that this process is to end. */
  readonly onStop: () => void;
}

/** The running parts of a control process. */
export class ControlPlane {
  readonly operations: Operations;
  readonly #parts: ControlPlaneParts;
  readonly #master: Master;
  readonly #link: RouterLink;
  readonly #sessions: SessionBook;
  readonly #probes: ServerProbes;
  readonly #plans: PlannedModes;
  readonly #drains: DrainWatch;
  readonly #drained: DrainedWaits;
  readonly #feed: EventFeed;
  readonly #totals: TrafficTotals;
  readonly #marks: MarkCounts = new MarkCounts();
  readonly #states: InstanceStates = new InstanceStates();
  readonly #reloads: { under: Promise<void> | undefined; isAskedAgain: boolean } = {
    under: undefined,
    isAskedAgain: false,
  };

  /**
   * Recovers the domain, applies the included file and greets the workers.
   * Faults: `JOURNAL_CORRUPT` and others of the journal and the secrets; then the journal is closed.
   */
  static async open(parts: ControlPlaneParts): Promise<Result<ControlPlane>> {
    const basis = await recoverBasis(parts);
    if (!basis.ok) {
      await parts.journal.close();
      return basis;
    }
    const plane = new ControlPlane(parts, basis.value);
    await plane.reload();
    plane.#begin();
    return ok(plane);
  }

  private constructor(parts: ControlPlaneParts, basis: Basis) {
    const { bus, clock, random, log, journal, settings } = parts;
    const { domain } = basis.recovered;
    this.#parts = parts;
    const limit = new SeriesLimit();
    this.#totals = new TrafficTotals(limit);
    this.#feed = new EventFeed(log);
    this.#link = new RouterLink(
      { bus, clock, router: settings.node, secrets: basis.secrets, listeners: this.#listeners() },
      domain,
    );
    const table = (): RouterLink["table"] => this.#link.table;
    const { sessionsMax } = settings.router;
    this.#sessions = new SessionBook({ bus, clock, log, sessionsMax, slots: this.#states, table });
    this.#probes = new ServerProbes({ clock, random, log, table, mark: (mark) => this.#link.mark(mark) });
    this.#probes.setDomain(domain);
    this.#master = new Master(
      {
        journal,
        clock,
        log,
        snapshotEvery: SNAPSHOT_EVERY,
        onEntry: (entry) => this.#announce(entry),
        onDomain: (next) => this.#publish(next),
      },
      basis.recovered,
    );
    const submit: Master["submit"] = (command) => this.#master.submit(command);
    this.#plans = new PlannedModes({ clock, log, submit });
    const sight = (application: string, edition: string): DrainSight => this.#sightOf(application, edition);
    this.#drains = new DrainWatch({ clock, log, submit, sight, ask: () => this.#link.ask() });
    this.#drained = new DrainedWaits({ clock, domain: () => this.#master.domain, sight });
    this.operations = this.#buildOperations(limit);
  }

  /** Reads the included file again and applies it. Called again meanwhile, it does so once more at the end. */
  reload(): Promise<void> {
    const reloads = this.#reloads;
    if (reloads.under !== undefined) {
      reloads.isAskedAgain = true;
      return reloads.under;
    }
    reloads.under = this.#applyIncluded();
    return reloads.under;
  }

  /** Finishes the commands under way, answers whoever waits, and closes the journal. May be called twice. */
  async close(): Promise<void> {
    this.#plans.close();
    this.#drains.close();
    this.#drained.close();
    await this.#master.close();
    this.#link.waits.close();
    this.#probes.close();
    this.#sessions.close();
    await this.#parts.journal.close();
  }

  #begin(): void {
    this.#parts.bus.receive((message) => this.#receive(message));
    this.#link.greet();
    this.#plans.setDomain(this.#master.domain);
    this.#drains.setDomain(this.#master.domain);
  }

  #receive(message: RouterMessage): void {
    if (message.kind === "reload") void this.reload();
    if (message.kind === "stop") this.#parts.onStop();
    this.#link.receive(message);
    this.#sessions.receive(message);
    this.#drains.changed();
    this.#drained.changed();
  }

  #sightOf(application: string, edition: string): DrainSight {
    return {
      application,
      edition,
      workers: this.#link.workers.live().map(({ report }) => report),
      sessions: this.#sessions.countOfEdition(application, edition),
      sessionsKnownFrom: this.#parts.sessionsKnownFrom,
      idleMs: this.#idleMsOf(application as ApplicationId), // the domain's own, or unknown to it
    };
  }

  #idleMsOf(id: ApplicationId): number {
    const application = this.#master.domain.applications.get(id);
    if (application === undefined) return 0;
    const { affinity, sessions } = application;
    const isLoose = affinity.style === "none" || affinity.style === "hash";
    const hasSessions = !isLoose || affinity.cookie !== undefined;
    return hasSessions ? sessions.idleMs : 0;
  }

  async #applyIncluded(): Promise<void> {
    const { settings, log } = this.#parts;
    do {
      this.#reloads.isAskedAgain = false;
      await applyInclude({
        file: settings.include,
        log,
        submit: (command) => this.#master.submit(command),
      });
    } while (this.#reloads.isAskedAgain);
    this.#reloads.under = undefined;
  }

  #listeners(): ConstructorParameters<typeof RouterLink>[0]["listeners"] {
    return {
      onReport: (report) => this.#totals.observe(report),
      onEnded: (incarnation) => this.#totals.end(incarnation),
      onMark: (mark) => this.#marks.add(mark),
      marksForNewcomer: () => this.#probes.downMarks(),
    };
  }

  /** Before the table: a worker that reports the revision has forgotten the session. */
  #announce(entry: JournalEntry): void {
    logEntry(this.#parts.log, entry);
    const { command } = entry;
    if (command.kind === "end-session") {
      this.#link.endSession(command.application, command.fingerprint);
      this.#sessions.end(command.fingerprint);
    }
    this.#feed.publish(entry);
  }

  #publish(domain: Domain): void {
    this.#link.publish(domain);
    this.#probes.setDomain(domain);
    this.#plans.setDomain(domain);
    this.#drains.setDomain(domain);
    this.#drained.changed();
    for (const mark of this.#probes.downMarks()) this.#parts.bus.send("workers", mark);
  }

  #buildOperations(limit: SeriesLimit): Operations {
    const { journal, clock, random, settings } = this.#parts;
    const explainer = new Explainer({
      clock,
      random,
      states: this.#states,
      sessions: this.#sessions.sessions,
      table: () => this.#link.table,
      rows: () => operations.rows(),
    });
    const metrics = new Metrics(() =>
      metricsPicture({
        revision: this.#master.domain.revision,
        totals: this.#totals,
        limit,
        rows: operations.rows(),
        workers: this.#link.workers.live(),
        marks: this.#marks.byKind,
      }),
    );
    const operations = new ControlOperations({
      master: this.#master,
      link: this.#link,
      journal,
      feed: this.#feed,
      sessions: this.#sessions,
      drained: this.#drained,
      clock,
      router: settings.node,
      workersExpected: settings.roles.includes("router") ? settings.router.workers : 0,
      probed: (server, address) => this.#probes.statusOf(server, address),
      explain: (question) => explainer.explain(question),
      expose: () => metrics.expose(),
    });
    return operations;
  }
}

/** What was on disk. */
interface Basis {
  readonly secrets: TableSecrets;
  readonly recovered: Recovered;
}

async function recoverBasis({ settings, journal, log }: ControlPlaneParts): Promise<Result<Basis>> {
  const content = await journal.recover(); // takes the lock: one control at a time goes on from here
  if (!content.ok) return content;
  const recovered = recoverDomain(settings.domain, content.value);
  if (!recovered.ok) return recovered;
  const secrets = await openSecrets(settings.dataDir);
  if (!secrets.ok) return secrets;
  const { domain, sinceSnapshot } = recovered.value;
  log.info({ revision: domain.revision, entries: sinceSnapshot }, "The domain is recovered from the journal");
  return ok({ secrets: secrets.value, recovered: recovered.value });
}

/** What operators have changed stands in the log too; what an included file has changed is told where it is applied. */
function logEntry(log: Log, { revision, command, events }: JournalEntry): void {
  const { actor } = command.origin;
  if (actor.startsWith("file:")) return;
  for (const { message } of events) log.info({ revision, actor }, message);
}
