// What all schemas of the admin API share. A schema is the one source of a resource: it checks what comes in, stands in
// the OpenAPI document, and the compiler holds it against the type that it describes.

import type { TSchema } from "@sinclair/typebox";
import { Type } from "@sinclair/typebox";
import type { FaultCode } from "../base/fault.ts";
import { FAULTS } from "../base/fault.ts";
import type { EpochMs, Revision } from "../base/units.ts";
import type { AppliedEverywhere, ServerView } from "../control/operations.ts";
import type { Left } from "../deploy/drain.ts";
import type { Mode } from "../domain/mode.ts";
import { MODES } from "../domain/mode.ts";
import type { Problem } from "./problem.ts";

/** A schema whose values are `T`; a schema that lacks a field of `T`, or gives it another type, does not compile. */
export interface SchemaOf<T> extends TSchema {
  static: T;
}

/** A wall time in milliseconds since 1970. */
export function epochMs(description: string): SchemaOf<EpochMs> {
  return Type.Unsafe<EpochMs>({ type: "integer", description: `${description}; milliseconds since 1970` });
}

/** A revision of the domain. */
export function revision(description: string): SchemaOf<Revision> {
  return Type.Unsafe<Revision>({ type: "integer", minimum: 0, description });
}

/** Text, or null where there is none. */
export function textOrNull(description: string): SchemaOf<string | null> {
  return Type.Unsafe<string | null>({ type: ["string", "null"], description });
}

/** A wall time, or null where there is none. */
export function epochMsOrNull(description: string): SchemaOf<EpochMs | null> {
  return Type.Unsafe<EpochMs | null>({
    type: ["integer", "null"],
    description: `${description}; milliseconds since 1970`,
  });
}

/** One of some words. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  description: string,
): SchemaOf<Word> {
  return Type.Unsafe<Word>({ type: "string", enum: [...words], description });
}

/** A whole number that counts something. */
export function count(description: string): SchemaOf<number> {
  return Type.Integer({ minimum: 0, description });
}

/** A mode (SPEC M1). */
export function mode(description: string): SchemaOf<Mode> {
  return oneOf(MODES, description);
}

/** What traffic and probes say of a server. */
export function serverStatus(): SchemaOf<ServerView["status"]> {
  return oneOf(
    ["up", "down", "unknown"],
    "`down` is marked by traffic or a probe; `unknown` before anything was seen",
  );
}

/** Tunnels by kind. */
export function tunnels(): SchemaOf<{
  readonly webSocket: number;
  readonly stream: number;
  readonly other: number;
}> {
  return Type.Object(
    {
      webSocket: count("WebSockets"),
      stream: count("Server-sent event streams"),
      other: count("Other upgraded connections"),
    },
    { description: "Open tunnels and streams by kind" },
  );
}

/** What is left of an edition, by kind. */
export function left(): SchemaOf<Left> {
  return Type.Object(
    {
      requests: count("Requests in flight, or that wait for a place"),
      sessions: count("Live sessions"),
      webSockets: count("WebSockets"),
      streams: count("Server-sent event streams"),
      tunnels: count("Other upgraded connections"),
    },
    { description: "What is left of the edition, each thing once" },
  );
}

/** How far a change has come; `AppliedEverywhere` of control. */
export const AppliedSchema: SchemaOf<AppliedEverywhere> = Type.Object(
  {
    revision: revision("Revision of the change"),
    routers: count("Live routers that were asked"),
    applied: count("Of these, those that have applied it on every worker"),
    missing: Type.Array(Type.String(), {
      description: "One sentence for each router that has not, and what happens there",
    }),
  },
  { description: "Whether every live router has applied the change" },
);

/** The path parameter of one named thing. */
export function nameParams(description: string): SchemaOf<{ readonly name: string }> {
  return Type.Object({ name: Type.String({ minLength: 1, maxLength: 128, description }) });
}

/** The path parameter of one application. */
export function idParams(): SchemaOf<{ readonly id: string }> {
  return Type.Object({
    id: Type.String({ minLength: 1, maxLength: 128, description: "Id of the application" }),
  });
}

/** Query `dryRun` and the like. */
export function flag(description: string): SchemaOf<boolean> {
  return Type.Boolean({ default: false, description });
}

const PROBLEM_SCHEMA: SchemaOf<Problem> = Type.Object(
  {
    type: Type.String({ description: "Names the kind of problem; `urn:tidegate:fault:` and the code" }),
    title: Type.String({ description: "The kind of problem in words" }),
    status: Type.Integer({ description: "The status of this response" }),
    detail: Type.String({ description: "What could not be done, and what is in the way" }),
    code: Type.Unsafe<FaultCode>({
      type: "string",
      enum: Object.keys(FAULTS),
      description: "Stable: programs may decide by it",
    }),
    hint: Type.String({ description: "What to do next" }),
    details: Type.Optional(
      Type.Array(Type.String(), { description: "One line for each mistake, when there are several" }),
    ),
    result: Type.Optional(
      Type.Unknown({ description: "With `NOT_APPLIED`: what the answer would have been" }),
    ),
  },
  {
    description: "RFC 9457 problem details, sent as `application/problem+json`",
    examples: [
      {
        type: "urn:tidegate:fault:SERVER_UNKNOWN",
        title: "Server unknown",
        status: 404,
        detail: 'There is no server "Server3"',
        code: "SERVER_UNKNOWN",
        hint: 'Did you mean "Server03"? `tidegate servers` lists the servers',
      },
    ],
  },
);

const ALWAYS: readonly FaultCode[] = ["BAD_REQUEST", "UNAUTHORIZED", "FORBIDDEN", "INTERNAL"];

/**
 * All responses of an operation, for the document: the one that says it worked, and a problem for each fault.
 *
 * @param success - the resource that 200 carries
 * @param codes - faults of this operation; those that any operation can have are added
 */
export function responses(success: TSchema, ...codes: readonly FaultCode[]): Record<string, unknown> {
  const byStatus: Record<string, FaultCode[]> = {};
  for (const code of [...codes, ...ALWAYS]) {
    const status = String(FAULTS[code].status);
    byStatus[status] = [...(byStatus[status] ?? []), code];
  }
  const all: Record<string, unknown> = { 200: success };
  for (const [status, list] of Object.entries(byStatus)) {
    all[status] = {
      description: list.map((code) => `\`${code}\`: ${FAULTS[code].hint}`).join(". "),
      content: { "application/problem+json": { schema: PROBLEM_SCHEMA } },
    };
  }
  return all;
}
