// /v1/apply: brings a domain.yaml into the domain.

import { Type } from "@sinclair/typebox";
import type { FastifyRequest } from "fastify";
import { FaultError, fault, refuse } from "../../base/fault.ts";
import { ok, type Result, unwrap } from "../../base/result.ts";
import type { AppliedEverywhere } from "../../control/operations.ts";
import { apply } from "../../domain/apply.ts";
import type { DomainEvent, Origin, Resources } from "../../domain/command.ts";
import { readResources } from "../../settings/read-resources.ts";
import { type Api, appliedOrThrow, type Backend, originOf, REASON_LENGTH_MAX } from "../api.ts";
import { AppliedSchema, flag, responses, revision, type SchemaOf } from "../schema.ts";
import { DomainEventSchema } from "../submitted.ts";

/** Answer of `POST /v1/apply`; `applied` is null for a dry run, which changes nothing. */
export interface ApplyResult {
  readonly revision: number;
  readonly dryRun: boolean;
  readonly events: readonly DomainEvent[];
  readonly applied: AppliedEverywhere | null;
}

/**
 * Body of `POST /v1/apply` as JSON; as YAML the text is the body, and the file's name is in the query. `pages` are the
 * maintenance pages that it names, by absolute path: the API itself opens no file for a caller.
 */
export interface ApplyRequest {
  readonly file?: string;
  readonly text: string;
  readonly reason?: string;
  readonly pages?: Readonly<Record<string, string>>;
}

interface ApplyQuery {
  readonly file?: string;
  readonly dryRun: boolean;
}

const TEXT_BYTES_MAX = 4 * 1024 * 1024;
const YAML_TYPES = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

const ApplyRequestSchema: SchemaOf<ApplyRequest> = Type.Object(
  {
    file: Type.Optional(Type.String({ maxLength: 4096, description: "Name of the file, for messages" })),
    text: Type.String({ description: "The domain.yaml, as text" }),
    reason: Type.Optional(Type.String({ maxLength: REASON_LENGTH_MAX, description: "Why" })),
    pages: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: "Text of each maintenance page that the file names, by its absolute path",
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ file: "domain.yaml", text: "clusters:\n  - name: Cluster01\n", reason: "new cluster" }],
  },
);

const ApplyQuerySchema: SchemaOf<ApplyQuery> = Type.Object(
  {
    file: Type.Optional(
      Type.String({ maxLength: 4096, description: "Name of the file, when the body is YAML" }),
    ),
    dryRun: flag("Say what would happen and change nothing"),
  },
  { additionalProperties: false },
);

const ApplyResultSchema: SchemaOf<ApplyResult> = Type.Object({
  revision: revision("Revision of the change"),
  dryRun: Type.Boolean({ description: "True when nothing was changed" }),
  events: Type.Array(DomainEventSchema, { description: "Empty when the domain was like that already" }),
  applied: Type.Unsafe<AppliedEverywhere | null>({
    anyOf: [AppliedSchema, { type: "null" }],
    description: "Null for a dry run",
  }),
});

/** Adds the route of `tidegate apply`. */
export function applyRoutes(api: Api, backend: Backend): void {
  api.addContentTypeParser(YAML_TYPES, { parseAs: "string" }, (_request, text, done) => done(null, { text }));
  api.post(
    "/v1/apply",
    {
      config: { role: "administrator" },
      bodyLimit: TEXT_BYTES_MAX,
      schema: {
        operationId: "applyResources",
        tags: ["domain"],
        summary: "Apply a domain.yaml",
        description:
          "Declares what the file mentions and leaves the rest alone; modes and running editions are never reset. " +
          "Send it as `application/yaml`, or as JSON with the text in it.",
        consumes: ["application/json", "application/yaml"],
        querystring: ApplyQuerySchema,
        body: ApplyRequestSchema,
        response: responses(
          ApplyResultSchema,
          "BAD_SETTINGS",
          "BROKEN_REFERENCE",
          "CONTEXT_ROOT_TAKEN",
          "ALIAS_TAKEN",
          "ROUTE_TAKEN",
          "CLUSTER_MEMBER_TARGETED",
          "NOT_APPLIED",
          "JOURNAL_FULL",
        ),
      },
    },
    (request) => {
      const resources = resourcesOf(request, request.body, request.query);
      const origin = originOf(request, request.body.reason);
      return request.query.dryRun ? tryOut(backend, origin, resources) : applyAll(backend, origin, resources);
    },
  );
}

function resourcesOf(request: FastifyRequest, body: ApplyRequest, query: ApplyQuery): Resources {
  if (body.text.trim() === "") {
    throw new FaultError(fault("BAD_REQUEST", `Cannot take ${request.method} /v1/apply: the file is empty`));
  }
  const { pages = {} } = body;
  const file = body.file ?? query.file ?? "domain.yaml";
  return unwrap(readResources(body.text, { file, readFile: (path) => pageOf(path, pages) }));
}

function pageOf(path: string, pages: Readonly<Record<string, string>>): Result<string> {
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  return page === undefined
    ? refuse("FILE_UNREADABLE", `Its text is not in the request's "pages" under "${path}"`)
    : ok(page);
}

async function applyAll(backend: Backend, origin: Origin, resources: Resources): Promise<ApplyResult> {
  const submitted = unwrap(await backend.operations.applyResources(origin, resources));
  return appliedOrThrow(submitted.applied, { ...submitted, dryRun: false });
}

function tryOut(backend: Backend, origin: Origin, resources: Resources): ApplyResult {
  const command = { kind: "apply-resources", origin, resources } as const;
  const { domain, events } = unwrap(apply(backend.operations.domain(), command, backend.clock.epochMs()));
  const revision = events.length === 0 ? backend.operations.domain().revision : domain.revision;
  return { revision, dryRun: true, events, applied: null };
}
