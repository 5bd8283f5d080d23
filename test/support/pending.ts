// Whether something is still being waited for.

/** True when a promise has not settled after all that is ready has run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  return (await Promise.race([promise, turns().then(() => pending)])) === pending;
}

/** Lets all that is ready run. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
