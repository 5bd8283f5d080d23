// hot: bench/micro/decide.ts
// The routing brain of a worker: decides each request from the current table and claims the instance in the same turn.
//
// Virtual host → application → affinity → running edition → balancer; see README.md for the whole order. A new table is
// compiled aside and installed by swapping one reference; counters and marks live on in `InstanceState`.

import type { Random } from "../base/random.ts";
import type { Revision } from "../base/units.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { NO_SESSION, type Sessions } from "../sessions/sessions.ts";
import type { AffinityContext } from "./affinity-plan.ts";
import * as availability from "./availability.ts";
import { CompiledTable, compileInSlices, type WorkerShare } from "./compile.ts";
import type { CompiledApplication, CompiledInstance } from "./compiled.ts";
import type { ClientPoint, Decision, RequestRouter, ResponseEdits } from "./decision.ts";
import * as is from "./decision.ts";
import { freshAffinity, reset, unavailable, wait } from "./decision-outcomes.ts";
import { EndedSessions } from "./ended-sessions.ts";
import { InstanceStates } from "./instance-states.ts";
import { hasPlace, isTrialDue, NONE_TRIED, type Pool } from "./pool.ts";
import { RoutedApplication, type RoutedEdition, RoutedInstance } from "./routed.ts";
import { BAD, SiteMap } from "./site-map.ts";
import { NO_TABLE, type RoutingTable } from "./table.ts";
import { NO_BUCKET, TIE_KNOWN, Tie } from "./tie.ts";
import { Tokens } from "./tokens.ts";

/** What a router is made of; all of it is passed in. */
export interface WorkerRouterParts {
  readonly random: Random;
  readonly sessions: Sessions;
  readonly share: WorkerShare;
  /** Tells the other processes of a mark that traffic has made; called within `succeeded`, `failed` and `decide`. */
  readonly onMark: (mark: availability.Mark) => void;
  /** Given when somebody else refers to slots too, such as the session table's replication. */
  readonly states?: InstanceStates;
  /** The session table's memory of ended sessions, when it has one: their cookies bring nothing back to life. */
  readonly wasEnded?: (high: number, low: number) => boolean;
}

/** The one router of a worker: decides, claims, and learns from responses and failures. */
export class WorkerRouter implements RequestRouter {
  readonly states: InstanceStates;
  readonly #parts: WorkerRouterParts;
  readonly #context: AffinityContext;
  readonly #tie = new Tie();
  #compiled: CompiledTable;
  #hasTable = false;
  /** When the first table came: since then no session has escaped this worker. */
  #sinceMs = 0;

