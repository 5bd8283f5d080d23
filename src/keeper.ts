// The keeper: holds the listening sockets, forks control and the workers, restarts what dies; nothing else.
//
// SIGTERM, SIGINT: stop, each process within `stopGraceMs`; a second one: at once. SIGHUP: control reads the files again.
// SIGUSR2: the workers are replaced one by one by new processes (new code), without a refused connection.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TokensFile } from "./admin/tokens.ts";
import type { Clock } from "./base/clock.ts";
import { fault, refuse } from "./base/fault.ts";
import type { Log } from "./base/log.ts";
import type { Result } from "./base/result.ts";
import { failed, ok } from "./base/result.ts";
import type { MonotonicMs } from "./base/units.ts";
import type { ProcessSettings } from "./settings/process-settings.ts";
import { whyNotAppended } from "./system/appendable.ts";
import { systemClock } from "./system/clock.ts";
import { makeFolder, systemDisk, writeFileWhole } from "./system/disk.ts";
import { ownPid } from "./system/environment.ts";
import { type HeldLock, takeLock } from "./system/lock.ts";
import { openLog } from "./system/log.ts";
import { type ListeningSocket, openListeners } from "./system/open-listeners.ts";
import { ProcessTree } from "./system/process-tree.ts";
import { onSignals, type Signal } from "./system/signals.ts";

/** How long an address may stay in use after a keeper was killed: its workers still let exchanges finish. */
const TAKE_OVER_MS = 5000;
const PID_FILE = "tidegate.pid";
/** A terminal and a launcher such as npx or timeout may both pass one Ctrl-C on: so soon after the first it is no second. */
const SAME_SIGNAL_MS = 200;

/** What a keeper can be given instead of the real thing. */
export interface KeeperOptions {
  readonly clock?: Clock;
  readonly log?: Log;
  /** Scripts of the processes. */
  readonly modules?: { readonly control: string; readonly worker: string };
}

/** A running keeper. */
export interface Keeper {
  /** With the ports that were given where the settings say 0. */
  readonly listeners: readonly ListeningSocket[];
  readonly tree: ProcessTree;
  /** Resolves when it was stopped, all processes have ended and its files are released. */
  readonly ended: Promise<void>;
}

/**
 * Starts a keeper in this process; ends nothing by signals, `runKeeper` does.
 * Faults: `ADDRESS_IN_USE` also for a data directory that is in use, `BAD_SETTINGS` for an address that cannot be opened,
 * `FILE_UNREADABLE` for a data directory, tokens file or access log that cannot be used.
 */
async function startKeeper(settings: ProcessSettings, options: KeeperOptions = {}): Promise<Result<Keeper>> {
  const log = options.log ?? openLog({ level: settings.logLevel, name: "keeper" });
  const taken = await takeDataDir(settings.dataDir);
  if (!taken.ok) return taken;
  const lock = taken.value;
  const sockets = await openSockets(settings, log, lock.tookOver ? TAKE_OVER_MS : 0);
  if (!sockets.ok) {
    await systemDisk.remove(join(settings.dataDir, PID_FILE));
    await lock.release();
    return sockets;
  }
  const tree = new ProcessTree({
    settings,
    modules: options.modules ?? ownModules(),
    sockets: sockets.value,
    clock: options.clock ?? systemClock,
    log,
  });
  const ended = tree.ended.then(async () => {
    await systemDisk.remove(join(settings.dataDir, PID_FILE));
    await lock.release();
  });
  return ok({ listeners: sockets.value, tree, ended });
}

/**
 * Runs a keeper until a signal stops it; the caller ends the process when this resolves.
 *
 * @param onStarted - called once the listeners are open and the processes are forked
 */
