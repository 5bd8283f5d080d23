// hot: bench/micro/decide.ts
// From a request's host and path to the position of its application: the virtual host first, then the path in it (SPEC R1).

import type { RequestHead } from "../http1/request-head.ts";
import { DecodedPath, isPlainPath } from "./decoded-path.ts";
import { HostMap } from "./host-map.ts";
import { PathMap, type PathTarget } from "./path-map.ts";
import type { ApplicationEntry, VirtualHostEntry } from "./table.ts";

/** A virtual host with the patterns of the applications that are bound to it. */
export interface Site {
  readonly name: string;
  readonly paths: PathMap;
}

/** The answer for a path that is wrong, or whose two readings lead to different applications. */
export const BAD: PathTarget = { application: -1, pattern: "" };

/** Hosts and paths of a whole table. */
export class SiteMap {
  readonly #hosts = new HostMap<Site>();
  readonly #byName = new Map<string, Site>();
  readonly #decoded = new DecodedPath();

  addVirtualHost(entry: VirtualHostEntry): void {
    const site: Site = { name: entry.name, paths: new PathMap() };
    this.#byName.set(entry.name, site);
    for (const alias of entry.aliases) this.#hosts.add(alias, site);
  }

  /** Adds an application's context roots and patterns to its virtual hosts; `order` is its position in the table. */
  addApplication(entry: ApplicationEntry, order: number): void {
    for (const name of entry.virtualHosts) {
      const paths = this.#byName.get(name)?.paths;
      if (paths === undefined) continue;
      for (const root of entry.contextRoots) paths.addContextRoot(root, order);
      for (const pattern of entry.paths) paths.addPattern(pattern, order);
    }
  }

  /** The site of a request: the listener's virtual host when it has one, else by host and port. */
  findSite(head: RequestHead, virtualHost: string, port: number): Site | null {
    if (virtualHost !== "") return this.#byName.get(virtualHost) ?? null;
    return this.#hosts.find(head.bytes, head.hostStart, head.hostEnd, port);
  }

  /** What the request's path leads to in this site; null for nothing, `BAD` for a path that cannot be read without doubt. */
  findTarget(head: RequestHead, site: Site): PathTarget | null {
    const { bytes, pathStart, pathEnd } = head;
    if (isPlainPath(bytes, pathStart, pathEnd)) return site.paths.find(bytes, pathStart, pathEnd);
    const decoded = this.#decoded;
    if (!decoded.decode(bytes, pathStart, pathEnd, "generous")) return BAD;
    const target = site.paths.find(decoded.octets, 0, decoded.length);
    if (!decoded.isDoubtful) return target;
    if (!decoded.decode(bytes, pathStart, pathEnd, "literal")) return BAD;
    const other = site.paths.find(decoded.octets, 0, decoded.length);
    return target?.application === other?.application ? target : BAD;
  }
}

/** True when both tables lead every host and path to the same position, so that a site map can be kept. */
export function haveSameSites(
  one: {
    readonly virtualHosts: readonly VirtualHostEntry[];
    readonly applications: readonly ApplicationEntry[];
  },
  other: {
    readonly virtualHosts: readonly VirtualHostEntry[];
    readonly applications: readonly ApplicationEntry[];
  },
): boolean {
  return (
    one.applications.length === other.applications.length &&
    one.virtualHosts.length === other.virtualHosts.length &&
    one.virtualHosts.every((host, at) => {
      const same = other.virtualHosts[at];
      return host === same || (host.name === same?.name && areSame(host.aliases, same.aliases));
    }) &&
    one.applications.every((entry, at) => {
      const same = other.applications[at];
      if (entry === same) return true;
      return (
        entry.id === same?.id &&
        areSame(entry.virtualHosts, same.virtualHosts) &&
        areSame(entry.contextRoots, same.contextRoots) &&
        areSame(entry.paths, same.paths)
      );
    })
  );
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at]);
}
