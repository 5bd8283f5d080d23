// The keeper: holds the listening sockets, forks control and the workers, restarts what dies; nothing else.
//
// SIGTERM, SIGINT: stop, each process within `stopGraceMs`; a second one: at once. SIGHUP: control reads the files again.
// SIGUSR2: the workers are replaced one by one by new processes (new code), without a refused connection.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "./base/clock.ts";
import { fault } from "./base/fault.ts";
import type { Log } from "./base/log.ts";
import type { Result } from "./base/result.ts";
import { failed, ok } from "./base/result.ts";
import type { ProcessSettings } from "./settings/process-settings.ts";
import { systemClock } from "./system/clock.ts";
import { systemDisk, writeFileWhole } from "./system/disk.ts";
import { ownPid } from "./system/environment.ts";
import { takeLock } from "./system/lock.ts";
import { openLog } from "./system/log.ts";
import { type ListeningSocket, openListeners } from "./system/open-listeners.ts";
import { ProcessTree } from "./system/process-tree.ts";
import { onSignals } from "./system/signals.ts";

/** How long an address may stay in use after a keeper was killed: its workers still let exchanges finish. */
const TAKE_OVER_MS = 5000;

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
 * Faults: `ADDRESS_IN_USE`, `BAD_SETTINGS` for an address that cannot be opened, or a data directory that is in use.
 */
export async function startKeeper(
  settings: ProcessSettings,
  options: KeeperOptions = {},
): Promise<Result<Keeper>> {
  const log = options.log ?? openLog({ level: settings.logLevel, name: "keeper" });
  await mkdir(settings.dataDir, { recursive: true });
  const outcome = await takeLock(join(settings.dataDir, "locks"), "keeper");
  if (!outcome.held) return failed(alreadyRunning(settings.dataDir, outcome.byPid));
  const { lock } = outcome;
  const sockets = await openListeners(settings.router.listeners, lock.tookOver ? TAKE_OVER_MS : 0);
  if (!sockets.ok) {
    await lock.release();
    return sockets;
  }
  const pidFile = join(settings.dataDir, "tidegate.pid");
  await writeFileWhole(pidFile, `${ownPid()}\n`);
  const tree = new ProcessTree({
    settings,
    modules: options.modules ?? ownModules(),
    sockets: sockets.value,
    clock: options.clock ?? systemClock,
    log,
  });
  const ended = tree.ended.then(async () => {
    await systemDisk.remove(pidFile);
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
  const stop = stopper(keeper, log);
  const giveBack = onSignals({
    SIGTERM: stop,
    SIGINT: stop,
    SIGHUP: () => keeper.tree.say("control", { kind: "reload" }),
    SIGUSR2: () => void keeper.tree.replaceWorkers(),
  });
  options.onStarted?.(keeper);
  await keeper.ended;
  giveBack();
  return ok(undefined);
}

/** The first call stops, the second ends everything at once. */
function stopper(keeper: Keeper, log: Log): () => void {
  let isAsked = false;
  return () => {
    log.info({}, isAsked ? "Stopping at once" : "Stopping; a second signal stops at once");
    if (isAsked) keeper.tree.kill();
    else keeper.tree.stop();
    isAsked = true;
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