  constructor(parts: WorkerRouterParts) {
    this.states = parts.states ?? new InstanceStates();
    this.#parts = parts;
    this.#context = {
      sessions: parts.sessions,
      states: this.states,
      random: parts.random,
      ended: new EndedSessions(parts.wasEnded ?? null),
      nowMs: 0,
      nowSeconds: 0,
    };
    const tokens = new Tokens([], this.states);
    this.#compiled = new CompiledTable(NO_TABLE, {
      sites: new SiteMap(),
      list: [],
      fresh: [],
      applications: new Map(),
      tokens,
    });
  }

  /** Monotonic time; whoever runs the worker sets it once an event-loop turn, before anything is asked. */
  set nowMs(nowMs: number) {
    this.#context.nowMs = nowMs;
  }

  get nowMs(): number {
    return this.#context.nowMs;
  }

  /** Epoch time in whole seconds; set together with `nowMs`. */
  set nowSeconds(nowSeconds: number) {
    this.#context.nowSeconds = nowSeconds;
  }

  get nowSeconds(): number {
    return this.#context.nowSeconds;
  }

  get revision(): Revision {
    return this.#compiled.revision;
  }

  /** The table in use: for reports, pages and pools. */
  get compiled(): CompiledTable {
    return this.#compiled;
  }

  /** Compiles and installs a table in one go: for the first table, when there is no traffic yet, and for tests. */
  setTable(table: RoutingTable): void {
    const compiling = this.compile(table);
    for (;;) {
      const step = compiling.next();
      if (step.done === true) {
        this.install(step.value);
        return;
      }
    }
  }

  /** Compiles in slices of well under a millisecond: call `next()` until it is done, then `install` the result. */
  compile(table: RoutingTable): Generator<void, CompiledTable> {
    return compileInSlices(table, this.#hasTable ? this.#compiled : null, {
      context: this.#context,
      share: this.#parts.share,
    });
  }

  /** Switches to a compiled table, in one turn. It must have been compiled after the last one was installed. */
  install(compiled: CompiledTable): void {
    const before = this.#compiled;
    const { list } = compiled;
    for (let order = 0; order < list.length; order += 1) (list[order] as RoutedApplication).order = order;
    for (const application of compiled.fresh) {
      for (const edition of application.editions) edition.pool?.open(this.nowMs, !this.#hasTable);
    }
    for (let order = 0; order < before.list.length; order += 1) {
      const application = before.list[order] as RoutedApplication;
      if (list[order] === application) continue;
      if (compiled.applications.get(application.entry.id) !== application) application.forget();
    }
    this.#compiled = compiled;
    if (!this.#hasTable) this.#sinceMs = this.nowMs;
    this.#hasTable = true;
  }

  decide(head: RequestHead, client: ClientPoint, decision: Decision): void {
    reset(decision, client.isSecure);
    const application = this.#match(head, client, decision);
    if (application === null) return;
    decision.application = application;
    const tie = this.readTie(head, client, application, decision);
    if (decision.outcome === is.BAD_COOKIES) return;
    if (tie.kind !== TIE_KNOWN) {
      this.#chooseNew(decision, application);
    } else if (tie.edition === null) {
      this.#chooseElsewhere(decision, application, null, NONE_TRIED);
    } else {
      const affinity = tie.isSecondChoice ? is.AFFINITY_FAILED_OVER : is.AFFINITY_KEPT;
      // A route may lead into another edition than the first one named: then that one is the session's.
      this.#chooseTied(decision, tie.usable?.edition ?? tie.edition, tie.usable, affinity, NONE_TRIED);
    }
  }

  /** Reads the session out of a request, changing nothing else; the tie is good until the next request is read. */
  readTie(head: RequestHead, client: ClientPoint, application: RoutedApplication, decision: Decision): Tie {
    const tie = this.#tie;
    tie.reset();
    application.affinity.find(head, client, application, tie, decision);
    if (tie.kind === TIE_KNOWN && tie.index === NO_SESSION) {
      tie.keepNewFromOld(decision.hasSession ? this.nowMs - this.#sinceMs : Number.POSITIVE_INFINITY);
    }
    return tie;
  }

  decideAgain(decision: Decision, tried: readonly CompiledInstance[]): void {
    const application = this.#current(decision.application);
    if (application === null) {
      unavailable(decision, is.UNAVAILABLE);
      return;
    }
    const { sessions } = this.#parts;
    this.#tie.reset();
    if (decision.hasSession) this.#tie.index = sessions.find(decision.sessionHigh, decision.sessionLow);
    const left = this.#currentOf(tried);
    const { waitsFor, affinity } = decision;
    decision.application = application;
    const label = decision.edition?.entry.label;
    const edition = application.editions.find((one) => one.entry.label === label) ?? null;
    const wanted = waitsFor === null ? null : (this.states.find(waitsFor.entry.key)?.routed ?? null);
    const isUsable =
      wanted !== null && !left.includes(wanted) && availability.takesAffinity(wanted, this.nowMs);
    if (!decision.isTied) this.#chooseRunning(decision, isUsable ? wanted : null, edition, left);
    else if (edition === null) this.#chooseElsewhere(decision, application, null, left);
    else this.#chooseTied(decision, edition, isUsable ? wanted : null, affinity, left);
  }

  /** Chooses again for a request without a session of an edition: in the one that is running now. */
  #chooseRunning(
    decision: Decision,
    wanted: RoutedInstance | null,
    before: RoutedEdition | null,
    tried: readonly RoutedInstance[],
  ): void {
    const { affinity } = decision;
    const { running } = decision.application as RoutedApplication;
    if (running === null) {
      unavailable(decision, is.UNAVAILABLE);
    } else if (wanted !== null && wanted.edition === running) {
      if (hasPlace(wanted)) this.#claim(decision, wanted, affinity);
      else wait(decision, running, wanted, affinity);
    } else {
      const hasLost = affinity === is.AFFINITY_KEPT && before === running; // its hash led to one that failed
      this.#chooseIn(decision, running, hasLost ? is.AFFINITY_FAILED_OVER : affinity, tried);
    }
  }

  release(instance: CompiledInstance): void {
    const { state } = instance;
    state.inFlight -= 1;
    const { routed } = state;
    if (routed === null) return;
    routed.edition.pool?.refresh(routed);
    if (state.hasOwnTrial && state.inFlight === 0) availability.abandonTrial(routed);
  }

  readResponse(decision: Decision, head: ResponseHead, edits: ResponseEdits): void {
    edits.added = null;
    edits.insertCount = 0;
    edits.inserted = null;
    edits.mustReplicate = false;
    edits.hasSession = decision.hasSession;
    edits.sessionHigh = decision.sessionHigh;
    edits.sessionLow = decision.sessionLow;
    const { instance } = decision;
    // By the settings under which the request went out, also when a later table has them no more.
    if (!(instance instanceof RoutedInstance)) return;
    instance.application.affinity.readResponse(decision, instance, head, edits);
    if (instance.application.entry.traffic.servedByHeader !== "") addServedBy(instance, edits);
  }

  keepSession(high: number, low: number): void {
    const { sessions } = this.#parts;
    const index = sessions.find(high, low);
    if (index !== NO_SESSION) sessions.see(index, this.nowSeconds);
  }

  /** An operator ended the session: its next request is a new user's, whatever its cookie says. */
  endSession(high: number, low: number): void {
    this.#parts.sessions.end(high, low);
    this.#context.ended.add(high, low, this.nowSeconds);
  }

  succeeded(decision: Decision): void {
    const routed = decision.instance?.state.routed ?? null;
    if (routed === null || routed.state.downSinceMs === 0) return;
    if (availability.markUp(routed, this.nowMs, "traffic")) this.#tell(routed, "up", "");
  }

  failed(decision: Decision, cause: string): void {
    const routed = decision.instance?.state.routed ?? null;
    if (routed === null) return;
    const wasDown = routed.state.downSinceMs > 0;
    const isDown = availability.markDown(routed, this.nowMs, cause);
    if (isDown && (!wasDown || decision.isTrial)) this.#tell(routed, "down", cause);
  }

  /** Applies a mark that another worker's traffic or a probe has made. */
  applyMark(mark: availability.Mark): void {
    availability.applyMark(this.states.stateOf(mark.key), mark, this.nowMs);
  }

  #match(head: RequestHead, client: ClientPoint, decision: Decision): RoutedApplication | null {
    const { sites, list } = this.#compiled;
    const site = sites.findSite(head, client.virtualHost, client.port);
    if (site === null) {
      decision.outcome = is.NO_VIRTUAL_HOST;
      return null;
    }
    const target = sites.findTarget(head, site);
    if (target === null) {
      decision.outcome = is.NO_APPLICATION;
      return null;
    }
    if (target === BAD) {
      decision.outcome = is.BAD_PATH;
      return null;
    }
    const application = list[target.application] as RoutedApplication;
    return client.isPreview ? (application.preview ?? application) : application;
  }

  /** The session's own instance, else another one of its edition, else as the application says (SPEC A3). */
  #chooseTied(
    decision: Decision,
    edition: RoutedEdition,
    usable: RoutedInstance | null,
    affinity: number,
    tried: readonly RoutedInstance[],
  ): void {
    decision.isTied = true;
    if (usable !== null) {
      if (hasPlace(usable)) this.#claim(decision, usable, affinity);
      else wait(decision, edition, usable, affinity);
      if (decision.outcome === is.FORWARD) edition.pool?.countAffinity(usable);
      return;
    }
    const pool = edition.pool as Pool;
    const other = pool.choose(this.nowMs, tried);
    const outcome = edition.application.affinity.isSticky ? is.AFFINITY_FAILED_OVER : is.AFFINITY_KEPT;
    if (other !== null) this.#claim(decision, other, outcome);
    else if (pool.isBusy) wait(decision, edition, null, outcome);
    else this.#chooseElsewhere(decision, edition.application, edition, tried);
  }

  /** Nothing of the session's edition is left. */
  #chooseElsewhere(
    decision: Decision,
    application: RoutedApplication,
    edition: RoutedEdition | null,
    tried: readonly RoutedInstance[],
  ): void {
    const { running, entry } = application;
    if (running === null || running === edition) unavailable(decision, is.UNAVAILABLE);
    else if (entry.onInstanceLost === "error") unavailable(decision, is.SESSION_LOST);
    else this.#chooseIn(decision, running, is.AFFINITY_MOVED, tried);
  }

  #chooseNew(decision: Decision, application: RoutedApplication): void {
    const { running } = application;
    if (running === null) unavailable(decision, is.UNAVAILABLE);
    else this.#chooseIn(decision, running, freshAffinity(application, this.#tie), NONE_TRIED);
  }

  #chooseIn(
    decision: Decision,
    edition: RoutedEdition,
    affinity: number,
    tried: readonly RoutedInstance[],
  ): void {
    decision.isTied = false;
    const pool = edition.pool as Pool;
    const { bucket } = this.#tie;
    const isHashed = bucket !== NO_BUCKET;
    const chosen = isHashed ? pool.chooseByHash(this.nowMs, bucket) : pool.choose(this.nowMs, tried);
    if (chosen !== null) this.#claim(decision, chosen, affinity);
    else if (pool.isBusy) wait(decision, edition, isHashed ? pool.hashWinner(bucket) : null, affinity);
    else unavailable(decision, is.UNAVAILABLE);
  }

  /** Claims the instance; begins its trial when one is due, and sees to the session. */
  #claim(decision: Decision, instance: RoutedInstance, affinity: number): void {
    const { state } = instance;
    state.inFlight += 1;
    instance.edition.pool?.refresh(instance);
    decision.outcome = is.FORWARD;
    decision.instance = instance;
    decision.edition = instance.edition;
    decision.waitsFor = null;
    decision.affinity = affinity;
    decision.isTrial = state.downSinceMs > 0 && isTrialDue(instance, this.nowMs);
    if (decision.isTrial) this.#beginTrial(instance);
    if (decision.hasSession) this.#touch(decision, instance);
  }

  #beginTrial(instance: RoutedInstance): void {
    availability.beginTrial(instance, this.nowMs);
    instance.state.hasOwnTrial = true;
    this.#tell(instance, "trial", instance.state.downCause);
  }

  /** One more request of the session, which moves with its requests where the style ties it to an instance; else by edition. */
  #touch(decision: Decision, instance: RoutedInstance): void {
    const { sessions } = this.#parts;
    const { sessionHigh: high, sessionLow: low } = decision;
    const { index } = this.#tie;
    if (index === NO_SESSION) return;
    sessions.touch(index, this.nowSeconds);
    const moves = instance.application.affinity.isSticky || decision.affinity === is.AFFINITY_MOVED;
    if (moves && sessions.slotOf(index) !== instance.state.slot) {
      sessions.bind(high, low, instance.state.slot, this.nowSeconds);
    }
  }

  #tell(instance: RoutedInstance, state: "down" | "trial" | "up", cause: string): void {
    this.#parts.onMark({ key: instance.entry.key, state, by: "traffic", cause });
  }

  /** The application of the current table in place of that of the table by which a request was first decided. */
  #current(decided: CompiledApplication | null): RoutedApplication | null {
    const application = this.#compiled.applications.get(decided?.entry.id ?? "") ?? null;
    const isPreview = decided instanceof RoutedApplication && decided.isPreview;
    return isPreview ? (application?.preview ?? application) : application;
  }

  /** The instances of the current table in place of those of the table by which a request was first decided. */
  #currentOf(tried: readonly CompiledInstance[]): readonly RoutedInstance[] {
    const current: RoutedInstance[] = [];
    for (const instance of tried) {
      if (instance.state.routed !== null) current.push(instance.state.routed);
    }
    return current;
  }
}

function addServedBy(instance: RoutedInstance, edits: ResponseEdits): void {
  const line = instance.servedByLine;
  edits.added = edits.added === null ? line : Buffer.concat([edits.added, line]);
}
