// A value or a fault: what a function of the core returns when it can be refused.

import type { Fault } from "./fault.ts";
import { FaultError } from "./fault.ts";

/** Either `{ ok: true, value }` or `{ ok: false, fault }`; the caller handles or returns the fault. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault };

/** A result that holds a value. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** A result that holds a fault; its type fits every `Result<T>`. */
export function failed(fault: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault };
}

/** The value, or a thrown `FaultError`: for the shell, where a fault ends the command. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new FaultError(result.fault);
}
