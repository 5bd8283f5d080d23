// Finds and reads the settings files for the commands. Apart from the rest, because the YAML parser takes a while to load.

import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { refuse } from "../base/fault.ts";
import { ok, type Result } from "../base/result.ts";
import type { ProcessSettings } from "../settings/process-settings.ts";
import { readProcessSettings } from "../settings/read-process-settings.ts";
import { machineName } from "../system/environment.ts";

/** Where `tidegate.yaml` is looked for, relative to the folder. */
export const SETTINGS_FILES: readonly string[] = ["tidegate.yaml", join("config", "tidegate.yaml")];

/** The path of the `tidegate.yaml` nearby; undefined when there is none. */
export function findSettingsFile(folder: string): string | undefined {
  return SETTINGS_FILES.map((file) => join(folder, file)).find((file) => existsSync(file));
}

/** Reads a `tidegate.yaml`; without a file, the defaults with relative paths in `folder`. */
export function loadSettings(file: string): Result<ProcessSettings> {
  const text = readText(file);
  return text.ok ? parseSettings(text.value, file) : text;
}

/** Parses the text of a `tidegate.yaml`; `file` stands before every mistake, and relative paths begin at its folder. */
export function parseSettings(text: string, file: string): Result<ProcessSettings> {
  return readProcessSettings(text, { file, hostName: machineName(), cpus: availableParallelism() });
}

/** Reads a text file. Fault: `FILE_UNREADABLE`. */
export function readText(file: string): Result<string> {
  try {
    return ok(readFileSync(file, "utf8"));
  } catch (error) {
    return refuse("FILE_UNREADABLE", `Cannot read "${file}": ${whyUnreadable(error)}`, { cause: error });
  }
}

function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "it is not there";
  if (code === "EACCES") return "its permissions forbid it";
  return code === "EISDIR" ? "it is a folder" : message;
}
