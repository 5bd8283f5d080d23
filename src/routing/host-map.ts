// hot: bench/micro/decide.ts
// Finds the virtual host of a request (SPEC R1, R2). Aliases are `host:port` with `*` for either, `*.suffix` for all hosts
// below a domain, and no port for any port. The most specific alias wins, whatever was declared first:
//
//   host:port  >  host:*  >  *.suffix:port  >  *.suffix:*  (longest suffix first)  >  *:port  >  *:*
//
// Hosts are compared without regard to case and without a trailing dot; IPv6 addresses stand in brackets, as in the field.

import { COLON, DOT, LEFT_BRACKET, LOWER, RIGHT_BRACKET, ZERO } from "../http1/octets.ts";
import { HashTable } from "./hash-table.ts";
import { hashCharacters, hashIgnoringCase } from "./octet-hash.ts";

/** All aliases of one host (or suffix): what each port leads to, and every other port. */
interface HostEntry<Target> {
  readonly hash: number;
  /** In lower case. */
  readonly host: string;
  /** Null while no alias names a port. */
  ports: Map<number, Target> | null;
  anyPort: Target | null;
  next: HostEntry<Target> | null;
}

/** A look-up from host and port to a target; built by `add`, then only asked. */
export class HostMap<Target> {
  readonly #hosts = new HashTable<HostEntry<Target>>();
  readonly #suffixes = new HashTable<HostEntry<Target>>();
  readonly #everyHost: HostEntry<Target> = entryOf("");

  /** Adds an alias. False when the alias cannot be read or leads elsewhere already; the first one declared stays. */
  add(alias: string, target: Target): boolean {
    const parts = splitAlias(alias);
    if (parts === null) return false;
    const entry = this.#entryFor(parts.host);
    if (parts.port === null) {
      if (entry.anyPort !== null) return false;
      entry.anyPort = target;
      return true;
    }
    entry.ports ??= new Map();
    if (entry.ports.has(parts.port)) return false;
    entry.ports.set(parts.port, target);
    return true;
  }

  /**
   * The target of the host and port in `bytes[start, end)`, which may be empty (HTTP/1.0).
   *
   * @param defaultPort - the port when the field names none
   */
  find(bytes: Uint8Array, start: number, end: number, defaultPort: number): Target | null {
    const colon = portSeparator(bytes, start, end);
    const port = colon < 0 ? defaultPort : readPort(bytes, colon + 1, end, defaultPort);
    let hostEnd = colon < 0 ? end : colon;
    if (hostEnd > start && bytes[hostEnd - 1] === DOT) hostEnd -= 1;
    const exact = findEntry(this.#hosts, bytes, start, hostEnd);
    const found = exact === null ? null : targetOf(exact, port);
    if (found !== null) return found;
    const below = this.#suffixes.size === 0 ? null : this.#findSuffix(bytes, start, hostEnd, port);
    return below ?? targetOf(this.#everyHost, port);
  }

  #entryFor(host: string): HostEntry<Target> {
    if (host === "*") return this.#everyHost;
    const isSuffix = host.startsWith("*.");
    const name = isSuffix ? host.slice(1) : host;
    const entries = isSuffix ? this.#suffixes : this.#hosts;
    for (let known = entries.chain(hashCharacters(name)); known !== null; known = known.next) {
      if (known.host === name) return known;
    }
    const entry = entryOf<Target>(name);
    entries.add(entry);
    return entry;
  }

  /** The longest `.suffix` of the host that has an alias for the port. */
  #findSuffix(bytes: Uint8Array, start: number, end: number, port: number): Target | null {
    for (let at = start + 1; at < end; at += 1) {
      if (bytes[at] !== DOT) continue;
      const entry = findEntry(this.#suffixes, bytes, at, end);
      const found = entry === null ? null : targetOf(entry, port);
      if (found !== null) return found;
    }
    return null;
  }
}

function entryOf<Target>(name: string): HostEntry<Target> {
  const host = Buffer.from(name, "latin1").toString("latin1"); // flat: text that was cut is slow to read
  return { hash: hashCharacters(host), host, ports: null, anyPort: null, next: null };
}

function targetOf<Target>(entry: HostEntry<Target>, port: number): Target | null {
  return entry.ports?.get(port) ?? entry.anyPort;
}

function findEntry<Target>(
  entries: HashTable<HostEntry<Target>>,
  bytes: Uint8Array,
  start: number,
  end: number,
): HostEntry<Target> | null {
  const hash = hashIgnoringCase(bytes, start, end);
  let entry = entries.chain(hash);
  while (entry !== null && (entry.hash !== hash || !isHost(bytes, start, end, entry.host)))
    entry = entry.next;
  return entry;
}

function isHost(bytes: Uint8Array, start: number, end: number, host: string): boolean {
  const length = host.length;
  if (end - start !== length) return false;
  for (let at = 0; at < length; at += 1) {
    if (LOWER[bytes[start + at] as number] !== host.charCodeAt(at)) return false;
  }
  return true;
}

/** Where the colon before the port is; -1 when there is none. Colons inside brackets belong to an IPv6 address. */
function portSeparator(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (bytes[start] === LEFT_BRACKET) {
    while (at < end && bytes[at] !== RIGHT_BRACKET) at += 1;
  }
  while (at < end && bytes[at] !== COLON) at += 1;
  return at < end ? at : -1;
}

/** A port in decimal; an empty one means the default (RFC 3986 §3.2.3), an impossible one matches no alias with a port. */
function readPort(bytes: Uint8Array, start: number, end: number, defaultPort: number): number {
  if (start === end) return defaultPort;
  let port = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    port = port * 10 + digit;
    if (port > 65_535) return -1;
  }
  return port;
}

/** Splits `host:port`, `[v6]:port`, `host` or `*`; the port is null for any. Null when it is none of these. */
function splitAlias(alias: string): { readonly host: string; readonly port: number | null } | null {
  const match = /^(\[[0-9a-f:.%]+\]|[^:[\]\s/]+)(?::(\*|\d{1,5}))?$/i.exec(alias.trim());
  const host = match?.[1]?.toLowerCase();
  if (host === undefined) return null;
  const port = match?.[2] === undefined || match[2] === "*" ? null : Number(match[2]);
  return { host: host.length > 1 && host.endsWith(".") ? host.slice(0, -1) : host, port };
}
