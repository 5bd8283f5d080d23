// What the test runner takes for a process that a test has left behind.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { until } from "../support/shop-plane.ts";

/** The runner's own script; it is not compiled, and lies beside `dist`. */
const script = fileURLToPath(new URL("../../../scripts/process-group.mjs", import.meta.url));
const { isRunning, killGroup } = (await import(script)) as {
  readonly isRunning: (group: number) => boolean;
  readonly killGroup: (group: number) => void;
};

/** Starts a shell command as the leader of its own group. */
function startGroup(command: string): { readonly child: ChildProcess; readonly group: number } {
  const child = spawn("sh", ["-c", command], { detached: true, stdio: ["pipe", "pipe", "ignore"] });
  t.teardown(() => killGroup(child.pid ?? 0));
  return { child, group: child.pid ?? 0 };
}

t.test("a process that a test has left behind is seen, and ended", async (t) => {
  const { child, group } = startGroup("sleep 60 >/dev/null & exit 0");
  await once(child, "exit");
  t.ok(isRunning(group));
  killGroup(group);
  await until(() => !isRunning(group));
});

t.test(
  "a process that has ended is not left behind, though nobody has collected it yet",
  { skip: existsSync("/proc/self/stat") ? false : "only /proc tells" },
  async (t) => {
    // The shell becomes `cat`, which never collects the child; the child has a group of its own.
    const { child } = startGroup("setsid true >/dev/null & echo $!; exec cat");
    const [line] = await once(child.stdout ?? t, "data");
    const group = Number(String(line));
    await until(() => isInGroup(group) && !isRunning(group));
    t.ok(isInGroup(group), "it is still there for signals");
    child.stdin?.end();
    await once(child, "exit");
  },
);

function isInGroup(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}
