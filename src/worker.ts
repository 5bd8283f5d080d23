// Composition root of a worker process: the data plane. It takes tables from control and lives on without it (SPEC F1).
//
//   started ──first table, sessions known──▶ serving ──stop──▶ draining ──no connection left, or grace over──▶ ended

import { AccessLog } from "./proxy/access-log.ts";
import { DataPlane } from "./proxy/data-plane.ts";
import { LeavingEditions } from "./proxy/leaving-editions.ts";
import { TableKeeper } from "./proxy/table-keeper.ts";
import { workerReport } from "./proxy/worker-report.ts";
import { InstanceStates } from "./routing/instance-states.ts";
import type { RouterMessage } from "./routing/messages.ts";
import { WorkerRouter } from "./routing/worker-router.ts";
import { parseFingerprint } from "./sessions/fingerprint.ts";
import { SessionReplicator } from "./sessions/replication.ts";
import { type SessionLimits, SessionSweep } from "./sessions/session-sweep.ts";
import { SessionTable } from "./sessions/session-table.ts";
import { type AcceptSpread, openAcceptSpread } from "./system/accept-spread.ts";
import { type ChildProcess, receiveStart } from "./system/child-process.ts";
import { systemClock } from "./system/clock.ts";
import { exitNow, onUncaught, ownPid } from "./system/environment.ts";
import { FileLines } from "./system/line-sink.ts";
import { openLog } from "./system/log.ts";
import { systemRandom } from "./system/random.ts";

/** Between two reports to control. */
const REPORT_MS = 1000;
/** Between two looks at the editions that leave, while there are any. */
const LEAVING_MS = 50;
/** With each look this many places are looked at for sessions whose time is over. */
const LEAVING_SWEEP_PLACES = 4096;
/** With each report this many places of the session table are looked at for sessions whose time is over. */
const SWEEP_PLACES = 65_536;
/** Limits of sessions whose application has left the table: it may come back with them. */
const LIMITS_OF_GONE: SessionLimits = { idleSeconds: 1800, absoluteSeconds: 0 };

class Worker {
  readonly #child: ChildProcess;
  readonly #self: string;
  readonly #log: ReturnType<typeof openLog>;
  readonly #states = new InstanceStates();
  readonly #sessions: SessionTable;
  readonly #sweep: SessionSweep;
  readonly #replicator: SessionReplicator;
  readonly #router: WorkerRouter;
  readonly #plane: DataPlane;
  readonly #tables: TableKeeper;
  readonly #accept: AcceptSpread;
  readonly #leaving: LeavingEditions;
  #isLookingAtLeaving = false;
  #asked = 0;

