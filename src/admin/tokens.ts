// Tokens of the admin API: who may do what. One `name role token` a line; `#` starts a comment.

import { createHash, timingSafeEqual } from "node:crypto";
import { type Stats, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { type Fault, fault, refuse } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { ok, type Result } from "../base/result.ts";

/** viewer reads; operator also sets modes and ends sessions; administrator also applies resources. */
export type AccessRole = "viewer" | "operator" | "administrator";

/** From the least to the most. */
export const ACCESS_ROLES: readonly AccessRole[] = ["viewer", "operator", "administrator"];

/** Who calls; `name` becomes the actor of what he changes. */
export interface Caller {
  readonly name: string;
  readonly role: AccessRole;
}

interface Token extends Caller {
  readonly digest: Buffer;
}

const TOKEN_LENGTH_MIN = 16;
const MAKE_TOKEN = "Make a token with `openssl rand -hex 32`";

/** The tokens file: read at start, and again whenever it has changed. */
export class TokensFile {
  readonly #path: string;
  readonly #log: Log;
  #tokens: readonly Token[];
  /** What the file looked like when it was last read, good or not. */
  #stamp: string;

  private constructor(path: string, log: Log, tokens: readonly Token[], stamp: string) {
    this.#path = path;
    this.#log = log;
    this.#tokens = tokens;
    this.#stamp = stamp;
  }

  /** Reads the file. Faults: `FILE_UNREADABLE` (also when others may read it), `BAD_SETTINGS` with one detail a line. */
  static async open(path: string, log: Log): Promise<Result<TokensFile>> {
    const stamp = stampOf(statOrUndefined(path));
    const tokens = await read(path);
    return tokens.ok ? ok(new TokensFile(path, log, tokens.value, stamp)) : tokens;
  }

  /** Who bears this token; undefined when nobody does. Every token is compared, in constant time. */
  async callerOf(bearer: string): Promise<Caller | undefined> {
    await this.#refresh();
    const digest = digestOf(bearer);
    let found: Caller | undefined;
    for (const token of this.#tokens) {
      if (timingSafeEqual(token.digest, digest)) found = { name: token.name, role: token.role };
    }
    return found;
  }

  /** A file that went bad or away keeps the tokens that were good: neither is everybody let in, nor everybody locked out. */
  async #refresh(): Promise<void> {
    const stamp = stampOf(await stat(this.#path).catch(() => undefined));
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    const tokens = await read(this.#path);
    if (tokens.ok) {
      this.#tokens = tokens.value;
      this.#log.info({ file: this.#path, tokens: tokens.value.length }, "Tokens were read again");
    } else {
      this.#log.error({ fault: tokens.fault }, "Tokens stay as they were: the file cannot be used");
    }
  }
}

/** Parses a tokens file; exported for its tests. */
export function parseTokens(text: string, path: string): Result<readonly Token[]> {
  const tokens: Token[] = [];
  const mistakes: string[] = [];
  const names = new Set<string>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/(^|\s)#.*$/, "").trim();
    if (line === "") continue;
    const [name = "", role = "", token = "", ...rest] = line.split(/\s+/);
    const mistake = mistakeIn({ name, role, token, rest }, names);
    if (mistake === undefined) tokens.push({ name, role: role as AccessRole, digest: digestOf(token) });
    else mistakes.push(`${path}:${index + 1}:1: ${mistake}`);
    names.add(name);
  }
  if (mistakes.length === 0 && tokens.length === 0) mistakes.push(`${path}:1:1: there is no token in it`);
  if (mistakes.length === 0) return ok(tokens);
  return refuse("BAD_SETTINGS", `Cannot use the tokens file "${path}"`, {
    details: mistakes,
    hint: `Each line is: name role token, where role is one of ${ACCESS_ROLES.join(", ")}. ${MAKE_TOKEN}`,
  });
}

function mistakeIn(
  line: { readonly name: string; readonly role: string; readonly token: string; readonly rest: string[] },
  names: ReadonlySet<string>,
): string | undefined {
  if (line.token === "" || line.rest.length > 0) return "a line has a name, a role and a token";
  if (!ACCESS_ROLES.some((role) => role === line.role)) {
    return `"${line.role}" is no role; there are ${ACCESS_ROLES.join(", ")}`;
  }
  if (line.token.length < TOKEN_LENGTH_MIN) {
    return `the token of "${line.name}" has less than ${TOKEN_LENGTH_MIN} characters`;
  }
  return names.has(line.name) ? `there is a token for "${line.name}" already` : undefined;
}

async function read(path: string): Promise<Result<readonly Token[]>> {
  const stats = statOrUndefined(path);
  if (stats === undefined) return { ok: false, fault: unreadable(path, "it is not there") };
  // Its group may read it (secrets of containers are mounted so), but nobody else, and only the owner may write.
  if ((stats.mode & 0o027) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
    return {
      ok: false,
      fault: unreadable(
        path,
        `its mode is ${mode}, so that others can read or change it`,
        `chmod 600 ${path}`,
      ),
    };
  }
  try {
    return parseTokens(await readFile(path, "utf8"), path);
  } catch (error) {
    return {
      ok: false,
      fault: unreadable(path, error instanceof Error ? error.message : "it is unreadable"),
    };
  }
}

function unreadable(path: string, why: string, command?: string): Fault {
  const hint = command === undefined ? {} : { hint: `Run \`${command}\`` };
  return fault("FILE_UNREADABLE", `Cannot use the tokens file "${path}": ${why}`, hint);
}

function statOrUndefined(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function stampOf(stats: Stats | undefined): string {
  return stats === undefined ? "none" : `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
