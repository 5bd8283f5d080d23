// What the router tells an upstream of the client: X-Forwarded-*, Forwarded, Via, made once for each client address
// (SPEC P5, W43, W47).

import { BlockList, isIP } from "node:net";
import { LRUCache } from "lru-cache";
import { word } from "../http1/octets.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { FIELD_X_FORWARDED_FOR } from "../http1/request-head.ts";
import type { ForwardedFields } from "../http1/write-request-head.ts";

const ADDRESSES_MAX = 10_000;

/** Where a connection came in, as far as forwarding fields tell it. */
export interface ForwardingPoint {
  readonly name: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** What the settings say of forwarding fields. */
export interface ForwardingOptions {
  /** CIDR blocks or addresses whose forwarding fields are believed. */
  readonly trustedProxies: readonly string[];
  /** Also write `Forwarded` (RFC 7239). */
  readonly forwarded: boolean;
  /** Pseudonym of this router in `Via`. */
  readonly via: string;
}

/** Makes the fields, and believes those of trusted proxies. */
export class Forwarding {
  readonly #trusted = new BlockList();
  readonly #hasTrusted: boolean;
  readonly #options: ForwardingOptions;
  readonly #fields = new LRUCache<string, ForwardedFields>({ max: ADDRESSES_MAX });

  constructor(options: ForwardingOptions) {
    this.#options = options;
    this.#hasTrusted = options.trustedProxies.length > 0;
    for (const block of options.trustedProxies) addBlock(this.#trusted, block);
  }

  /** The fields for a client at this address; `""` is a client on a Unix socket. */
  fieldsFor(address: string, point: ForwardingPoint): ForwardedFields {
    const key = `${point.name} ${address}`;
    const known = this.#fields.get(key);
    if (known !== undefined) return known;
    const made = this.#make(plainAddress(address), point);
    this.#fields.set(key, made);
    return made;
  }

  /** The client as trusted proxies tell it: the last address of X-Forwarded-For that is none of theirs. */
  clientOf(head: RequestHead, peer: string): string {
    let client = peer;
    const hops: string[] = [];
    for (let index = 0; index < head.fieldCount; index += 1) {
      if (head.fieldId[index] !== FIELD_X_FORWARDED_FOR) continue;
      hops.push(...head.bytes.toString("latin1", head.valueStart[index], head.valueEnd[index]).split(","));
    }
    for (let hop = hops.length - 1; hop >= 0; hop -= 1) {
      const address = addressOf(hops[hop] as string);
      if (address === "") return client; // what stands before a hop that is hidden is anybody's word
      client = address;
      if (!this.#isTrusted(address)) return client;
    }
    return client;
  }

  #make(address: string, point: ForwardingPoint): ForwardedFields {
    const scheme = point.isSecure ? "https" : "http";
    const port = point.port > 0 ? `X-Forwarded-Port: ${point.port}\r\n` : "";
    const node = isIP(address) === 6 ? `"[${address}]"` : address === "" ? "unknown" : address;
    const proto = `X-Forwarded-Proto: ${scheme}\r\n`;
    const via = `Via: 1.1 ${this.#options.via}\r\n`;
    return {
      address: word(address === "" ? "unknown" : address),
      lines: word(`${proto}${port}${via}`),
      protoLine: word(proto),
      viaLine: word(via),
      forwarded: word(this.#options.forwarded ? `for=${node};proto=${scheme}` : ""),
      isTrusted: this.#isTrusted(address),
    };
  }

  #isTrusted(address: string): boolean {
    if (!this.#hasTrusted) return false;
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? "ipv6" : "ipv4");
  }
}

/** An IPv4 address that a dual-stack socket shows as IPv6 is written as what it is. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

function addBlock(list: BlockList, block: string): void {
  const [address = "", prefix] = block.split("/");
  const type = isIP(address) === 6 ? "ipv6" : "ipv4";
  if (prefix === undefined) list.addAddress(address, type);
  else list.addSubnet(address, Number(prefix), type);
}

/** The address of a hop, with or without a port; empty for `unknown` and for what is none. */
function addressOf(hop: string): string {
  const text = hop.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? "" : plainAddress(bare);
}
