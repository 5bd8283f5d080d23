// Tidegate under test, started as a user would start it, and its variants: with the access log, with few or many instances, or
// another build (`--tidegate`). One worker, sessions tracked, metrics on.

import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Peer, type Presence, ROOT, type Site } from "./peer.ts";

const MAIN = join(ROOT, "dist/src/main.js");

/** How a variant differs from the plain one. */
export interface Variant {
  readonly name: string;
  /** The command before `run --config FILE`; empty means this build. */
  readonly command: readonly string[];
  readonly accessLog: boolean;
  readonly instances: number;
}

const PLAIN: Variant = { name: "tidegate", command: [], accessLog: false, instances: 2 };

/** The variants of this build. */
export const VARIANTS: readonly Variant[] = [
  PLAIN,
  { ...PLAIN, name: "tidegate-log", accessLog: true },
  { ...PLAIN, name: "tidegate-10", instances: 10 },
  { ...PLAIN, name: "tidegate-10000", instances: 10_000 },
];

/**
 * Reads `--tidegate`: `NAME=COMMAND` adds a build under that name, `COMMAND` alone stands in for this one. The command is
 * split at spaces; files in it are found from the folder that we are in, since the command runs in another.
 */
export function otherBuild(text: string): Variant {
  const named = /^([\w.-]+)=(.+)$/.exec(text);
  const words = (named?.[2] ?? text).trim().split(/\s+/);
  const command = words.map((word) => (word.includes("/") && existsSync(word) ? resolve(word) : word));
  return { ...PLAIN, name: named?.[1] ?? "tidegate", command };
}

/** A variant as a peer among peers. */
export function tidegatePeer(variant: Variant): Peer {
  return {
    name: variant.name,
    sticky: true,
    webSocket: true,
    ...(variant.instances > 2 ? { routes: variant.instances } : {}),
    presence: () => presence(variant),
    launch(site) {
      const [command = process.execPath, ...args] =
        variant.command.length > 0 ? variant.command : [process.execPath, MAIN];
      return { command, args: [...args, "run", "--config", writeSettings(site, variant)] };
    },
  };
}

function presence(variant: Variant): Presence {
  if (variant.command.length > 0) return { installed: true, version: variant.command.join(" ") };
  return existsSync(MAIN)
    ? { installed: true, version: "this build" }
    : { installed: false, why: `"${MAIN}" is not there: build first` };
}

/** Writes `tidegate.yaml` and `domain.yaml`; returns the path of the first. */
function writeSettings(site: Site, variant: Variant): string {
  const log = variant.accessLog
    ? `{ format: json, path: "${join(site.dir, "access.log")}" }`
    : '{ format: "off" }';
  const settings = `domain: bench
node: node01
data: ${JSON.stringify(join(site.dir, "var"))}
admin:
  listen: "127.0.0.1:${site.adminPort}"
router:
  workers: 1
  listeners:
    - { name: http, listen: "127.0.0.1:${site.port}" }
  accessLog: ${log}
  client: { idleTimeout: 600s }
include: domain.yaml
`;
  writeFileSync(join(site.dir, "domain.yaml"), domainText(site, variant.instances));
  const path = join(site.dir, "tidegate.yaml");
  writeFileSync(path, settings);
  return path;
}

function domainText(site: Site, instances: number): string {
  const servers: string[] = [];
  for (let number = 1; number <= instances; number += 1) {
    const port = site.upstreamPorts[number % 2 === 1 ? 0 : 1];
    servers.push(
      `  - { name: ${serverName(number)}, node: node01, cluster: Cluster01, address: "127.0.0.1:${port}", route: s${number} }`,
    );
  }
  return `virtualHosts: [{ name: default_host, aliases: ["*:*"] }]
clusters: [{ name: Cluster01 }]
servers:
${servers.join("\n")}
applications:
  - id: shop
    contextRoots: [/]
    affinity: { style: suffix, cookie: JSESSIONID, separator: "." }
    editions:
      - { label: "1", targets: [{ cluster: Cluster01 }], state: running }
`;
}

/** `Server01` and so on, as the generated domain names them. */
export function serverName(number: number): string {
  return `Server${String(number).padStart(2, "0")}`;
}
