// What a process and all its descendants cost, from /proc: processor time by thread in nanoseconds, and memory as
// proportional set size, which counts pages shared between processes once. Linux only.

import { readdirSync, readFileSync } from "node:fs";

/** True where the operating system has what this file reads. */
export function canMeasure(): boolean {
  return readText("/proc/self/schedstat") !== "" && readText("/proc/self/smaps_rollup") !== "";
}

/** Ids of the process and all its descendants. */
export function processTree(rootPid: number): readonly number[] {
  const childrenOf = new Map<number, number[]>();
  for (const entry of names("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const stat = readText(`/proc/${pid}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]); // "pid (name) S parent ..."
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  }
  const tree = [rootPid];
  for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []));
  return tree;
}

/** Sums the processor time of a tree. A thread that ended keeps what it was last seen to have used. */
export class ProcessorTime {
  readonly #rootPid: number;
  readonly #usByThread = new Map<string, number>();

  constructor(rootPid: number) {
    this.#rootPid = rootPid;
  }

  /** User and system time in microseconds that the tree has used so far. */
  readUs(): number {
    for (const pid of processTree(this.#rootPid)) {
      for (const thread of names(`/proc/${pid}/task`)) {
        const ran = readText(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0];
        if (ran !== undefined && ran !== "") this.#usByThread.set(`${pid}/${thread}`, Number(ran) / 1000);
      }
    }
    let total = 0;
    for (const us of this.#usByThread.values()) total += us;
    return total;
  }
}

/** Proportional set size of a tree in bytes. */
export function memoryBytes(rootPid: number): number {
  let total = 0;
  for (const pid of processTree(rootPid)) {
    total += Number(/^Pss: +(\d+) kB/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
  }
  return total;
}

/** A process may end while we look: what is gone is empty. */
function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function names(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
