// Composition root of a worker process: the data plane. It takes tables from control and lives on without it (SPEC F1).
//
//   started ──first table, sessions known──▶ serving ──stop──▶ draining ──no connection left, or grace over──▶ ended

import { AccessLog } from "./proxy/access-log.ts";
import { DataPlane, type OpenListener } from "./proxy/data-plane.ts";
import { TableKeeper } from "./proxy/table-keeper.ts";
import { workerReport } from "./proxy/worker-report.ts";
import { InstanceStates } from "./routing/instance-states.ts";
import type { RouterMessage } from "./routing/messages.ts";
import { WorkerRouter } from "./routing/worker-router.ts";
import { SessionReplicator } from "./sessions/replication.ts";
import { SessionSweep } from "./sessions/session-sweep.ts";
import { SessionTable } from "./sessions/session-table.ts";
import type { ListenerSettings, RouterSettings } from "./settings/process-settings.ts";
import { openAcceptSpread } from "./system/accept-spread.ts";
import { type ChildProcess, receiveStart } from "./system/child-process.ts";
import { systemClock } from "./system/clock.ts";
import { exitNow, onUncaught, ownPid } from "./system/environment.ts";
import { FileLines } from "./system/line-sink.ts";
import { openLog } from "./system/log.ts";
import { systemRandom } from "./system/random.ts";

/** Between two reports to control. */
const REPORT_MS = 250;
/** Every so many reports the sessions whose time is over are looked for, this many places of the table at a time. */
const SWEEP_PLACES = 65_536;

function openListener(settings: ListenerSettings): OpenListener {
  return {
    name: settings.name,
    virtualHost: settings.virtualHost ?? "",
    port: settings.port,
    isSecure: false,
  };
}

function openAccessLog(settings: RouterSettings, log: ReturnType<typeof openLog>): AccessLog {
  const { format, path } = settings.accessLog;
  return new AccessLog(format, format === "off" ? null : new FileLines(path, log));
}

/** Runs the worker that the keeper has forked. */
function runWorker(child: ChildProcess): void {
  const { slot, incarnation, settings } = child.start;
  const log = openLog({ level: settings.logLevel, name: `worker ${slot}` });
  onUncaught((error) => {
    log.error(
      { error: error instanceof Error ? error.stack : String(error) },
      "A broken assertion ends this worker",
    );
    exitNow(1);
  });
  const self = `worker:${slot}`;
  const { bus } = child;
  const clock = systemClock;
  const random = systemRandom;
  const states = new InstanceStates();
  const slots = {
    slotOf: (key: string): number => states.stateOf(key).slot,
    keyOf: (at: number): string => states.at(at)?.key ?? "",
  };
  const { workers, sessionsMax, listeners } = settings.router;
  const epochSeconds = (): number => Math.floor(clock.epochMs() / 1000);
  const sessions = new SessionTable({ sessionsMax, epochSeconds, slots });
  const replicator = new SessionReplicator({
    self,
    table: sessions,
    slots,
    send: (to, message) => bus.send(to, message),
    clock,
    log,
  });
  const router = new WorkerRouter({
    random,
    sessions,
    share: { worker: slot, workers },
    onMark: (mark) => bus.send("all", { kind: "mark", from: self, ...mark }),
    states,
  });
  const plane = new DataPlane({
    settings: settings.router,
    listeners: listeners.map(openListener),
    router,
    clock,
    random,
    accessLog: openAccessLog(settings.router, log),
    ...(workers > 1 ? { replicate: (whenKnown: () => void) => void replicator.flushNow(whenKnown) } : {}),
  });
  const accept = openAcceptSpread({
    child,
    clock,
    openConnections: () => plane.connections.size,
    onConnection: (socket, index) => plane.accept(socket, index),
  });
  const report = (): void => {
    bus.send("control", {
      kind: "report",
      from: self,
      report: workerReport({
        plane,
        worker: slot,
        incarnation,
        states: states.all(),
        sessions: sessions.size,
      }),
    });
  };
  const tables = new TableKeeper({
    router,
    onInstalled: (isFirst) => {
      plane.tableChanged();
      report();
      if (isFirst) replicator.whenComplete(() => void serve());
    },
    onMissing: () => bus.send("control", { kind: "table-please", from: self }),
  });
  const serve = async (): Promise<void> => {
    await accept.start();
    child.reportReady();
    log.info({ pid: ownPid(), revision: router.revision }, "Worker serves");
  };
  const sweep = new SessionSweep(sessions);
  const reportLater = (): void => {
    report();
    sweep.sweep(epochSeconds(), SWEEP_PLACES, (at) => {
      const limits = states.at(at)?.routed?.application.entry.sessions;
      return {
        idleSeconds: Math.ceil((limits?.idleMs ?? 0) / 1000),
        absoluteSeconds: Math.ceil((limits?.absoluteMs ?? 0) / 1000),
      };
    });
    clock.alarm(REPORT_MS, reportLater);
  };
  const stop = async (graceMs: number): Promise<void> => {
    accept.close();
    await plane.drain(graceMs);
    plane.close();
    replicator.close();
    report();
    await plane.accessLog.close();
    child.leave();
  };
  const receive = (message: RouterMessage): void => {
    switch (message.kind) {
      case "table":
        tables.replace(message.table);
        break;
      case "table-change":
        tables.change(message.change);
        break;
      case "report-now":
        report();
        break;
      case "mark":
        plane.readClock();
        router.applyMark(message);
        break;
      case "stop":
        void stop(message.graceMs);
        break;
      case "hello":
        if (message.worker < 0) report();
        replicator.receive(message);
        break;
      case "sessions":
      case "sessions-ack":
      case "end-session":
      case "peers":
        replicator.receive(message);
        break;
      default: // for others
    }
  };
  bus.receive(receive);
  bus.send("control", { kind: "hello", from: self, worker: slot, pid: ownPid(), incarnation });
  reportLater();
}

runWorker(await receiveStart());
