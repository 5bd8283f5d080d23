// hot: bench/micro/decide.ts
// Which instance a route id in a cookie names. Asked with octets, so that no text is made of a cookie.

import { word } from "../http1/octets.ts";
import { hashOctets, startsWithOctets } from "./octet-hash.ts";
import type { RoutedInstance } from "./routed.ts";

interface RouteEntry {
  readonly octets: Uint8Array;
  readonly instance: RoutedInstance;
  /** Another route with the same hash. */
  readonly next: RouteEntry | null;
}

/** The route ids of one application, over all its editions. */
export class RouteMap {
  readonly #entries = new Map<number, RouteEntry>();

  /** Adds a route id. Of two instances with the same one the later is kept: the newer edition's. */
  add(route: string, instance: RoutedInstance): void {
    const octets = word(route);
    const hash = hashOctets(octets, 0, octets.length);
    this.#entries.set(hash, { octets, instance, next: this.#entries.get(hash) ?? null });
  }

  /** The instance that the route id in `bytes[start, end)` names, or null. */
  find(bytes: Uint8Array, start: number, end: number): RoutedInstance | null {
    let entry = this.#entries.get(hashOctets(bytes, start, end)) ?? null;
    while (entry !== null) {
      if (entry.octets.length === end - start && startsWithOctets(bytes, start, entry.octets)) {
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
        const route = Buffer.from(entry.octets).toString("latin1");
        if (!map.has(route)) map.set(route, entry.instance);
      }
    }
    return map;
  }
}
