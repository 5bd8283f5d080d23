// A lock that dies with its holder: files that name a process, because Node has no flock. A holder that was killed leaves
// its file behind; whoever comes next sees that the process is gone and takes the lock over.
//
// Each taking makes a file with the next number, `NAME.N.lock`; the highest number holds. A new file appears whole (it is
// written aside and linked in), and linking fails for all but one when several want the same number. The highest file is
// never removed, not even on release (it is emptied): otherwise a slow taker could link a number below one that is held.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrorCode, makeFolder } from "./disk.ts";

/** A lock that this process holds. */
export interface HeldLock {
  /** The last holder was killed rather than released it: something of it may linger, such as its children. */
  readonly tookOver: boolean;
  /** May be called twice. */
  release(): Promise<void>;
}

/** Either held, or who has it. */
export type LockOutcome =
  | { readonly held: true; readonly lock: HeldLock }
  | { readonly held: false; readonly byPid: number };

/**
 * Takes the lock `name` in a folder, which is made when it is not there. Holders are known within one machine (and one
 * container): a folder that several machines write needs another kind of lock.
 */
export async function takeLock(folder: string, name: string): Promise<LockOutcome> {
  await makeFolder(folder);
  for (;;) {
    const newest = await newestNumber(folder, name);
    const holder = await readHolder(lockPath(folder, name, newest));
    if (holder !== undefined && isAlive(holder)) return { held: false, byPid: holder.pid };
    const number = newest + 1;
    if (!(await linkOwn(folder, name, number))) continue; // somebody was quicker
    if ((await newestNumber(folder, name)) !== number) {
      await rm(lockPath(folder, name, number), { force: true });
      continue;
    }
    await removeBelow(folder, name, number);
    const path = lockPath(folder, name, number);
    const release = async () => {
      await truncate(path, 0).catch(() => undefined); // gone with its folder: as good as released
    };
    return { held: true, lock: { tookOver: holder !== undefined, release } };
  }
}

interface Holder {
  readonly pid: number;
  /** Boot and start time where the system tells, so that a pid that was given again is no holder. */
  readonly since: string;
}

function lockPath(folder: string, name: string, number: number): string {
  return join(folder, `${name}.${number}.lock`);
}

/** Highest number in use; 0 when there is none. */
async function newestNumber(folder: string, name: string): Promise<number> {
  let newest = 0;
  for (const file of await readdir(folder)) newest = Math.max(newest, numberOf(file, name));
  return newest;
}

/** The number in a lock file's name; 0 for other files. */
function numberOf(file: string, name: string): number {
  if (!file.startsWith(`${name}.`) || !file.endsWith(".lock")) return 0;
  const digits = file.slice(name.length + 1, -".lock".length);
  return /^\d{1,15}$/.test(digits) ? Number(digits) : 0;
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const [pid, since] = (await readFile(path, "utf8")).split("\n");
    return pid === undefined || pid === "" ? undefined : { pid: Number(pid), since: since ?? "" };
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** False when the number was taken meanwhile. */
async function linkOwn(folder: string, name: string, number: number): Promise<boolean> {
  const own = join(folder, `${name}.${randomUUID()}.new`);
  await writeFile(own, `${process.pid}\n${processSince(process.pid) ?? ""}\n`);
  try {
    await link(own, lockPath(folder, name, number));
    return true;
  } catch (error) {
    if (isErrorCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

async function removeBelow(folder: string, name: string, number: number): Promise<void> {
  for (const file of await readdir(folder)) {
    const other = numberOf(file, name);
    if (other > 0 && other < number) await rm(join(folder, file), { force: true });
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (!isErrorCode(error, "EPERM")) return false; // EPERM: it is there, and another user's
  }
  return processSince(holder.pid) === (holder.since === "" ? undefined : holder.since);
}

/** When a process started, as this boot counts; undefined where the system does not tell, or it is dead or a zombie. */
function processSince(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold spaces; the state is field 3, the start time field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : `${boot} ${fields[19]}`;
  } catch {
    return undefined; // no /proc (macOS), or the process is gone
  }
}
