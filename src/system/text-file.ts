// Text files that people write, such as domain.yaml and maintenance pages.

import { readFileSync, statSync } from "node:fs";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import { isErrorCode } from "./disk.ts";

/** Longest text that is read; what people write is far shorter. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

/** Reads a whole file as UTF-8, at once: for starts and commands, never for traffic. Refuses with `FILE_UNREADABLE`. */
export function readTextFile(path: string): Result<string> {
  const cannot = `Cannot read "${path}"`;
  try {
    const { size } = statSync(path);
    if (size > TEXT_BYTES_MAX) {
      return refuse("FILE_UNREADABLE", `${cannot}: it has ${size} bytes, more than ${TEXT_BYTES_MAX}`);
    }
    return ok(readFileSync(path, "utf8"));
  } catch (cause) {
    return refuse("FILE_UNREADABLE", `${cannot}: ${whyUnreadable(cause)}`, { cause });
  }
}

function whyUnreadable(cause: unknown): string {
  if (isErrorCode(cause, "ENOENT")) return "there is no such file";
  if (isErrorCode(cause, "EACCES")) return "permission denied";
  if (isErrorCode(cause, "EISDIR")) return "it is a folder";
  return cause instanceof Error ? cause.message : String(cause);
}
