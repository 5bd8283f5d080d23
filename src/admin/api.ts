// What every file of routes gets: the API to add to, and what stands behind it.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from "fastify";
import type { Clock } from "../base/clock.ts";
import { FaultError, fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { AppliedEverywhere, Operations } from "../control/operations.ts";
import type { Origin } from "../domain/command.ts";

/** Fastify with the types of the schemas. */
export type Api = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the routes stand on. */
export interface Backend {
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

/** Longest reason of a change, in characters. */
export const REASON_LENGTH_MAX = 500;

/**
 * Who makes a change, and why: the caller's name with the reason of the body or of `X-Reason`. A header carries no
 * more than ASCII, so that a reason may be percent-encoded there.
 */
export function originOf(request: FastifyRequest, bodyReason?: string): Origin {
  const header = request.headers["x-reason"];
  const reason = (bodyReason ?? decoded(typeof header === "string" ? header : "")).trim();
  if (reason.length > REASON_LENGTH_MAX) {
    throw new FaultError(fault("BAD_REQUEST", `The reason has more than ${REASON_LENGTH_MAX} characters`));
  }
  return reason === "" ? { actor: request.caller.name } : { actor: request.caller.name, reason };
}

/** A change that is kept, but not yet applied by all; the answer carries how far it came. */
export class NotAppliedError extends FaultError {
  readonly result: unknown;

  constructor(missing: readonly string[], result: unknown) {
    super(
      fault("NOT_APPLIED", "The change is accepted, but not every router has applied it", {
        details: missing,
      }),
    );
    this.name = "NotAppliedError";
    this.result = result;
  }
}

/** Throws `NOT_APPLIED` with the result when a router is missing; else gives it back. */
export function appliedOrThrow<T>(
  applied: Pick<AppliedEverywhere, "applied" | "routers" | "missing">,
  result: T,
): T {
  if (applied.missing.length === 0 && applied.applied >= applied.routers) return result;
  throw new NotAppliedError(applied.missing, result);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a per cent sign that stands for itself
  }
}
