// Waiting in a command that has nothing else to keep it alive.

/** Resolves after a time; keeps the process alive, as an alarm of the clock does not. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
