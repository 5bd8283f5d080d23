// Everybody that Tidegate is measured against. Each has one worker process or thread, keep-alive on both sides, and no logs;
// the C proxies keep sessions on their server as their manuals advise.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Peer, packagePresence, programPresence, ROOT, writeConfig } from "./peer.ts";

const isRoot = process.getuid?.() === 0;

const nginx: Peer = {
  name: "nginx",
  sticky: true,
  webSocket: true,
  presence: () => programPresence("nginx", ["-v"], /nginx\/(\S+)/),
  launch(site) {
    const user = isRoot ? "user root;" : "";
    const path = writeConfig(site, { folder: "nginx", name: "nginx.conf", values: { USER: user } });
    return { command: "nginx", args: ["-p", site.dir, "-c", path, "-e", join(site.dir, "error.log")] };
  },
};

const haproxy: Peer = {
  name: "haproxy",
  sticky: true,
  webSocket: true,
  presence: () => programPresence("haproxy", ["-v"], /version (\S+)/),
  launch: (site) => ({
    command: "haproxy",
    args: ["-db", "-f", writeConfig(site, { folder: "haproxy", name: "haproxy.cfg" })],
  }),
};

const HTTPD_PROGRAMS = ["apache2", "httpd"];
const HTTPD_MODULES = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules"];

const httpd: Peer = {
  name: "httpd",
  sticky: true,
  webSocket: true,
  presence() {
    if (!HTTPD_MODULES.some((path) => existsSync(path)))
      return { installed: false, why: "no modules of Apache httpd" };
    return programPresence(httpdProgram(), ["-v"], /Apache\/(\S+)/);
  },
  launch(site) {
    const values = {
      MODULES: HTTPD_MODULES.find((path) => existsSync(path)) ?? "modules",
      USER: isRoot ? "User www-data\nGroup www-data" : "",
    };
    const path = writeConfig(site, { folder: "httpd", name: "httpd.conf", values });
    return { command: httpdProgram(), args: ["-d", site.dir, "-f", path, "-DFOREGROUND"] };
  },
};

function httpdProgram(): string {
  const found = HTTPD_PROGRAMS.find((program) => programPresence(program, ["-v"], /(\d)/).installed);
  return found ?? "apache2";
}

interface Packaged {
  readonly folder: string;
  readonly webSocket: boolean;
  /** When the peer has another name than its package. */
  readonly package?: string;
  /** Passed to the script before the ports. */
  readonly words?: readonly string[];
}

/** A Node proxy whose package is in `bench/peers`; its script is `bench/peers/FOLDER/proxy.mjs`. */
function packaged(name: string, options: Packaged): Peer {
  return {
    name,
    sticky: false,
    webSocket: options.webSocket,
    presence: () => packagePresence(options.package ?? name),
    launch: (site) => ({
      command: process.execPath,
      args: [
        join(ROOT, "bench/peers", options.folder, "proxy.mjs"),
        ...(options.words ?? []),
        String(site.port),
        ...site.upstreamPorts.map(String),
      ],
    }),
  };
}

/** A Node proxy of `bench/built-in`, which needs no further package. */
function builtIn(name: string, options: { readonly sticky: boolean; readonly webSocket: boolean }): Peer {
  return {
    ...options,
    name,
    presence: () => ({ installed: true, version: `Node ${process.version}` }),
    launch: (site) => ({
      command: process.execPath,
      args: [
        join(ROOT, "dist/bench/built-in", `${name}.js`),
        String(site.port),
        ...site.upstreamPorts.map(String),
      ],
    }),
  };
}

/** All peers, the fastest kind first. */
export const PEERS: readonly Peer[] = [
  nginx,
  haproxy,
  httpd,
  builtIn("splice", { sticky: true, webSocket: true }),
  builtIn("bare", { sticky: false, webSocket: false }),
  packaged("fast-proxy", { folder: "fast-proxy", webSocket: false }),
  packaged("@fastify/http-proxy", { folder: "fastify-http-proxy", webSocket: true }),
  packaged("httpxy", { folder: "httpxy", webSocket: true }),
  packaged("http-proxy-3", { folder: "http-proxy-3", webSocket: true }),
  packaged("http-proxy", { folder: "http-proxy", webSocket: true }),
  packaged("http-proxy-as-is", {
    folder: "http-proxy",
    webSocket: true,
    package: "http-proxy",
    words: ["--no-agent"],
  }),
];
