// The disk behind a small interface, so that tests can fill it up, tear a write or stop at any byte.

import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** An open file. Positions and sizes in bytes. */
export interface DiskFile {
  /** Writes at most all of `bytes`; like the system call it may write fewer, and answers how many. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Fills `into` from `position`; answers how many bytes there were, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  truncate(sizeBytes: number): Promise<void>;
  /** Content and size are on the medium when this resolves. */
  sync(): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

/** To write and make, to write what is there, or to read only. */
export type OpenMode = "create" | "existing" | "read";

/** What durable storage needs of a file system. Failures are rejections with the system's `code`, such as `ENOSPC`. */
export interface Disk {
  /** `create`: to read and write, made when there is none. `existing` and `read`: no such file is `ENOENT`. */
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** Names in a folder, sorted; rejects with `ENOENT` when there is no folder. */
  list(folder: string): Promise<readonly string[]>;
  makeFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is no failure. */
  remove(path: string): Promise<void>;
  /** Names made or removed in the folder are on the medium when this resolves. */
  syncFolder(folder: string): Promise<void>;
}

/** The real disk. */
export const systemDisk: Disk = {
  async open(path, mode) {
    const file = await openFile(path, mode);
    return {
      write: async (bytes, position) => (await file.write(bytes, 0, bytes.length, position)).bytesWritten,
      read: async (into, position) => (await file.read(into, 0, into.length, position)).bytesRead,
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      sync: () => file.datasync(),
      sizeBytes: async () => (await file.stat()).size,
      close: () => file.close(),
    };
  },
  list: async (folder) => (await readdir(folder)).sort(),
  makeFolder,
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncFolder(folder) {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/**
 * Makes a folder with those above it; one that is there already is no failure. Not Node's own `recursive`: where the
 * system lets nobody make folders, as below /proc, that one tries for ever (Node 20).
 */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  try {
    await mkdir(path);
  } catch (error) {
    if (await isFolder(path)) return;
    if (!isErrorCode(error, "ENOENT") || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path).catch(async (again: unknown) => {
      if (!(await isFolder(path))) throw again; // or another process was first
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function openFile(path: string, mode: OpenMode): ReturnType<typeof open> {
  if (mode !== "create") return open(path, mode === "read" ? "r" : "r+");
  try {
    return await open(path, "r+");
  } catch (error) {
    if (!isErrorCode(error, "ENOENT")) throw error;
    return open(path, "wx+", 0o640);
  }
}

/** Whether a failure is the operating system's `code`. */
export function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Writes all bytes, however many calls it takes; a disk that takes none is full. */
export async function writeWhole(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const written = await file.write(bytes.subarray(done), position + done);
    if (written === 0) throw Object.assign(new Error("The disk takes no more bytes"), { code: "ENOSPC" });
    done += written;
  }
}

/**
 * Replaces a file whole: after a crash there is the old content or the new one, never a mixture. Its folder must exist.
 * The temporary file beside it is removed when anything fails.
 */
export async function writeFileWhole(
  path: string,
  content: Uint8Array | string,
  disk: Disk = systemDisk,
): Promise<void> {
  const temporary = `${path}.tmp`;
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  try {
    const file = await disk.open(temporary, "create");
    try {
      await file.truncate(0);
      await writeWhole(file, bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(temporary, path);
  } catch (error) {
    await disk.remove(temporary).catch(() => undefined);
    throw error;
  }
  await disk.syncFolder(dirname(path));
}

/** A file's whole content; undefined when there is no such file. */
export async function readFileIfThere(path: string, disk: Disk = systemDisk): Promise<Buffer | undefined> {
  let file: DiskFile;
  try {
    file = await disk.open(path, "read");
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    const content = Buffer.alloc(await file.sizeBytes());
    let done = 0;
    while (done < content.length) {
      const count = await file.read(content.subarray(done), done);
      if (count === 0) break;
      done += count;
    }
    return content.subarray(0, done);
  } finally {
    await file.close();
  }
}
