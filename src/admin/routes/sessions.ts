// /v1/applications/{id}/sessions: who is there, and how to end one session.

import { Type } from "@sinclair/typebox";
import { FaultError, fault } from "../../base/fault.ts";
import { hintFor } from "../../base/nearest.ts";
import { unwrap } from "../../base/result.ts";
import type { SessionView, Submitted } from "../../control/operations.ts";
import type { ApplicationId } from "../../domain/names.ts";
import { type Api, appliedOrThrow, type Backend, originOf } from "../api.ts";
import { count, epochMs, idParams, responses, type SchemaOf } from "../schema.ts";
import { SubmittedSchema } from "../submitted.ts";
import { applicationNamed } from "./applications.ts";

/** Answer of `GET …/sessions`: `total` counts also those beyond the limit. */
export interface SessionList {
  readonly total: number;
  readonly sessions: readonly SessionView[];
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 10_000;

const SessionListSchema: SchemaOf<SessionList> = Type.Object(
  {
    total: count("Sessions that match, also beyond the limit"),
    sessions: Type.Array(
      Type.Object({
        fingerprint: Type.String({ description: "16 hex digits; the session id itself is never shown" }),
        application: Type.String(),
        edition: Type.String({ description: "Edition that the session is bound to" }),
        server: Type.String({ description: "Server that the session is bound to" }),
        bornAt: epochMs("First seen"),
        lastSeenAt: epochMs("Last request"),
        expiresAt: epochMs("Ends then without another request"),
        requests: count("Requests so far"),
      }),
    ),
  },
  {
    examples: [
      {
        total: 1,
        sessions: [
          {
            fingerprint: "9f86d081884c7d65",
            application: "shop",
            edition: "1",
            server: "Server01",
            bornAt: 1_767_222_000_000,
            lastSeenAt: 1_767_222_060_000,
            expiresAt: 1_767_223_860_000,
            requests: 12,
          },
        ],
      },
    ],
  },
);

interface SessionFilter {
  readonly edition?: string;
  readonly server?: string;
  readonly limit: number;
}

const SessionFilterSchema: SchemaOf<SessionFilter> = Type.Object(
  {
    edition: Type.Optional(Type.String({ description: "Only sessions on this edition" })),
    server: Type.Optional(Type.String({ description: "Only sessions on this server" })),
    limit: Type.Integer({
      minimum: 0,
      maximum: LIMIT_MAX,
      default: LIMIT_DEFAULT,
      description: "Most sessions to list",
    }),
  },
  { additionalProperties: false },
);

const FingerprintParamsSchema: SchemaOf<{ readonly id: string; readonly fingerprint: string }> = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: "Id of the application" }),
  fingerprint: Type.String({ pattern: "^[0-9a-f]{16}$", description: "As listed by `GET …/sessions`" }),
});

/** Adds the routes of sessions. */
export function sessionRoutes(api: Api, backend: Backend): void {
  api.get(
    "/v1/applications/:id/sessions",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "listSessions",
        tags: ["sessions"],
        summary: "Live sessions of an application",
        params: idParams(),
        querystring: SessionFilterSchema,
        response: responses(SessionListSchema, "APPLICATION_UNKNOWN", "EDITION_UNKNOWN", "SERVER_UNKNOWN"),
      },
    },
    (request): SessionList => {
      checkFilter(backend, request.params.id, request.query);
      return unwrap(backend.operations.sessions({ application: request.params.id, ...request.query }));
    },
  );
  api.delete(
    "/v1/applications/:id/sessions/:fingerprint",
    {
      config: { role: "operator" },
      schema: {
        operationId: "endSession",
        tags: ["sessions"],
        summary: "End a session: its next request is a new user's",
        params: FingerprintParamsSchema,
        response: responses(SubmittedSchema, "APPLICATION_UNKNOWN", "SESSION_UNKNOWN", "NOT_APPLIED"),
      },
    },
    async (request): Promise<Submitted> => {
      const { id } = applicationNamed(backend, request.params.id);
      const submitted = unwrap(
        await backend.operations.submit({
          kind: "end-session",
          origin: originOf(request),
          application: id as ApplicationId,
          fingerprint: request.params.fingerprint,
        }),
      );
      return appliedOrThrow(submitted.applied, submitted);
    },
  );
}

/** A mistyped edition or server would look like an empty one. */
function checkFilter(backend: Backend, id: string, filter: SessionFilter): void {
  const { editions } = applicationNamed(backend, id);
  const { edition, server } = filter;
  const labels = editions.map(({ label }) => label);
  if (edition !== undefined && !labels.includes(edition)) {
    const hint = hintFor("EDITION_UNKNOWN", edition, labels);
    throw new FaultError(fault("EDITION_UNKNOWN", `"${id}" has no edition "${edition}"`, hint));
  }
  const servers = backend.operations.servers().map(({ name }) => name);
  if (server !== undefined && !servers.includes(server)) {
    const hint = hintFor("SERVER_UNKNOWN", server, servers);
    throw new FaultError(fault("SERVER_UNKNOWN", `There is no server "${server}"`, hint));
  }
}
