// hot: bench/micro/decide.ts
// Which instance a route id in a cookie names. Asked with octets, so that no text is made of a cookie.

import { HASH_START, hashOctet, hashOctets } from "./octet-hash.ts";
import type { RoutedInstance } from "./routed.ts";

interface RouteEntry {
  readonly route: string;
  readonly instance: RoutedInstance;
  /** Another route with the same hash. */
  readonly next: RouteEntry | null;
}

/** The route ids of one application, over all its editions. */
export class RouteMap {
  readonly #entries = new Map<number, RouteEntry>();

  /** Adds a route id. Of two instances with the same one the later is kept: the newer edition's. */
  add(route: string, instance: RoutedInstance): void {
    const hash = hashCharacters(route);
    this.#entries.set(hash, { route, instance, next: this.#entries.get(hash) ?? null });
  }

  /** The instance that the route id in `bytes[start, end)` names, or null. */
  find(bytes: Uint8Array, start: number, end: number): RoutedInstance | null {
    let entry = this.#entries.get(hashOctets(bytes, start, end)) ?? null;
    while (entry !== null) {
      if (entry.route.length === end - start && startsWithCharacters(bytes, start, entry.route)) {
        return entry.instance;
      }
      entry = entry.next;
    }
    return null;
  }

  /** The same for people and tests. */
  asMap(): ReadonlyMap<string, RoutedInstance> {
    const map = new Map<string, RoutedInstance>();
    for (const first of this.#entries.values()) {
      for (let entry: RouteEntry | null = first; entry !== null; entry = entry.next) {
        if (!map.has(entry.route)) map.set(entry.route, entry.instance);
      }
    }
    return map;
  }
}

function hashCharacters(text: string): number {
  let hash = HASH_START;
  for (let at = 0; at < text.length; at += 1) hash = hashOctet(hash, text.charCodeAt(at));
  return hash;
}

function startsWithCharacters(bytes: Uint8Array, start: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (bytes[start + at] !== text.charCodeAt(at)) return false;
  }
  return true;
}
