// What the harness must know of a proxy in order to start and measure it.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder: compiled files are in `dist/bench`. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** Where one start of a peer lives and whom it serves. */
export interface Site {
  /** A temporary folder of its own, which everybody may read. */
  readonly dir: string;
  readonly port: number;
  /** A second free port, for peers with an admin interface. */
  readonly adminPort: number;
  readonly upstreamPorts: readonly [number, number];
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

/** Whether a peer can be started here: its version, or why not. */
export type Presence =
  | { readonly installed: true; readonly version: string }
  | { readonly installed: false; readonly why: string };

export interface Peer {
  readonly name: string;
  /** Whether it keeps a session on its server, so that a stray answer is an error. */
  readonly sticky: boolean;
  readonly webSocket: boolean;
  /** Number of instances that sessions are spread over; absent: the two upstreams. */
  readonly routes?: number;
  presence(): Presence;
  /** Writes the configuration into the site's folder; the command must stay in the foreground. */
  launch(site: Site): Launch;
}

/** Asks a program for its version; the pattern's first group is what counts. */
export function programPresence(program: string, args: readonly string[], pattern: RegExp): Presence {
  const asked = spawnSync(program, args, { encoding: "utf8" });
  if (asked.error !== undefined) return { installed: false, why: `"${program}" is not installed` };
  const version = pattern.exec(`${asked.stdout}${asked.stderr}`)?.[1];
  return { installed: true, version: version ?? "unknown version" };
}

/** Looks for a package under `bench/peers/node_modules`. */
export function packagePresence(name: string): Presence {
  const file = join(ROOT, "bench/peers/node_modules", name, "package.json");
  if (!existsSync(file))
    return { installed: false, why: `package "${name}" is not installed in bench/peers` };
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version: string };
  return { installed: true, version };
}

/** Fills the `${NAME}` places of `bench/peers/FOLDER/FILE` and writes the result into the site's folder; returns its path. */
export function writeConfig(
  site: Site,
  file: {
    readonly folder: string;
    readonly name: string;
    readonly values?: Readonly<Record<string, string>>;
  },
): string {
  const values: Readonly<Record<string, string>> = {
    DIR: site.dir,
    PORT: String(site.port),
    UPSTREAM1: `127.0.0.1:${site.upstreamPorts[0]}`,
    UPSTREAM2: `127.0.0.1:${site.upstreamPorts[1]}`,
    ...file.values,
  };
  const template = readFileSync(join(ROOT, "bench/peers", file.folder, file.name), "utf8");
  const text = template.replaceAll(/\$\{([A-Z0-9]+)\}/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`No value for "${place}" of ${file.folder}/${file.name}`);
    return value;
  });
  const path = join(site.dir, file.name);
  writeFileSync(path, text);
  return path;
}
