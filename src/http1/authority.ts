// hot: bench/micro/head-parser.ts
// `host [":" port]` as a Host field or an absolute-form target has it (RFC 9110 §7.2, RFC 3986 §3.2).

import {
  COLON,
  DOT,
  HEX_VALUE,
  IS_REG_NAME,
  LEFT_BRACKET,
  NINE,
  PERCENT,
  RIGHT_BRACKET,
  ZERO,
} from "./octets.ts";

const PORT_MAX = 65_535;

/**
 * True when `bytes[start, end)` is a host with or without a port: a name of allowed characters or a bracketed IPv6
 * address, then at most one colon with digits up to 65535 behind it. No user information, which RFC 9110 §4.2.4 says to
 * take for an error. False for an empty host.
 */
export function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (at < end && bytes[at] === LEFT_BRACKET) {
    at += 1;
    while (at < end && isAddressOctet(bytes[at] as number)) at += 1;
    if (at >= end || bytes[at] !== RIGHT_BRACKET || at - start < 3) return false;
    at += 1;
  } else {
    while (at < end && IS_REG_NAME[bytes[at] as number] === 1) {
      if (bytes[at] === PERCENT && !isEscape(bytes, at, end)) return false;
      at += 1;
    }
    if (at === start) return false;
  }
  return at === end || (bytes[at] === COLON && isPort(bytes, at + 1, end));
}

function isAddressOctet(octet: number): boolean {
  return octet === COLON || octet === DOT || HEX_VALUE[octet] !== 255;
}

function isEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    at + 2 < end && HEX_VALUE[bytes[at + 1] as number] !== 255 && HEX_VALUE[bytes[at + 2] as number] !== 255
  );
}

/** Digits up to 65535, or nothing: RFC 3986 §3.2.3 allows an empty port. */
function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 5) return false;
  let port = 0;
  for (let at = start; at < end; at += 1) {
    const octet = bytes[at] as number;
    if (octet < ZERO || octet > NINE) return false;
    port = port * 10 + (octet - ZERO);
  }
  return port <= PORT_MAX;
}
