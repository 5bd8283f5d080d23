// The log that operators read: one JSON object a line on standard error, written by pino; for a person at a terminal it is
// written as text.

import pino from "pino";
import type { Log } from "../base/log.ts";
import { readableLine } from "./readable-log.ts";

/**
 * Opens a process's log. Lines are written at once, not buffered: the last words of a process that dies count most,
 * and nothing is logged per request.
 *
 * @param name - the process, such as `keeper`, `control` or `worker:3`
 */
export function openLog(options: { readonly level: string; readonly name: string }): Log {
  const { level, name } = options;
  const line = pino(
    {
      level,
      name,
      base: {},
      // A line about another process has that one's id, and no key stands there twice.
      mixin: () => ({ pid: process.pid }),
      mixinMergeStrategy: (fields, own) => ("pid" in fields ? fields : { ...own, ...fields }),
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.err },
    },
    process.stderr.isTTY === true ? { write: writeReadable } : pino.destination({ dest: 2, sync: true }),
  );
  return {
    debug: (fields, message) => line.debug(fields, message),
    info: (fields, message) => line.info(fields, message),
    warn: (fields, message) => line.warn(fields, message),
    error: (fields, message) => line.error(fields, message),
  };
}

function writeReadable(json: string): void {
  process.stderr.write(readableLine(json));
}
