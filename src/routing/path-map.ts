// hot: bench/micro/decide.ts
// Finds which pattern a path belongs to (SPEC R1): the exact path, else the longest prefix by whole segments, else the
// extension, else `/*`; of two equal patterns the one declared first.
//
// A prefix is found by the hash of the octets so far, asked at the end of each segment: a tree of segments without nodes,
// one look-up a segment and none deeper than the deepest pattern. Paths come decoded (`decoded-path.ts`) or were plain.

import { DOT, SLASH } from "../http1/octets.ts";
import { HashTable } from "./hash-table.ts";
import { HASH_START, hashCharacters, hashOctet, hashOctets, startsWithCharacters } from "./octet-hash.ts";

/** What a pattern leads to. */
export interface PathTarget {
  /** Position of the application in the table. */
  readonly application: number;
  /** As declared, for people: `/shop`, `*.jsp`. */
  readonly pattern: string;
}

interface PathEntry {
  readonly hash: number;
  /** The octets of what the path or a part of it must be, a character each. */
  readonly octets: string;
  readonly target: PathTarget;
  next: PathEntry | null;
}

/** The patterns of one virtual host; built by `add`, then only asked. */
export class PathMap {
  readonly #exact = new HashTable<PathEntry>();
  readonly #prefixes = new HashTable<PathEntry>();
  readonly #extensions = new HashTable<PathEntry>();
  #everyPath: PathTarget | null = null;
  #depthMax = 0;

  /** Adds a context root: `/shop` and all below it; `/` is every path. False when the same one is there already. */
  addContextRoot(root: string, application: number): boolean {
    return this.#addPrefix(root, { application, pattern: root });
  }

  /** Adds a pattern of plugin-cfg.xml: `/hello` exact, `/a/*` prefix, `*.jsp` extension, `/*`. False when it is there already. */
  addPattern(pattern: string, application: number): boolean {
    const target = { application, pattern };
    if (pattern.endsWith("/*")) return this.#addPrefix(pattern.slice(0, -2), target);
    const isExtension = pattern.startsWith("*.");
    return isExtension ? add(this.#extensions, pattern.slice(2), target) : add(this.#exact, pattern, target);
  }

  /** The target of a decoded path in `bytes[start, end)`; the empty path is the root. */
  find(bytes: Uint8Array, start: number, end: number): PathTarget | null {
    if (this.#exact.size > 0) {
      const exact = findEntry(this.#exact, hashOctets(bytes, start, end), bytes, start, end);
      if (exact !== null) return exact;
    }
    const prefix = this.#depthMax === 0 ? null : this.#findPrefix(bytes, start, end);
    if (prefix !== null) return prefix;
    const extension = this.#extensions.size === 0 ? null : this.#findExtension(bytes, start, end);
    return extension ?? this.#everyPath;
  }

  #findPrefix(bytes: Uint8Array, start: number, end: number): PathTarget | null {
    let best: PathTarget | null = null;
    let hash = HASH_START;
    let at = start;
    for (let depth = this.#depthMax; depth > 0 && at < end; depth -= 1) {
      do {
        hash = hashOctet(hash, bytes[at] as number);
        at += 1;
      } while (at < end && bytes[at] !== SLASH);
      const found = findEntry(this.#prefixes, hash, bytes, start, at);
      if (found !== null) best = found;
    }
    return best;
  }

  /** By what follows the last dot of the last segment. */
  #findExtension(bytes: Uint8Array, start: number, end: number): PathTarget | null {
    let at = end - 1;
    while (at >= start && bytes[at] !== DOT && bytes[at] !== SLASH) at -= 1;
    if (at < start || bytes[at] !== DOT) return null;
    return findEntry(this.#extensions, hashOctets(bytes, at + 1, end), bytes, at + 1, end);
  }

  #addPrefix(prefix: string, target: PathTarget): boolean {
    const segments = prefix.split("/").filter((segment) => segment !== "");
    if (segments.length === 0) {
      if (this.#everyPath !== null) return false;
      this.#everyPath = target;
      return true;
    }
    this.#depthMax = Math.max(this.#depthMax, segments.length);
    return add(this.#prefixes, `/${segments.join("/")}`, target);
  }
}

function add(entries: HashTable<PathEntry>, text: string, target: PathTarget): boolean {
  const octets = octetsText(text);
  const hash = hashCharacters(octets);
  for (let entry = entries.chain(hash); entry !== null; entry = entry.next) {
    if (entry.octets === octets) return false;
  }
  entries.add({ hash, octets, target, next: null });
  return true;
}

/** The octets of a text in UTF-8, a character each; flat, since text that was cut or joined is slow to read. */
function octetsText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function findEntry(
  entries: HashTable<PathEntry>,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): PathTarget | null {
  for (let entry = entries.chain(hash); entry !== null; entry = entry.next) {
    if (entry.hash !== hash || entry.octets.length !== end - start) continue;
    if (startsWithCharacters(bytes, start, entry.octets)) return entry.target;
  }
  return null;
}
