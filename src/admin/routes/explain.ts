// /v1/explain: where a request would go, and why, without sending it.

import { Type } from "@sinclair/typebox";
import { unwrap } from "../../base/result.ts";
import type { ExplainAnswer } from "../../control/operations.ts";
import type { Api, Backend } from "../api.ts";
import { responses, revision, type SchemaOf, textOrNull } from "../schema.ts";

/** Body of `POST /v1/explain`. */
export interface ExplainRequest {
  readonly method?: string;
  readonly url: string;
  /** Name and value of each header field. */
  readonly headers?: readonly (readonly string[])[];
  readonly clientAddress?: string;
}

const FIELDS_MAX = 200;

const ExplainRequestSchema: SchemaOf<ExplainRequest> = Type.Object(
  {
    method: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "Default `GET`" })),
    url: Type.String({ minLength: 1, maxLength: 16_384, description: "Absolute URL of the request" }),
    headers: Type.Optional(
      Type.Array(Type.Array(Type.String({ maxLength: 16_384 }), { minItems: 2, maxItems: 2 }), {
        maxItems: FIELDS_MAX,
        description: "Header fields, each as name and value",
      }),
    ),
    clientAddress: Type.Optional(
      Type.String({ maxLength: 64, description: "Address of the client; default `127.0.0.1`" }),
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        method: "GET",
        url: "http://shop.example.com/shop/cart",
        headers: [["cookie", "JSESSIONID=0000A1B2C3:s1"]],
      },
    ],
  },
);

const ExplainAnswerSchema: SchemaOf<ExplainAnswer> = Type.Object(
  {
    virtualHost: textOrNull("Virtual host that the request belongs to"),
    application: textOrNull("Application that gets it"),
    contextRoot: textOrNull("Context root or path that led there"),
    affinity: Type.String({ description: "What its session says" }),
    edition: textOrNull("Edition that gets it"),
    server: textOrNull("Server that gets it; with a balancer, the one whose turn it would be"),
    address: textOrNull("Where it would be dialled"),
    ownStatus: Type.Unsafe<number | null>({
      type: ["integer", "null"],
      description: "The status that the router itself would answer, or null when it forwards",
    }),
    steps: Type.Array(Type.String(), {
      description: "What was looked at and why it was taken or left, one sentence a step",
    }),
    revision: revision("Revision of the routing table that was asked"),
  },
  { description: "Where the request would go, and why" },
);

/** Adds the route of `tidegate explain`. */
export function explainRoutes(api: Api, backend: Backend): void {
  api.post(
    "/v1/explain",
    {
      // A question, though it is posted: it changes nothing.
      config: { role: "viewer" },
      schema: {
        operationId: "explain",
        tags: ["routing"],
        summary: "Say where a request would go, and why, without sending it",
        body: ExplainRequestSchema,
        response: responses(ExplainAnswerSchema),
      },
    },
    (request): ExplainAnswer => {
      const { method = "GET", url, headers = [], clientAddress = "127.0.0.1" } = request.body;
      const fields = headers.map(([name = "", value = ""]) => [name, value] as const);
      return unwrap(backend.operations.explain({ method, url, headers: fields, clientAddress }));
    },
  );
}
