// The log as a value that is passed in; `src/system/log.ts` writes it with pino.

/** Structured log: fields first, then a sentence. No secret ever goes in. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log that forgets; for tests and tools. */
export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };
