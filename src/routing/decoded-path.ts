// hot: bench/micro/decide.ts
// The path as matching sees it: percent-decoded once, without path parameters, empty and dot segments resolved. Only
// matching sees it so; what is forwarded is what the client sent, byte for byte (W32).
//
// Application servers do not agree on `%2F`, `%5C`, `\` and `..;x`. For these a path is read twice: generously (they are
// separators and dot segments) and literally (they are not). Only if both readings lead to the same application is there
// no doubt; otherwise a path that we hold for one application's could reach into another's. Without doubt wrong, whatever
// the reading, are a bad escape, `%00`, and dot segments that climb above the root.

import { DOT, HEX_VALUE, PERCENT, SEMICOLON, SLASH } from "../http1/octets.ts";

const BACKSLASH = 0x5c;
/** Stands for a separator that is data in the literal reading; no path has it, since `%00` is refused. */
const SLASH_AS_DATA = 0;

const PLAIN = 0;
const SEPARATOR = 1;
const SPECIAL = 2;

const KIND: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) => {
  if (octet === SLASH) return SEPARATOR;
  return octet === PERCENT || octet === SEMICOLON || octet === BACKSLASH ? SPECIAL : PLAIN;
});

/** True when a path is its own decoded form: no `%`, `;` or `\`, and no segment that is empty or begins with a dot. */
export function isPlainPath(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const kind = KIND[bytes[at] as number];
    if (kind === PLAIN) continue;
    if (kind === SPECIAL) return false;
    const following = at + 1 < end ? bytes[at + 1] : PLAIN;
    if (following === SLASH || following === DOT) return false;
  }
  return true;
}

/** Decodes one path at a time into its own octets, which the next call overwrites. */
export class DecodedPath {
  octets: Uint8Array = new Uint8Array(2048);
  length = 0;
  /** The two readings of the path differ. */
  isDoubtful = false;
  #segmentStart = 0;
  #hasParameters = false;
  #isGenerous = true;

  /** Decodes `bytes[start, end)`. False when the path is wrong in any reading. */
  decode(bytes: Uint8Array, start: number, end: number, reading: "generous" | "literal"): boolean {
    if (this.octets.length < end - start + 1) this.octets = new Uint8Array(end - start + 1024);
    this.length = 0;
    this.isDoubtful = false;
    this.#isGenerous = reading === "generous";
    let at = start;
    if (bytes[at] === SLASH) at += 1;
    this.#beginSegment();
    while (at < end) {
      const octet = bytes[at] as number;
      at += 1;
      if (octet === SLASH) {
        if (!this.#endSegment(false)) return false;
      } else if (octet === SEMICOLON) {
        this.#hasParameters = true;
        while (at < end && bytes[at] !== SLASH) {
          if (bytes[at] === PERCENT && !isGoodEscape(bytes, at, end)) return false;
          at += 1;
        }
      } else if (octet === PERCENT) {
        if (!isGoodEscape(bytes, at - 1, end)) return false;
        if (!this.#add(decodeEscape(bytes, at), true)) return false;
        at += 2;
      } else if (!this.#add(octet, octet === BACKSLASH)) return false;
    }
    return this.#endSegment(true);
  }

  #beginSegment(): void {
    this.octets[this.length] = SLASH;
    this.length += 1;
    this.#segmentStart = this.length;
    this.#hasParameters = false;
  }

  /** Adds a decoded octet; a separator that was hidden ends the segment or is data, as the reading says. */
  #add(octet: number, isHidden: boolean): boolean {
    if (isHidden && (octet === SLASH || octet === BACKSLASH)) {
      this.isDoubtful = true;
      if (this.#isGenerous) return this.#endSegment(false);
      this.octets[this.length] = SLASH_AS_DATA;
    } else {
      this.octets[this.length] = octet;
    }
    this.length += 1;
    return true;
  }

  /** Resolves the segment that ends here; false when it climbs above the root. */
  #endSegment(isLast: boolean): boolean {
    const size = this.length - this.#segmentStart;
    const dots = this.#countDots(size);
    if (dots > 0 && this.#hasParameters) this.isDoubtful = true;
    const isDotSegment = dots > 0 && (this.#isGenerous || !this.#hasParameters);
    if (size > 0 && !isDotSegment) {
      if (!isLast) this.#beginSegment();
      return true;
    }
    this.length = this.#segmentStart;
    this.#hasParameters = false;
    if (!isDotSegment || dots === 1) return true;
    if (this.#segmentStart === 1) return false;
    let at = this.#segmentStart - 2;
    while (this.octets[at] !== SLASH) at -= 1;
    this.length = at + 1;
    this.#segmentStart = this.length;
    return true;
  }

  /** 1 for `.`, 2 for `..`, 0 for any other segment of this size. */
  #countDots(size: number): number {
    if (size === 0 || size > 2 || this.octets[this.#segmentStart] !== DOT) return 0;
    return size === 1 || this.octets[this.#segmentStart + 1] === DOT ? size : 0;
  }
}

/** True for `%` and two hexadecimal digits other than `%00`. */
function isGoodEscape(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 2 >= end) return false;
  const high = HEX_VALUE[bytes[at + 1] as number] as number;
  const low = HEX_VALUE[bytes[at + 2] as number] as number;
  return high < 16 && low < 16 && high + low > 0;
}

function decodeEscape(bytes: Uint8Array, at: number): number {
  return (HEX_VALUE[bytes[at] as number] as number) * 16 + (HEX_VALUE[bytes[at + 1] as number] as number);
}
