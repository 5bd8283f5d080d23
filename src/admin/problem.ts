// Faults as HTTP clients see them: RFC 9457 problem details.

import type { Fault, FaultCode } from "../base/fault.ts";
import { FAULTS } from "../base/fault.ts";

/** A fault on the wire. `result` comes with `NOT_APPLIED`: the change is kept, and this is how far it came. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: FaultCode;
  readonly hint: string;
  readonly details?: string[];
  readonly result?: unknown;
}

/** The media type of problem details. */
export const PROBLEM_TYPE: string = "application/problem+json; charset=utf-8";

/**
 * Writes a fault as problem details; its cause stays inside.
 *
 * @param more - another status than the table's, where HTTP has a better one; the result of what was only partly done
 */
export function problemOf(
  fault: Fault,
  more: { readonly status?: number; readonly result?: unknown } = {},
): Problem {
  return {
    type: `urn:tidegate:fault:${fault.code}`,
    title: titleOf(fault.code),
    status: more.status ?? FAULTS[fault.code].status,
    detail: fault.message,
    code: fault.code,
    hint: fault.hint,
    ...(fault.details === undefined ? {} : { details: [...fault.details] }),
    ...(more.result === undefined ? {} : { result: more.result }),
  };
}

/** `SERVER_UNKNOWN` as "Server unknown". */
function titleOf(code: FaultCode): string {
  const words = code.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
