// hot: bench/micro/head-parser.ts
// Which field names the proxy knows, found by length first: most fields of a head match no length or no first letter.

import { equalsIgnoringCase, LOWER, word } from "./octets.ts";

interface KnownName {
  readonly first: number;
  readonly name: Uint8Array;
  readonly id: number;
}

/** Known names by length; made once. */
export type FieldNames = readonly (readonly KnownName[])[];

const NO_NAMES: readonly KnownName[] = [];

/** Makes the look-up from lower-case names to ids. */
export function fieldNames(ids: Readonly<Record<string, number>>): FieldNames {
  const byLength: KnownName[][] = Array.from({ length: 64 }, () => []);
  for (const [name, id] of Object.entries(ids)) {
    const bytes = word(name);
    byLength[bytes.length]?.push({ first: bytes[0] ?? 0, name: bytes, id });
  }
  return byLength;
}

/** The id of the name in `bytes[start, end)`, 0 when it is none of these. */
export function findFieldName(names: FieldNames, bytes: Uint8Array, start: number, end: number): number {
  const candidates = names[end - start] ?? NO_NAMES;
  const count = candidates.length;
  if (count === 0) return 0;
  const first = LOWER[bytes[start] as number];
  for (let at = 0; at < count; at += 1) {
    const candidate = candidates[at] as KnownName;
    if (candidate.first === first && equalsIgnoringCase(bytes, start, end, candidate.name))
      return candidate.id;
  }
  return 0;
}
