// hot: bench/micro/decide.ts
// A small hash of octets for look-ups in our own tables (FNV-1a, 32 bits, as a signed whole number). Whoever finds an
// entry by it compares the octets: a client who makes two names collide only finds nothing.

import { LOWER } from "../http1/octets.ts";

/** The hash of no octets. */
export const HASH_START: number = 0x811c9dc5 | 0;

/** The hash of what `hash` stands for, followed by `octet`. */
export function hashOctet(hash: number, octet: number): number {
  return Math.imul(hash ^ octet, 0x01000193);
}

/** The hash of `bytes[start, end)`. */
export function hashOctets(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash;
}

/** The same without regard to the case of ASCII letters. */
export function hashIgnoringCase(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let at = start; at < end; at += 1) {
    hash = Math.imul(hash ^ (LOWER[bytes[at] as number] as number), 0x01000193);
  }
  return hash;
}

/** True when `bytes[start, start + expected.length)` are the octets of `expected`. */
export function startsWithOctets(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  const length = expected.length;
  for (let at = 0; at < length; at += 1) {
    if (bytes[start + at] !== expected[at]) return false;
  }
  return true;
}

/** The same of a text of ASCII or Latin-1 characters. */
export function hashCharacters(text: string): number {
  let hash = HASH_START;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** True when `bytes[start, start + expected.length)` are the characters of `expected`, one octet each. */
export function startsWithCharacters(bytes: Uint8Array, start: number, expected: string): boolean {
  const length = expected.length;
  for (let at = 0; at < length; at += 1) {
    if (bytes[start + at] !== expected.charCodeAt(at)) return false;
  }
  return true;
}

/** A well-mixed hash of a text and a number; not for requests. */
export function hashText(text: string, salt: number): number {
  let hash = HASH_START ^ Math.imul(salt, 0x9e3779b1);
  for (let at = 0; at < text.length; at += 1) hash = hashOctet(hash, text.charCodeAt(at));
  return mixHash(hash);
}

/** The finalizer of MurmurHash3: every bit of the input moves every bit of the result. */
export function mixHash(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** The octets of a text of ASCII or Latin-1 characters; quick, because tables of ten thousand instances are made of them. */
export function octetsOf(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) octets[at] = text.charCodeAt(at);
  return octets;
}
