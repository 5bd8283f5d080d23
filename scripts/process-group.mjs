// What a test file started is in its process group, also what its own parent has left behind.

import { existsSync, readdirSync, readFileSync } from "node:fs";

/** States in /proc of processes that have ended and only wait until their parent, often the system's first process, asks how. */
const ENDED = ["Z", "X"];

/**
 * Whether anything of a group still runs. A process that has ended stays in its group until its parent has collected it; for
 * an orphan that is the system's first process, which in a container may take seconds or never do it.
 */
export function isRunning(group) {
  if (!existsSync("/proc/self/stat")) return isThere(group);
  return readdirSync("/proc").some((name) => /^\d+$/.test(name) && isRunningIn(group, name));
}

/** Ends a group with all that is in it. */
export function killGroup(group) {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

function isThere(group) {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function isRunningIn(group, pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name comes before, in brackets, and may hold anything.
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(itsGroup) === group && !ENDED.includes(state);
  } catch {
    return false; // it went while we looked
  }
}
