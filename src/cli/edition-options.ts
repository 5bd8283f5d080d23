// What the verbs of editions have in common: how targets and times are written.

import type { WrittenTarget } from "../admin/edition-requests.ts";
import { parseDurationMs } from "../base/units.ts";
import { type ClientOptions, usageError } from "./cli.ts";

/** Options of the verbs of editions; each has some of them. */
export interface EditionOptions extends ClientOptions {
  readonly edition?: string;
  readonly target?: readonly string[];
  readonly to?: string;
  readonly force?: boolean;
  readonly old?: boolean;
  readonly new?: boolean;
  readonly all?: boolean;
  readonly reason?: string;
}

/** Help of `--target`. */
export const TARGET_HELP =
  "SERVER=ADDRESS[,route=R], SERVER, or cluster:NAME; once for each; default where it was before";

/** Collects an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** The targets of a request, or nothing when none were given. */
export function targetsOf(options: EditionOptions): { readonly targets?: readonly WrittenTarget[] } {
  return options.target === undefined ? {} : { targets: options.target.map(parseTarget) };
}

/** `--to` of a request, or nothing when it was not given: seconds, or a duration such as 2m. */
export function toSecondsOf({ to }: EditionOptions): { readonly toSeconds?: number } {
  if (to === undefined) return {};
  const durationMs = parseDurationMs(to);
  if (durationMs === undefined) {
    throw usageError(`"${to}" is no time for --to`, "Write seconds (600) or a duration (10m, 1h30m)");
  }
  return { toSeconds: durationMs / 1000 };
}

/** Reason and force of a request, where they were given. */
export function commonOf({ reason, force }: EditionOptions): {
  readonly reason?: string;
  readonly force?: boolean;
} {
  return { ...(reason === undefined ? {} : { reason }), ...(force === true ? { force } : {}) };
}

/** The API reads names and addresses; here only the parts are told apart. */
function parseTarget(text: string): WrittenTarget {
  const [, cluster] = /^cluster:(.+)$/.exec(text) ?? [];
  if (cluster !== undefined) return { cluster };
  const [place = "", ...keys] = text.split(",");
  const [server = "", address] = split(place);
  const routes = keys.map((key) => {
    const [name, route] = split(key);
    if (name !== "route" || route === undefined || route === "") throw noTarget(text);
    return route;
  });
  if (server === "" || server.includes(":") || address === "") throw noTarget(text);
  return {
    server,
    ...(address === undefined ? {} : { address }),
    ...(routes.length === 0 ? {} : { routes }),
  };
}

/** At the first `=`: `[before, after]`, or `[text]` where there is none. */
function split(text: string): readonly [string, string?] {
  const at = text.indexOf("=");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function noTarget(text: string): Error {
  return usageError(
    `"${text}" is no target`,
    "Write --target Server01=127.0.0.1:9082,route=s1b or --target cluster:Cluster01",
  );
}