  constructor(child: ChildProcess) {
    const { slot, settings } = child.start;
    const { sessionsMax, workers } = settings.router;
    this.#child = child;
    this.#self = child.bus.self;
    this.#log = openLog({ level: settings.logLevel, name: `worker ${slot}` });
    const states = this.#states;
    this.#sessions = new SessionTable({ sessionsMax, epochSeconds, slots: states });
    this.#sweep = new SessionSweep(this.#sessions);
    this.#replicator = new SessionReplicator({
      self: this.#self,
      table: this.#sessions,
      slots: states,
      send: (to, message) => child.bus.send(to, message),
      clock: systemClock,
      log: this.#log,
    });
    this.#router = new WorkerRouter({
      random: systemRandom,
      sessions: this.#sessions,
      share: { worker: slot, workers },
      onMark: (mark) => child.bus.send("all", { kind: "mark", from: this.#self, ...mark }),
      states,
      wasEnded: (high, low) => this.#sessions.wasEnded(high, low),
    });
    this.#leaving = new LeavingEditions({
      statesOf: (application, edition) => states.ofEdition(application, edition),
      sessionsOf: (slot) => this.#sessions.countOf(slot),
    });
    this.#plane = this.#openPlane();
    this.#tables = new TableKeeper({
      router: this.#router,
      onInstalled: (isFirst) => this.#installed(isFirst),
      onMissing: () => child.bus.send("control", { kind: "table-please", from: this.#self }),
    });
    this.#accept = openAcceptSpread({
      child,
      clock: systemClock,
      openConnections: () => this.#plane.connections.size,
      onConnection: (socket, index) => this.#plane.accept(socket, index),
    });
  }

  /** Says hello and waits for its first table. */
  start(): void {
    const { bus, start } = this.#child;
    onUncaught((error) => {
      const text = error instanceof Error ? error.stack : String(error);
      this.#log.error({ error: text }, "A broken assertion ends this worker");
      exitNow(1);
    });
    bus.receive((message) => this.#receive(message));
    const { slot, incarnation } = start;
    bus.send("control", { kind: "hello", from: this.#self, worker: slot, pid: ownPid(), incarnation });
    this.#reportLater();
  }

  #openPlane(): DataPlane {
    const { router: settings } = this.#child.start.settings;
    const { format, path } = settings.accessLog;
    return new DataPlane({
      settings,
      listeners: settings.listeners.map(({ name, virtualHost = "", port, isPreview }) => ({
        name,
        virtualHost,
        port,
        isPreview,
        isSecure: false,
      })),
      router: this.#router,
      clock: systemClock,
      random: systemRandom,
      accessLog: new AccessLog(format, format === "off" ? null : new FileLines(path, this.#log)),
      replicate: (whenKnown) => void this.#replicator.flushNow(whenKnown),
    });
  }

  #installed(isFirst: boolean): void {
    this.#plane.tableChanged();
    this.#leaving.install(this.#router.compiled.applications.values());
    this.#report();
    if (!this.#isLookingAtLeaving) this.#lookAtLeavingLater();
    if (isFirst) this.#replicator.whenComplete(() => void this.#serve());
  }

  async #serve(): Promise<void> {
    await this.#accept.start();
    this.#child.reportReady();
    this.#log.debug({ revision: this.#router.revision }, "Worker serves");
  }

  #receive(message: RouterMessage): void {
    switch (message.kind) {
      case "table":
        this.#tables.replace(message.table);
        break;
      case "table-change":
        this.#tables.change(message.change);
        break;
      case "report-now":
        this.#asked = Math.max(this.#asked, message.asked);
        this.#report();
        break;
      case "mark":
        this.#plane.readClock();
        this.#router.applyMark(message);
        break;
      case "stop":
        this.#plane.hasSuccessor = message.hasSuccessor;
        if (!this.#plane.isDraining) void this.#stop(message.graceMs);
        break;
      case "end-session":
        this.#endSession(message.fingerprint);
        this.#replicator.receive(message);
        break;
      case "hello":
        if (message.worker < 0) this.#report();
        this.#replicator.receive(message);
        break;
      case "sessions":
      case "sessions-ack":
      case "peers":
        this.#replicator.receive(message);
        break;
      default: // for others
    }
  }

  /** A route or token must not bring the session back. */
  #endSession(fingerprint: string): void {
    const print = { high: 0, low: 0 };
    if (parseFingerprint(fingerprint, print)) this.#router.endSession(print.high, print.low);
  }

  #report(): void {
    const { slot, incarnation } = this.#child.start;
    const report = workerReport({
      plane: this.#plane,
      worker: slot,
      incarnation,
      states: this.#states.all(),
      sessions: this.#sessions.size,
      leaving: this.#leaving.told(),
      asked: this.#asked,
    });
    this.#child.bus.send("control", { kind: "report", from: this.#self, report });
  }

  #reportLater(): void {
    this.#report();
    this.#sweep.sweep(epochSeconds(), SWEEP_PLACES, (slot) => this.#limitsOf(slot));
    systemClock.alarm(REPORT_MS, () => this.#reportLater());
  }

  /** A drain is to be noticed at once, not with the next beat; without one nothing runs here. */
  #lookAtLeavingLater(): void {
    this.#isLookingAtLeaving = this.#leaving.isWatching;
    if (!this.#isLookingAtLeaving) return;
    systemClock.alarm(LEAVING_MS, () => {
      this.#sweep.sweep(epochSeconds(), LEAVING_SWEEP_PLACES, (slot) => this.#limitsOf(slot));
      if (this.#leaving.hasNews()) this.#report();
      this.#lookAtLeavingLater();
    });
  }

  /** Sessions of an instance that has left the table live by their application's limits: others may take them over. */
  #limitsOf(slot: number): SessionLimits {
    const [application = ""] = (this.#states.at(slot)?.key ?? "").split("/");
    const limits = this.#router.compiled.applications.get(application)?.entry.sessions;
    if (limits === undefined) return LIMITS_OF_GONE;
    return {
      idleSeconds: Math.ceil(limits.idleMs / 1000),
      absoluteSeconds: Math.ceil(limits.absoluteMs / 1000),
    };
  }

  async #stop(graceMs: number): Promise<void> {
    this.#accept.close();
    await this.#plane.drain(graceMs);
    this.#plane.close();
    this.#replicator.close();
    this.#report();
    await this.#plane.accessLog.close();
    this.#child.leave();
  }
}

function epochSeconds(): number {
  return Math.floor(systemClock.epochMs() / 1000);
}

new Worker(await receiveStart()).start();
