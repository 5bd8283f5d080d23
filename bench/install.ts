// `npm run bench -- --install`: brings the peers that are missing, as far as this user may.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./peer.ts";
import { PEERS } from "./peers.ts";

const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  nginx: "nginx-light",
  haproxy: "haproxy",
  httpd: "apache2",
};

/** Installs Debian packages when root, and the Node proxies; returns what is still missing, one line each. */
export function installPeers(): readonly string[] {
  const missing = PEERS.filter((peer) => !peer.presence().installed);
  const packages = missing.flatMap(({ name }) => DEBIAN_PACKAGES[name] ?? []);
  if (packages.length > 0 && process.getuid?.() === 0) {
    run("apt-get", ["update", "-qq"]);
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages]);
  } else if (packages.length > 0) console.error(`Needs root: apt-get install ${packages.join(" ")}`);
  run("npm", ["ci", "--prefix", join(ROOT, "bench/peers"), "--no-audit", "--no-fund", "--loglevel=error"]);
  return PEERS.flatMap((peer) => {
    const presence = peer.presence();
    return presence.installed ? [] : [`${peer.name}: ${presence.why}`];
  });
}

/** The run level of one user keeps Debian from starting the servers that it installs. */
function run(command: string, args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env });
  if (error !== undefined) console.error(`Cannot run ${command}: ${error.message}`);
  else if (status !== 0) console.error(`${command} ended with status ${status}`);
}
