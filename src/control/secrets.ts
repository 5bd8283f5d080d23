// The secrets of a domain: keys that seal affinity tokens and fingerprint sessions. In `secrets.json` of the data directory,
// readable by its owner alone; never in the journal, the log, a fault or the API. Made once, at the first boot.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { TableSecrets } from "../routing/table.ts";
import { isErrorCode, readFileIfThere } from "../system/disk.ts";
import { writeOwnersFile } from "../system/owners-file.ts";

/** Name of the file under the data directory. */
export const SECRETS_FILE = "secrets.json";

const KEY_BYTES = 32;
const KEY_HEX = /^[0-9a-f]{64}$/;

/**
 * Reads the secrets, or makes them where there are none yet. A file that is there but not whole is a fault, never
 * replaced: new keys would make every session's token void.
 */
export async function openSecrets(dataDir: string): Promise<Result<TableSecrets>> {
  const path = join(dataDir, SECRETS_FILE);
  let content: Buffer | undefined;
  try {
    content = await readFileIfThere(path);
  } catch (cause) {
    return refuse("FILE_UNREADABLE", `Cannot read the secrets in "${path}"`, { cause });
  }
  if (content === undefined) return await makeSecrets(path);
  const secrets = parseSecrets(content.toString());
  if (secrets === undefined) {
    return refuse("FILE_UNREADABLE", `Cannot use the secrets in "${path}": the file is not whole`, {
      hint: "Restore it from a backup; without it every session's affinity token is void, and so is a new file's",
    });
  }
  return ok(secrets);
}

function parseSecrets(text: string): TableSecrets | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { version, tokenKeys, fingerprintKey } = value as Readonly<Record<string, unknown>>;
  if (version !== 1 || !isKey(fingerprintKey)) return undefined;
  if (!Array.isArray(tokenKeys) || tokenKeys.length === 0 || !tokenKeys.every(isKey)) return undefined;
  return { tokenKeys, fingerprintKey };
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && KEY_HEX.test(value);
}

async function makeSecrets(path: string): Promise<Result<TableSecrets>> {
  const secrets: TableSecrets = {
    tokenKeys: [randomBytes(KEY_BYTES).toString("hex")],
    fingerprintKey: randomBytes(KEY_BYTES).toString("hex"),
  };
  try {
    await writeOwnersFile(path, `${JSON.stringify({ version: 1, ...secrets }, null, 2)}\n`);
  } catch (cause) {
    const code = isErrorCode(cause, "ENOSPC") ? "JOURNAL_FULL" : "JOURNAL_UNAVAILABLE";
    return refuse(code, `Cannot write the secrets to "${path}"`, { cause });
  }
  return ok(secrets);
}
