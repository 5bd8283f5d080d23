// Starting and ending processes. Each leads its own process group, so that nothing of it can outlive the harness, and is
// pinned to a core where `taskset` is there to do it.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Launch } from "./peer.ts";

const TERM_MS = 2_000;
const OUTPUT_KEPT = 4_000;

const running = new Set<number>();
const folders = new Set<string>();

/** A process that we started. */
export interface Started {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it said last on its standard output and error, for messages about failures. */
  output(): string;
  hasEnded(): boolean;
  /** Ends it and its group: asks first, then kills. May be called twice. */
  close(): Promise<void>;
}

/** True where processes can be pinned to a core. */
export const canPin: boolean = spawnSync("taskset", ["-c", "0", "true"]).status === 0;

/** Starts a command on a core. With `channel` it can exchange messages with us. */
export function startPinned(
  launch: Launch,
  options: { readonly core: number; readonly cwd: string; readonly channel?: boolean },
): Started {
  const pinned = canPin ? ["taskset", "-c", String(options.core)] : [];
  const [command = launch.command, ...args] = [...pinned, launch.command, ...launch.args];
  const child = spawn(command, args, {
    cwd: options.cwd,
    detached: true,
    stdio: options.channel === true ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
  });
  return watch(child);
}

function watch(child: ChildProcess): Started {
  let output = "";
  let isOver = false;
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const pid = child.pid ?? 0;
  if (pid > 0) running.add(pid);
  const ended = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      output += error.message;
      isOver = true;
      resolve();
    });
    child.on("exit", () => {
      isOver = true;
      killGroup(pid);
      running.delete(pid);
      resolve();
    });
  });
  const close = async (): Promise<void> => {
    if (isOver) return;
    child.kill("SIGTERM");
    const limit = setTimeout(() => killGroup(pid), TERM_MS);
    await ended;
    clearTimeout(limit);
  };
  return { pid, child, output: () => output, hasEnded: () => isOver, close };
}

function killGroup(pid: number): void {
  if (pid === 0) return; // it never started, and group 0 is our own
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // nothing of it is left
  }
}

/** Makes a temporary folder that everybody may read: a server that gives up its rights must, too. */
export function makeFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
  folders.add(folder);
  chmodSync(folder, 0o755);
  return folder;
}

/** Removes a folder that `makeFolder` made; may be called twice. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.delete(folder);
}

/** Kills everything that still runs and removes all temporary folders, at once. */
function endAll(): void {
  for (const pid of running) killGroup(pid);
  for (const folder of folders) removeFolder(folder);
}

/** From now on the end of this process, also by a signal, is the end of all that it started. */
export function endWithUs(): void {
  process.on("exit", endAll);
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.once(signal, () => process.exit(status));
  }
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
