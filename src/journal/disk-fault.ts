// A disk's failure as a fault of the journal.

import type { Fault } from "../base/fault.ts";
import { fault } from "../base/fault.ts";
import { isErrorCode } from "../system/disk.ts";

/** `JOURNAL_FULL` when the disk or the quota is full, `JOURNAL_UNAVAILABLE` for anything else. */
export function diskFault(what: string, error: unknown): Fault {
  if (isErrorCode(error, "ENOSPC") || isErrorCode(error, "EDQUOT")) {
    return fault("JOURNAL_FULL", `${what}: the disk is full`, { cause: error });
  }
  const why = error instanceof Error ? error.message : String(error);
  return fault("JOURNAL_UNAVAILABLE", `${what}: ${why}`, { cause: error });
}
