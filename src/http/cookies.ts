// hot: bench/micro/decide.ts
// Finds a cookie in a Cookie field without touching the others, and reads what a Set-Cookie field says (RFC 6265 §4, §5).
//
// Real clients send oddities: no space after `;`, spaces around names, the same name twice, quotes, empty pairs, bytes
// above 127, fields over 4 KB. Only `;` separates pairs (a comma or a quote never does, as in RFC 6265 §5.4), names are
// compared octet by octet with regard to case, and nothing here changes a byte: the answers are offsets (W48).

import type { EpochMs } from "../base/units.ts";
import { parseCookieDate } from "./cookie-date.ts";

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const DASH = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** Where a search in one Cookie field's value stands, and the pair it found. Reused; all offsets are into the bytes. */
export class CookieMatch {
  /** `name=value` without white space around it. */
  pairStart = 0;
  pairEnd = 0;
  /** The value without white space, and without the quotes when it is quoted whole. */
  valueStart = 0;
  valueEnd = 0;
  /**
   * What to leave out so that the pair is gone and the rest is a well-formed list: the pair with one separator. Ranges of
   * successive matches never overlap; they presume that the earlier matches of the same search are left out as well.
   * All of a field is covered when all its pairs match; stray `;` and white space after the last one may be left over.
   */
  stripStart = 0;
  stripEnd = 0;
  /** Where `nextCookie` goes on. */
  next = 0;
  /** A pair of another name stands before: then the separator before the match goes with it, else the one after. */
  isAfterOther = false;
}

/** Finds the first cookie of this name in the Cookie field value `bytes[start, end)`. False when there is none. */
export function findCookie(
  bytes: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
  match: CookieMatch,
): boolean {
  match.next = start;
  match.isAfterOther = false;
  return nextCookie(bytes, end, name, match);
}

/** Finds the next cookie of the same name after the last match in the same field value, which ends at `end`. */
export function nextCookie(bytes: Uint8Array, end: number, name: Uint8Array, match: CookieMatch): boolean {
  const nameLength = name.length;
  const firstOfName = name[0];
  const from = match.next;
  let at = from;
  while (at < end) {
    const segmentStart = at;
    while (at < end && isBlank(bytes[at] as number)) at += 1;
    const pairStart = at;
    if (bytes[at] === firstOfName && at + nameLength < end) {
      let same = 1;
      while (same < nameLength && bytes[at + same] === name[same]) same += 1;
      if (same === nameLength) {
        let equals = at + nameLength;
        while (equals < end && isBlank(bytes[equals] as number)) equals += 1;
        if (equals < end && bytes[equals] === EQUALS) {
          fillMatch(bytes, match.isAfterOther ? segmentStart - 1 : from, pairStart, equals + 1, end, match);
          return true;
        }
      }
    }
    while (at < end && bytes[at] !== SEMICOLON) at += 1;
    if (at > pairStart) match.isAfterOther = true;
    at += 1;
  }
  match.next = end;
  return false;
}

function fillMatch(
  bytes: Uint8Array,
  stripStart: number,
  pairStart: number,
  afterEquals: number,
  end: number,
  match: CookieMatch,
): void {
  let stop = afterEquals;
  while (stop < end && bytes[stop] !== SEMICOLON) stop += 1;
  let pairEnd = stop;
  while (pairEnd > afterEquals && isBlank(bytes[pairEnd - 1] as number)) pairEnd -= 1;
  let valueStart = afterEquals;
  while (valueStart < pairEnd && isBlank(bytes[valueStart] as number)) valueStart += 1;
  match.pairStart = pairStart;
  match.pairEnd = pairEnd;
  const isQuoted = pairEnd - valueStart >= 2 && bytes[valueStart] === QUOTE && bytes[pairEnd - 1] === QUOTE;
  match.valueStart = isQuoted ? valueStart + 1 : valueStart;
  match.valueEnd = isQuoted ? pairEnd - 1 : pairEnd;
  match.next = Math.min(stop + 1, end);
  match.stripStart = stripStart;
  if (match.isAfterOther) {
    match.stripEnd = stop;
    return;
  }
  // The blanks that follow the separator go too, so that the next pair comes to stand first; a search goes on behind them.
  let after = match.next;
  while (after < end && isBlank(bytes[after] as number)) after += 1;
  match.stripEnd = after;
  match.next = after;
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}

/** What a Set-Cookie field says (RFC 6265 §5.2), filled in place by `readSetCookie`; offsets into the bytes. */
export class SetCookie {
  nameStart = 0;
  nameEnd = 0;
  /** Without white space, and without the quotes when it is quoted whole. */
  valueStart = 0;
  valueEnd = 0;
  /** The Path attribute's value; both -1 when absent or not beginning with `/` (then the default path applies, §5.2.4). */
  pathStart = -1;
  pathEnd = -1;
  /** The Domain attribute's value; both -1 when absent or empty. */
  domainStart = -1;
  domainEnd = -1;
  isSecure = false;
  isHttpOnly = false;
  /** Max-Age or Expires is there: the cookie outlives the browser's session. */
  isPersistent = false;
  /**
   * The client forgets the cookie: Max-Age of 0 or less, else Expires in the past (Max-Age wins, §5.3); or the value is
   * empty, which applications send to the same end, since an empty id names no session.
   */
  isDeletion = false;
}

/**
 * Reads the Set-Cookie field value `bytes[start, end)`. The last of repeated attributes counts (§5.3); what cannot be
 * read is ignored, as clients do.
 *
 * @param now - wall time, for Expires
 * @returns false when there is no `name=` at its beginning: clients ignore such a field
 */
