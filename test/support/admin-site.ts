// A real admin API on a free port and a Unix socket of its own, over a fake control; ends with its test.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { request } from "undici";
import { type Admin, startAdmin } from "../../src/admin/start-admin.ts";
import { type Fault, FaultError } from "../../src/base/fault.ts";
import { type Log, SILENT_LOG } from "../../src/base/log.ts";
import { FakeOperations } from "./fake-operations.ts";

/** A started admin API, and how to call it. */
export interface AdminSite {
  readonly admin: Admin;
  readonly operations: FakeOperations;
  readonly folder: string;
  readonly socket: string;
  call(path: string, options?: CallOptions): Promise<Answer>;
}

/** What a call sends beside `GET path`. */
export interface CallOptions {
  readonly method?: "GET" | "PUT" | "POST" | "DELETE" | "OPTIONS";
  readonly headers?: Record<string, string>;
  /** Sent as JSON unless it is text. */
  readonly body?: unknown;
}

/** What came back; `body` is parsed when it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** Tokens of the roles, for sites with a tokens file. */
export const TOKENS: { readonly viewer: string; readonly operator: string; readonly administrator: string } =
  {
    viewer: "viewer-token-0123456789",
    operator: "operator-token-0123456789",
    administrator: "administrator-token-0123456789",
  };

/** Text of a tokens file with one token a role. */
export const TOKENS_TEXT: string = `# who may do what
vera viewer ${TOKENS.viewer}
otto operator ${TOKENS.operator}   # on call
anna administrator ${TOKENS.administrator}
`;

/** A folder of its own that goes with the test. */
export function testFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "tidegate-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The fault that starting ends with. */
export async function faultOf(starting: Promise<unknown>): Promise<Fault> {
  try {
    await starting;
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
  throw new Error("it started");
}

/** Starts an admin API; with `tokens`, a tokens file with that text rules it. */
export async function startAdminSite(
  t: Test,
  options: { readonly tokens?: string; readonly log?: Log } = {},
): Promise<AdminSite> {
  const folder = testFolder(t);
  const operations = new FakeOperations();
  const socket = join(folder, "control.sock");
  const tokensFile = options.tokens === undefined ? "" : join(folder, "tokens");
  if (options.tokens !== undefined) writeFileSync(tokensFile, options.tokens, { mode: 0o600 });
  const admin = await startAdmin({
    settings: { listen: "127.0.0.1:0", socket, tokensFile },
    operations,
    log: options.log ?? SILENT_LOG,
    version: "0.0.0-test",
  });
  t.teardown(() => admin.close());
  return { admin, operations, folder, socket, call: (path, more) => call(admin.address + path, more) };
}

async function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const isText = typeof options.body === "string";
  const json = options.body === undefined || isText ? {} : { "content-type": "application/json" };
  const { statusCode, headers, body } = await request(url, {
    method: options.method ?? "GET",
    headers: { ...json, ...options.headers },
    body: isText
      ? (options.body as string)
      : options.body === undefined
        ? null
        : JSON.stringify(options.body),
  });
  const text = await body.text();
  const isJson = String(headers["content-type"]).includes("json");
  return { status: statusCode, headers, text, body: isJson ? JSON.parse(text) : undefined };
}
