// Shapes of the words of settings files: names, addresses, paths, cookies, networks.

import { isIPv4, isIPv6 } from "node:net";
import { isName } from "../domain/names.ts";
import { text } from "./scalars.ts";
import type { Shape } from "./shape.ts";

/** A name of one kind, branded by the caller. */
export function name<Name extends string>(example: string): Shape<Name> {
  return text(
    {
      what: "a name: a letter or digit first, then letters, digits, _, - and ., 64 at most",
      example,
      pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
    },
    (written) => (isName(written) ? (written as Name) : undefined),
  );
}

/** Where to listen: `host:port` (port 0 takes a free one), `[v6]:port` or `unix:/path`. */
export const LISTEN_ADDRESS: Shape<string> = text(
  { what: "an address to listen on", example: '"0.0.0.0:8080"' },
  (written) => parseAddress(written, 0),
);

/** Where to connect to: `host:port`, `[v6]:port` or `unix:/path`. */
export const ADDRESS: Shape<string> = text({ what: "an address", example: '"127.0.0.1:9081"' }, (written) =>
  parseAddress(written, 1),
);

function parseAddress(written: string, portMin: number): string | undefined {
  if (written.startsWith("unix:")) return /^unix:\/[^\0]+$/.test(written) ? written : undefined;
  const [, bracketed, host, digits] = /^(?:\[([^\]]+)\]|([A-Za-z0-9_.-]+)):(\d{1,5})$/.exec(written) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < portMin || port > 65_535) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? written : undefined;
  // Four numbers that are no address would be looked up as a name, and fail much later.
  if (host !== undefined && /^[\d.]+$/.test(host) && !isIPv4(host)) return undefined;
  return written;
}

/** The port of an address that `ADDRESS` or `LISTEN_ADDRESS` has let pass; `otherwise` for Unix sockets. */
export function portOf(address: string, otherwise: number): number {
  return address.startsWith("unix:") ? otherwise : Number(address.slice(address.lastIndexOf(":") + 1));
}

/** The host of an address that `ADDRESS` has let pass, without brackets; undefined for Unix sockets. */
export function hostOf(address: string): string | undefined {
  if (address.startsWith("unix:")) return undefined;
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  const host = hostOf(address);
  return host === undefined || host === "localhost" || host === "::1" || /^127\./.test(host);
}

/** An alias of a virtual host, in lower case and with its port. */
export const ALIAS: Shape<string> = text(
  { what: "an alias of a virtual host", example: '"www.example.com:*"' },
  (written) => {
    const [, host, port = "*"] =
      /^(\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(\*|\d{1,5}))?$/.exec(
        written.toLowerCase(),
      ) ?? [];
    if (host === undefined || (port !== "*" && (Number(port) < 1 || Number(port) > 65_535))) return undefined;
    if (host.startsWith("[") && !isIPv6(host.slice(1, -1))) return undefined;
    return `${host}:${port === "*" ? port : Number(port)}`;
  },
);

const PATH_SEGMENTS = "(?:/(?!\\.{1,2}(?:/|$))[^/*?#;\\s\\x00-\\x1f\\x7f]+)";

/** `/shop/` is the same context root as `/shop`. */
export function withoutEndSlash(root: string): string {
  return root === "/" ? root : root.replace(/\/$/, "");
}

/** A context root without a slash at its end; `/` is the root. */
export const CONTEXT_ROOT: Shape<string> = text(
  { what: "a context root", example: "/shop", pattern: "^/" },
  (written) => {
    const root = withoutEndSlash(written);
    return written === "/" || new RegExp(`^${PATH_SEGMENTS}+$`).test(root) ? root : undefined;
  },
);

/** A path pattern as in plugin-cfg.xml. */
export const PATH_PATTERN: Shape<string> = text(
  { what: "a path: exact, a prefix that ends in /*, or an extension", example: '"*.jsp"' },
  (written) => {
    const isPattern =
      written === "/*" ||
      written === "/" ||
      /^\*\.[^/*?#;\s]+$/.test(written) ||
      new RegExp(`^${PATH_SEGMENTS}+(?:/|/\\*)?$`).test(written);
    return isPattern ? written : undefined;
  },
);

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A word as HTTP's grammar has it: a cookie's or header's name. */
export function token(named: { readonly what: string; readonly example: string }): Shape<string> {
  return text(named, (written) => (TOKEN.test(written) ? written : undefined));
}

/** The one character between a session id and a route id. */
export const SEPARATOR: Shape<string> = text(
  { what: "one character that no session id has", example: '":"' },
  (written) => (/^[!#$%&'*+.:@^_`|~/-]$/.test(written) ? written : undefined),
);

/** A route id, branded by the caller. */
export function routeId<Route extends string>(): Shape<Route> {
  return text({ what: "a route id: letters, digits, _, - and ., 64 at most", example: "s1" }, (written) =>
    /^[A-Za-z0-9_.-]{1,64}$/.test(written) ? (written as Route) : undefined,
  );
}

/** A network such as `10.0.0.0/8`; a lone address is a network of one. */
export const NETWORK: Shape<string> = text({ what: "a network", example: "10.0.0.0/8" }, (written) => {
  const [address = "", bits, ...more] = written.split("/");
  const bitsMax = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined;
  if (bitsMax === undefined || more.length > 0) return undefined;
  if (bits === undefined) return `${address}/${bitsMax}`;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax ? written : undefined;
});

/** A path in the file system, as written. */
export const FILE_PATH: Shape<string> = text({ what: "a path", example: "./var" }, (written) =>
  written !== "" && !written.includes("\0") ? written : undefined,
);
