// Turns of the event loop.

/** Calls in the next turn, after the network has had its say; long work in slices lets requests through in between. */
export function nextTurn(call: () => void): void {
  setImmediate(call);
}