export function readSetCookie(
  bytes: Buffer,
  start: number,
  end: number,
  now: EpochMs,
  cookie: SetCookie,
): boolean {
  let stop = segmentEnd(bytes, start, end);
  let equals = start;
  while (equals < stop && bytes[equals] !== EQUALS) equals += 1;
  if (equals === stop) return false;
  cookie.nameStart = skipBlanks(bytes, start, equals);
  cookie.nameEnd = trimBlanks(bytes, cookie.nameStart, equals);
  if (cookie.nameEnd === cookie.nameStart) return false;
  readSetCookieValue(bytes, equals + 1, stop, cookie);
  cookie.pathStart = -1;
  cookie.pathEnd = -1;
  cookie.domainStart = -1;
  cookie.domainEnd = -1;
  cookie.isSecure = false;
  cookie.isHttpOnly = false;
  maxAge = ABSENT;
  expires = ABSENT;
  while (stop < end) {
    const at = stop + 1;
    stop = segmentEnd(bytes, at, end);
    readAttribute(bytes, at, stop, cookie);
  }
  cookie.isPersistent = maxAge !== ABSENT || expires !== ABSENT;
  const isOver = maxAge === ABSENT ? expires !== ABSENT && expires <= now : maxAge <= 0;
  cookie.isDeletion = isOver || cookie.valueEnd === cookie.valueStart;
  return true;
}

const ABSENT = Number.MIN_SAFE_INTEGER;
// Scratch of one call of `readSetCookie`, which is synchronous: numbers beyond 2^31 would cost an allocation as fields.
let maxAge: number = ABSENT;
let expires: number = ABSENT;

function readSetCookieValue(bytes: Uint8Array, from: number, stop: number, cookie: SetCookie): void {
  const valueStart = skipBlanks(bytes, from, stop);
  const valueEnd = trimBlanks(bytes, valueStart, stop);
  const isQuoted = valueEnd - valueStart >= 2 && bytes[valueStart] === QUOTE && bytes[valueEnd - 1] === QUOTE;
  cookie.valueStart = isQuoted ? valueStart + 1 : valueStart;
  cookie.valueEnd = isQuoted ? valueEnd - 1 : valueEnd;
}

function readAttribute(bytes: Buffer, from: number, stop: number, cookie: SetCookie): void {
  const nameStart = skipBlanks(bytes, from, stop);
  let equals = nameStart;
  while (equals < stop && bytes[equals] !== EQUALS) equals += 1;
  const nameEnd = trimBlanks(bytes, nameStart, equals);
  const valueStart = skipBlanks(bytes, Math.min(equals + 1, stop), stop);
  const valueEnd = trimBlanks(bytes, valueStart, stop);
  switch (nameEnd - nameStart) {
    case 4:
      if (isName(bytes, nameStart, "path")) readPath(bytes, valueStart, valueEnd, cookie);
      break;
    case 6:
      if (isName(bytes, nameStart, "secure")) cookie.isSecure = true;
      else if (isName(bytes, nameStart, "domain")) readDomain(valueStart, valueEnd, cookie);
      break;
    case 7:
      if (isName(bytes, nameStart, "max-age")) readMaxAge(bytes, valueStart, valueEnd);
      else if (isName(bytes, nameStart, "expires")) readExpires(bytes, valueStart, valueEnd);
      break;
    case 8:
      if (isName(bytes, nameStart, "httponly")) cookie.isHttpOnly = true;
      break;
    default:
      break;
  }
}

function readPath(bytes: Uint8Array, start: number, end: number, cookie: SetCookie): void {
  const isPath = start < end && bytes[start] === 0x2f;
  cookie.pathStart = isPath ? start : -1;
  cookie.pathEnd = isPath ? end : -1;
}

function readDomain(start: number, end: number, cookie: SetCookie): void {
  cookie.domainStart = start < end ? start : -1;
  cookie.domainEnd = start < end ? end : -1;
}

/** `-`? digits; anything else is ignored (RFC 6265 §5.2.2). Large values saturate: only the sign matters. */
function readMaxAge(bytes: Uint8Array, start: number, end: number): void {
  const isNegative = bytes[start] === DASH;
  const digits = isNegative ? start + 1 : start;
  if (digits >= end) return;
  let seconds = 0;
  for (let at = digits; at < end; at += 1) {
    const octet = bytes[at] as number;
    if (octet < ZERO || octet > NINE) return;
    seconds = Math.min(seconds * 10 + (octet - ZERO), 1e9);
  }
  maxAge = isNegative ? -1 : seconds;
}

function readExpires(bytes: Buffer, start: number, end: number): void {
  const at = parseCookieDate(bytes, start, end);
  if (at !== undefined) expires = at;
}

/** True when the letters at `start` are this lower-case ASCII word, without regard to case. */
function isName(bytes: Uint8Array, start: number, lowerCase: string): boolean {
  for (let at = 0; at < lowerCase.length; at += 1) {
    const expected = lowerCase.charCodeAt(at);
    const octet = bytes[start + at] as number;
    if (octet !== expected && !(octet >= 0x41 && octet <= 0x5a && octet + 0x20 === expected)) return false;
  }
  return true;
}

function segmentEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== SEMICOLON) at += 1;
  return at;
}

function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(bytes[at] as number)) at += 1;
  return at;
}

function trimBlanks(bytes: Uint8Array, start: number, from: number): number {
  let end = from;
  while (end > start && isBlank(bytes[end - 1] as number)) end -= 1;
  return end;
}
