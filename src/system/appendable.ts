// Whether lines can be appended to a file: asked before a process depends on it.

import { accessSync, constants, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";

/** Why nothing can be appended to the file, which is made when it is not there; undefined when it can. */
export async function whyNotAppended(path: string): Promise<string | undefined> {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  try {
    // O_NONBLOCK: a named pipe that nobody reads would be waited for. Its reader may come later.
    const file = await open(path, O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY);
    await file.close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENXIO" ? undefined : whyNot(error);
  }
}

/**
 * The same without making anything, as far as that can be told.
 *
 * @param madeFolder - a folder that will be made when it is not there
 */
export function whyNotAppendable(path: string, madeFolder: string): string | undefined {
  const folder = dirname(path);
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) return "it is a folder";
    const isFolderThere = statSync(folder, { throwIfNoEntry: false }) !== undefined;
    if (!isFolderThere && folder === madeFolder) return undefined;
    accessSync(stats === undefined ? folder : path, constants.W_OK);
    return undefined;
  } catch (error) {
    return whyNot(error);
  }
}

function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "its folder is not there";
  if (code === "ENOTDIR") return "what should be its folder is a file";
  if (code === "EACCES") return "permissions forbid it";
  return code === "EISDIR" ? "it is a folder" : message;
}
