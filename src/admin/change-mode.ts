// Setting a mode: the same for a server and for a node.

import { Type } from "@sinclair/typebox";
import type { FastifyRequest } from "fastify";
import { unwrap } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import type { ModeResult } from "../control/operations.ts";
import { MAINTENANCE_PAGE_LENGTH_MAX } from "../domain/application.ts";
import type { ModeTarget } from "../domain/command.ts";
import type { Mode } from "../domain/mode.ts";
import { appliedOrThrow, type Backend, originOf, REASON_LENGTH_MAX } from "./api.ts";
import { count, epochMs, epochMsOrNull, mode, revision, type SchemaOf, textOrNull } from "./schema.ts";

/** What is asked when a mode is set. */
export interface ModeChange {
  readonly mode?: Mode;
  readonly reason?: string;
  readonly from?: EpochMs;
  readonly until?: EpochMs;
  readonly page?: string;
}

/** What came of it: one entry a server. */
export interface ModeResults {
  readonly servers: readonly ModeResult[];
}

/** A page has characters of up to four octets, and JSON may write one as six. */
export const MODE_BODY_BYTES_MAX: number = 6 * MAINTENANCE_PAGE_LENGTH_MAX + 16_384;

/** Body of `PUT …/mode`. */
export const ModeChangeSchema: SchemaOf<ModeChange> = Type.Object(
  {
    mode: Type.Optional(
      mode("normal: all requests; affinity (default): only those with affinity to it; break, stop: none"),
    ),
    reason: Type.Optional(
      Type.String({
        maxLength: REASON_LENGTH_MAX,
        description: "Why; shown with the mode and in the journal",
      }),
    ),
    from: Type.Optional(
      epochMs(
        "When it begins by itself; at once when this is left out or past, which gives up what was planned",
      ),
    ),
    until: Type.Optional(
      epochMs("When the work will be done: users are told by `Retry-After`, nothing switches back by itself"),
    ),
    page: Type.Optional(
      Type.String({
        maxLength: MAINTENANCE_PAGE_LENGTH_MAX,
        description: "HTML for users who find no server because of it, instead of the application's page",
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ mode: "break", reason: "JDK update", until: 1_767_225_600_000 }],
  },
);

/** Answer of `PUT …/mode`. */
export const ModeResultsSchema: SchemaOf<ModeResults> = Type.Object(
  {
    servers: Type.Array(
      Type.Object({
        server: Type.String({ description: "Name of the server" }),
        mode: mode("The mode that was set, on the server or its node"),
        was: mode("The mode before"),
        effectiveMode: mode("The stricter of server and node: what routing obeys"),
        appliedRouters: count("Routers that have applied it on every worker"),
        routers: count("Live routers"),
        missing: Type.Array(Type.String(), { description: "Routers that have not, and what happens there" }),
        inFlight: count("Requests that the server still works on"),
        revision: revision("Revision of the change"),
        plannedFrom: epochMsOrNull("When the mode begins by itself; null when it holds already"),
        note: textOrNull("A remark, such as that `stop` acts as `break` on an external server"),
      }),
    ),
  },
  { description: "One entry for each server that the change concerns" },
);

/** Sets the mode and waits for the routers. Throws the fault; `NOT_APPLIED` carries the results. */
export async function changeMode(
  backend: Backend,
  request: FastifyRequest,
  target: ModeTarget,
  change: ModeChange,
): Promise<ModeResults> {
  const servers = unwrap(
    await backend.operations.setMode({
      origin: originOf(request, change.reason),
      target,
      // As in WebSphere's setMaintenanceMode: maintenance without a mode named is affinity (SPEC M1).
      mode: change.mode ?? "affinity",
      ...(change.from === undefined ? {} : { from: change.from }),
      ...(change.until === undefined ? {} : { until: change.until }),
      ...(change.page === undefined ? {} : { page: change.page }),
    }),
  );
  const missing = [...new Set(servers.flatMap((result) => result.missing))];
  const lagging = servers.filter((result) => result.appliedRouters < result.routers).length;
  return appliedOrThrow({ routers: lagging, applied: 0, missing }, { servers });
}
