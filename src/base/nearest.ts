// The nearest known word to a mistyped one.

import { FAULTS, type FaultCode } from "./fault.ts";

const LENGTH_MAX = 64;

/**
 * The known word that differs least from the given one (letters exchanged, missing, added or changed; upper and lower
 * case are alike); undefined when none is near: at most a third of the letters may differ, but two in words of four letters or more.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(word.length < 4 ? 1 : 2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The hint of a code, led by the nearest name where there is one: spread it into `fault(…, hintFor(…))`. */
export function hintFor(code: FaultCode, word: string, known: readonly string[]): { readonly hint: string } {
  const near = nearest(word, known);
  const { hint } = FAULTS[code];
  return { hint: near === undefined ? hint : `Did you mean "${near}"? ${hint}` };
}

/** Optimal string alignment distance. */
function editDistance(one: string, other: string): number {
  if (one.length > LENGTH_MAX || other.length > LENGTH_MAX) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last: number[] = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      let distance = Math.min(
        (last[column] ?? 0) + 1,
        (now[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (row > 1 && column > 1 && swapped) distance = Math.min(distance, (before[column - 2] ?? 0) + 1);
      now.push(distance);
    }
    before = last;
    last = now;
  }
  return last[other.length] ?? 0;
}
