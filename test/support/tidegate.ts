// The command as an operator runs it: a process of its own.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A command that has ended. */
export interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Where and with what a command runs. */
export interface Around {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `tidegate` with these arguments to its end. */
export async function tidegate(args: readonly string[], around: Around): Promise<Outcome> {
  const child = startCommand(args, around);
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { status, out, err };
}

/** Starts a command that goes on by itself; it is killed with the test. */
export function startTidegate(
  t: Test,
  args: readonly string[],
  around: Around,
): ChildProcessByStdio<null, Readable, Readable> {
  const child = startCommand(args, around);
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "close");
  });
  return child;
}

function startCommand(
  args: readonly string[],
  { folder, env = {} }: Around,
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    // Nothing of whoever runs the tests: no address, no token, no colours; one time zone.
    env: { PATH: process.env["PATH"] ?? "", TZ: "UTC", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
