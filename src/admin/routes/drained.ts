// /v1/applications/{id}/editions/{label}/drained: what is left of an edition, and the end of it. For stop hooks that block.

import { Type } from "@sinclair/typebox";
import { unwrap } from "../../base/result.ts";
import type { DrainedAnswer } from "../../control/operations.ts";
import type { Api, Backend } from "../api.ts";
import { left, oneOf, responses, type SchemaOf } from "../schema.ts";
import { applicationNamed } from "./applications.ts";

const WAIT_SECONDS_MAX = 600;

const DrainedSchema: SchemaOf<DrainedAnswer> = Type.Object(
  {
    application: Type.String({ description: "Id of the application" }),
    edition: Type.String({ description: "Label of the edition" }),
    state: oneOf(
      ["distributed", "running", "retiring", "stopping", "undeployed"],
      "What it does; undeployed: nobody gets there any more",
    ),
    drained: Type.Boolean({
      description:
        "No router gives it anything any more, and nothing of it is in flight: its processes may stop",
    }),
    until: Type.Unsafe<DrainedAnswer["until"]>({
      anyOf: [{ type: "integer" }, { const: "drained" }, { type: "null" }],
      description:
        "How long a retiring or stopping edition may keep what it has: milliseconds since 1970, or `drained`; null for others",
    }),
    left: left(),
  },
  {
    examples: [
      {
        application: "shop",
        edition: "1",
        state: "retiring",
        drained: false,
        until: "drained",
        left: { requests: 1, sessions: 12, webSockets: 3, streams: 0, tunnels: 0 },
      },
    ],
  },
);

const EditionParamsSchema: SchemaOf<{ readonly id: string; readonly label: string }> = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: "Id of the application" }),
  label: Type.String({ minLength: 1, maxLength: 128, description: "Label of the edition" }),
});

const WaitSchema: SchemaOf<{ readonly waitSeconds: number }> = Type.Object(
  {
    waitSeconds: Type.Number({
      minimum: 0,
      maximum: WAIT_SECONDS_MAX,
      default: 0,
      description: "Answer when it is drained, or after this time with what is left",
    }),
  },
  { additionalProperties: false },
);

/** Adds the route. */
export function drainedRoutes(api: Api, backend: Backend): void {
  api.get(
    "/v1/applications/:id/editions/:label/drained",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "getDrained",
        tags: ["editions"],
        summary: "Whether an edition is drained, and what is left of it; waits for it if asked to",
        params: EditionParamsSchema,
        querystring: WaitSchema,
        response: responses(DrainedSchema, "APPLICATION_UNKNOWN", "EDITION_UNKNOWN"),
      },
    },
    async (request): Promise<DrainedAnswer> => {
      const { id } = applicationNamed(backend, request.params.id);
      const waitMs = Math.round(request.query.waitSeconds * 1000);
      return unwrap(
        await backend.operations.drained({ application: id, edition: request.params.label, waitMs }),
      );
    },
  );
}
