// Assertions about our own code. What comes from outside is parsed, never asserted.

/** Ends the current turn with an error when our own code broke a promise. */
export function assert(condition: unknown, promise: string): asserts condition {
  if (!condition) throw new Error(`Broken assertion: ${promise}`);
}

/** Marks the branch that no value can reach; the compiler refuses it when a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`Broken assertion: unexpected value ${JSON.stringify(value)}`);
}
