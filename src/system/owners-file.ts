// Files that only their owner may read: secrets.

import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { systemDisk } from "./disk.ts";

const OWNER_ONLY = 0o600;

/** Replaces a file whole, readable and writable by its owner alone from its first byte on. Its folder must exist. */
export async function writeOwnersFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await rm(temporary, { force: true }); // of a crash, perhaps with other permissions
  const file = await open(temporary, "wx", OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await systemDisk.syncFolder(dirname(path));
}
