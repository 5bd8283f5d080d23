// How long the keeper waits before it starts a process anew: the first time not at all, in a crash loop up to a second.

/** A process that lived for so long was well; its end starts the count anew. */
const WELL_AFTER_MS = 10_000;

const DELAYS_MS: readonly number[] = [0, 50, 100, 200, 400, 800, 1000];

/** From so many short lives in a row on, it is a crash loop and not an accident. */
export const CRASH_LOOP_AFTER = 4;

/** The next delay, and how many lives in a row were short. */
export interface Restart {
  readonly delayMs: number;
  readonly shortLives: number;
}

/** @param shortLives - as returned the last time; 0 at first */
export function restartAfter(livedMs: number, shortLives: number): Restart {
  if (livedMs >= WELL_AFTER_MS) return { delayMs: 0, shortLives: 0 };
  const delayMs = DELAYS_MS[Math.min(shortLives, DELAYS_MS.length - 1)] ?? 0;
  return { delayMs, shortLives: shortLives + 1 };
}
