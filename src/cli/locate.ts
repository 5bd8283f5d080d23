// Where the admin API is: what was said, else the Unix socket nearby, else the usual port.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { unwrap } from "../base/result.ts";
import { type Cli, type ClientOptions, usageError } from "./cli.ts";

/** An address of the admin API. */
export type AdminAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "http"; readonly url: URL };

const DEFAULT_URL = "http://127.0.0.1:9700";
const SOCKET = "control.sock";

/**
 * The addresses to try, in order; the next one only when nobody listens on the one before. One that was named, by
 * `--admin` or `TIDEGATE_ADMIN`, is the only one.
 */
export async function* adminAddresses(cli: Cli, options: ClientOptions): AsyncGenerator<AdminAddress> {
  const named = options.admin ?? cli.variable("TIDEGATE_ADMIN");
  if (named !== undefined) {
    yield parseAdminAddress(named);
    return;
  }
  const usual = join(cli.folder, "var", SOCKET);
  if (existsSync(usual)) yield { kind: "unix", path: usual };
  yield* fromSettings(cli, usual);
}

/** Parses `http://host:port`, `host:port`, `unix:/path` or `/path`; anything else is a usage error. */
function parseAdminAddress(text: string): AdminAddress {
  const path = text.startsWith("unix:") ? text.slice("unix:".length) : text;
  if (path.startsWith("/") && !path.startsWith("//")) return { kind: "unix", path };
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  if (URL.canParse(url)) return { kind: "http", url: new URL(url) };
  throw usageError(`"${text}" is no address of the admin API`, "Write http://host:port or unix:/path");
}

/** As people know it, for messages. */
export function adminAddressText(address: AdminAddress): string {
  return address.kind === "unix" ? `unix:${address.path}` : address.url.href.replace(/\/$/, "");
}

/**
 * Settings are read only when the usual socket does not answer: the parser takes longer than the whole command. Where
 * there are settings, the usual port is not tried: it may be another Tidegate's, and a command must not change that one.
 */
async function* fromSettings(cli: Cli, tried: string): AsyncGenerator<AdminAddress> {
  const { findSettingsFile, loadSettings } = await import("./load-settings.ts");
  const file = findSettingsFile(cli.folder);
  if (file === undefined) {
    yield { kind: "http", url: new URL(DEFAULT_URL) };
    return;
  }
  const { socket, listen } = unwrap(loadSettings(file)).admin;
  if (socket !== tried) yield { kind: "unix", path: socket };
  if (listen !== "") yield { kind: "http", url: new URL(`http://${reachable(listen)}`) };
}

/** What listens on every address is here too. */
function reachable(listen: string): string {
  return listen.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
}
