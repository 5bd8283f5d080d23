// The secrets of a domain: keys that seal affinity tokens and fingerprint sessions. In `secrets.json` of the data directory,
// readable by its owner alone; never in the journal, the log, a fault or the API. Made once, at the first boot.

import { randomBytes } from "node:crypto";
import { chmod, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { TableSecrets } from "../routing/table.ts";

/** Name of the file under the data directory. */
export const SECRETS_FILE = "secrets.json";

const KEY_BYTES = 32;
const KEY_HEX = /^[0-9a-f]{64}$/;
const OWNER_ONLY = 0o600;

/**
 * Reads the secrets, or makes them where there are none yet. A file that is there but not whole is a fault, never
 * replaced: new keys would make every session's token void.
 */
export async function openSecrets(dataDir: string): Promise<Result<TableSecrets>> {
  const path = join(dataDir, SECRETS_FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return await makeSecrets(path);
    return refuse("FILE_UNREADABLE", `Cannot read the secrets in "${path}"`, { cause });
  }
  const secrets = parseSecrets(text);
  if (secrets === undefined) {
    return refuse("FILE_UNREADABLE", `Cannot use the secrets in "${path}": the file is not whole`, {
      hint: "Restore it from a backup; without it every session's affinity token is void, and so is a new file's",
    });
  }
  await chmod(path, OWNER_ONLY).catch(() => undefined); // somebody else's file that we may read is used as it is
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
    await writeWhole(path, `${JSON.stringify({ version: 1, ...secrets }, null, 2)}\n`);
  } catch (cause) {
    return refuse("JOURNAL_UNAVAILABLE", `Cannot write the secrets to "${path}"`, { cause });
  }
  return ok(secrets);
}

/** Temporary file, sync, rename, sync of the folder: the file is there whole or not at all. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
