// hot: bench/micro/head-parser.ts
// Which field names the proxy knows, found by length first: most fields of a head match no length or no first letter.

import { DASH, LOWER, UNDERSCORE, word } from "./octets.ts";

/** Id of a name that differs from a known one only by `_` for `-`. */
export const LOOKS_ALIKE = 255;

interface KnownName {
  readonly first: number;
  readonly name: Uint8Array;
  readonly id: number;
}

/** Known names by length; made once. */
export type FieldNames = readonly (readonly KnownName[])[];

const NAME_BYTES_MAX = 63;
const NO_NAMES: readonly KnownName[] = [];

/** Makes the look-up from lower-case names to ids from 1 to 254. */
export function fieldNames(ids: Readonly<Record<string, number>>): FieldNames {
  const byLength: KnownName[][] = Array.from({ length: NAME_BYTES_MAX + 1 }, () => []);
  for (const [name, id] of Object.entries(ids)) {
    const bytes = word(name);
    byLength[bytes.length]?.push({ first: bytes[0] ?? 0, name: bytes, id });
  }
  return byLength;
}

/**
 * The id of the name in `bytes[start, end)` without regard to case, 0 when it is none of these. `LOOKS_ALIKE` when it is
 * one with `_` in place of `-`: applications that read fields as CGI variables cannot tell the two apart (W13).
 */
export function findFieldName(names: FieldNames, bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const candidates = length > NAME_BYTES_MAX ? NO_NAMES : (names[length] as readonly KnownName[]);
  const count = candidates.length;
  if (count === 0) return 0;
  const first = LOWER[bytes[start] as number];
  for (let at = 0; at < count; at += 1) {
    const candidate = candidates[at] as KnownName;
    if (candidate.first !== first) continue;
    const found = compareName(candidate.name, bytes, start);
    if (found !== DIFFERENT) return found === SAME ? candidate.id : LOOKS_ALIKE;
  }
  return 0;
}

const DIFFERENT = 0;
const SAME = 1;
const ALIKE = 2;

function compareName(name: Uint8Array, bytes: Uint8Array, start: number): number {
  const length = name.length;
  let result = SAME;
  for (let at = 1; at < length; at += 1) {
    const octet = LOWER[bytes[start + at] as number];
    if (octet === name[at]) continue;
    if (octet !== UNDERSCORE || name[at] !== DASH) return DIFFERENT;
    result = ALIKE;
  }
  return result;
}
