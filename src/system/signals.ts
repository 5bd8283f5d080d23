// Signals of the operating system.

/** The signals that Tidegate's processes listen to. */
export type Signal = "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGUSR2";

/**
 * Calls the handlers for signals that come from now on; a signal with a handler does not end the process.
 *
 * @returns gives the signals back to the runtime
 */
export function onSignals(handlers: Readonly<Partial<Record<Signal, () => void>>>): () => void {
  const entries = Object.entries(handlers) as [Signal, () => void][];
  for (const [signal, handler] of entries) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of entries) process.off(signal, handler);
  };
}
