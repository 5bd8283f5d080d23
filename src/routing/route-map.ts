// hot: bench/micro/decide.ts
// Which instance a route id in a cookie names. Asked with octets, so that no text is made of a cookie.

import { HashTable } from "./hash-table.ts";
import { hashCharacters, hashOctets, startsWithCharacters } from "./octet-hash.ts";
import type { RoutedInstance } from "./routed.ts";

interface RouteEntry {
  readonly hash: number;
  readonly route: string;
  readonly instance: RoutedInstance;
  next: RouteEntry | null;
}

/** The route ids of one application, over all its editions. */
export class RouteMap {
  readonly #entries = new HashTable<RouteEntry>();

  /** Adds a route id. Of two instances with the same one the later is found: the newer edition's. */
  add(route: string, instance: RoutedInstance): void {
    this.#entries.add({ hash: hashCharacters(route), route, instance, next: null });
  }

  /** The instance that the route id in `bytes[start, end)` names, or null. */
  find(bytes: Uint8Array, start: number, end: number): RoutedInstance | null {
    const hash = hashOctets(bytes, start, end);
    for (let entry = this.#entries.chain(hash); entry !== null; entry = entry.next) {
      if (entry.hash !== hash || entry.route.length !== end - start) continue;
      if (startsWithCharacters(bytes, start, entry.route)) return entry.instance;
    }
    return null;
  }
}
