// The log that operators read: one JSON object a line on standard error, written by pino.

import pino from "pino";
import type { Log } from "../base/log.ts";

/**
 * Opens a process's log. Lines are written at once, not buffered: the last words of a process that dies count most,
 * and nothing is logged per request.
 *
 * @param name - the process, such as `keeper`, `control` or `worker:3`
 */
export function openLog(options: { readonly level: string; readonly name: string }): Log {
  const { level, name } = options;
  const line = pino(
    { level, name, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: pino.stdSerializers.err } },
    pino.destination({ dest: 2, sync: true }),
  );
  return {
    debug: (fields, message) => line.debug(fields, message),
    info: (fields, message) => line.info(fields, message),
    warn: (fields, message) => line.warn(fields, message),
    error: (fields, message) => line.error(fields, message),
  };
}