export async function runKeeper(
  settings: ProcessSettings,
  options: KeeperOptions & { readonly onStarted?: (keeper: Keeper) => void } = {},
): Promise<Result<void>> {
  const log = options.log ?? openLog({ level: settings.logLevel, name: "keeper" });
  const started = await startKeeper(settings, { ...options, log });
  if (!started.ok) return started;
  const keeper = started.value;
  const stop = stopper(keeper, log, options.clock ?? systemClock);
  const giveBack = onSignals({
    SIGTERM: () => stop("SIGTERM"),
    SIGINT: () => stop("SIGINT"),
    SIGHUP: () => keeper.tree.say("control", { kind: "reload" }),
    SIGUSR2: () => void keeper.tree.replaceWorkers(),
  });
  options.onStarted?.(keeper);
  await keeper.ended;
  giveBack();
  return ok(undefined);
}

/** The data directory, ours alone from now on, with our process id in it. */
async function takeDataDir(dataDir: string): Promise<Result<HeldLock>> {
  try {
    await makeFolder(dataDir);
    const outcome = await takeLock(join(dataDir, "locks"), "keeper");
    if (!outcome.held) return failed(alreadyRunning(dataDir, outcome.byPid));
    await writeFileWhole(join(dataDir, PID_FILE), `${ownPid()}\n`);
    return ok(outcome.lock);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return refuse("FILE_UNREADABLE", `Cannot write the data directory "${dataDir}": ${why}`, {
      hint: `Make it, owned by the user that runs Tidegate, or name another one ("data" in tidegate.yaml)`,
      cause,
    });
  }
}

/** The access log, which workers would go without. */
async function tryAccessLog({ roles, router }: ProcessSettings): Promise<Result<void>> {
  const { format, path } = router.accessLog;
  if (!roles.includes("router") || format === "off" || path === "stdout") return ok(undefined);
  const why = await whyNotAppended(path);
  if (why === undefined) return ok(undefined);
  return refuse("FILE_UNREADABLE", `Cannot write the access log "${path}": ${why}`, {
    hint: 'Name a file that can be written ("router: accessLog: path" in tidegate.yaml), or write to stdout',
  });
}

/**
 * Opens the listeners, and tries what control needs and what would end it again and again: the tokens file, and the
 * address of the admin API, which is given back at once for control to take.
 */
async function openSockets(
  settings: ProcessSettings,
  log: Log,
  patienceMs: number,
): Promise<Result<readonly ListeningSocket[]>> {
  const { admin, router } = settings;
  const accessLog = await tryAccessLog(settings);
  if (!accessLog.ok) return accessLog;
  if (admin.tokensFile !== "") {
    const tokens = await TokensFile.open(admin.tokensFile, log);
    if (!tokens.ok) return tokens;
  }
  const trials =
    admin.listen === "" ? [] : [{ name: "admin API", address: admin.listen, port: 0, isPreview: false }];
  const sockets = await openListeners([...trials, ...router.listeners], patienceMs);
  if (!sockets.ok) return sockets;
  for (const trial of sockets.value.slice(0, trials.length)) trial.close();
  return ok(sockets.value.slice(trials.length));
}

/** The first signal stops, the second ends everything at once, unless it is the same one passed on twice. */
function stopper(keeper: Keeper, log: Log, clock: Clock): (signal: Signal) => void {
  let asked: { readonly signal: Signal; readonly at: MonotonicMs } | undefined;
  return (signal) => {
    const at = clock.monotonicMs();
    if (asked === undefined) {
      asked = { signal, at };
      log.info({}, "Stopping; a second signal stops at once");
      keeper.tree.stop();
    } else if (signal !== asked.signal || at - asked.at >= SAME_SIGNAL_MS) {
      log.info({}, "Stopping at once");
      keeper.tree.kill();
    }
  };
}

function alreadyRunning(dataDir: string, byPid: number): ReturnType<typeof fault> {
  return fault(
    "ADDRESS_IN_USE",
    `Cannot start on the data directory "${dataDir}": Tidegate runs on it already (process ${byPid})`,
    { hint: `Stop that process, or give this one another data directory ("data" in tidegate.yaml)` },
  );
}

function ownModules(): { readonly control: string; readonly worker: string } {
  return {
    control: fileURLToPath(new URL("./control.js", import.meta.url)),
    worker: fileURLToPath(new URL("./worker.js", import.meta.url)),
  };
}
