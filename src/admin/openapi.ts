// The OpenAPI document, made of the same schemas that check requests.

import swagger from "@fastify/swagger";
import { Type } from "@sinclair/typebox";
import type { Api } from "./api.ts";
import { responses } from "./schema.ts";

const TAGS = [
  { name: "servers", description: "What is served where" },
  { name: "modes", description: "What may be routed to a server or node: normal, affinity, break, stop" },
  { name: "applications", description: "Applications and their editions, with who is on them" },
  { name: "editions", description: "Redeploys: editions come beside others, take over, retire, go" },
  { name: "sessions", description: "What applications keep for their users, and where" },
  { name: "routing", description: "Routers, and where requests go" },
  { name: "events", description: "The journal: who changed what, when and why" },
  { name: "domain", description: "All that one master rules" },
  { name: "operation", description: "For probes and monitoring" },
];

const DESCRIPTION = `Everything that the \`tidegate\` command does, over HTTP.

Without a tokens file, programs on the same machine are administrators; pages in a browser may only read what their reader
opens himself. With one, each request has \`Authorization: Bearer TOKEN\`; roles are viewer (reads), operator (also sets modes,
redeploys and ends sessions) and administrator (also applies resources). Each change can have a reason: \`reason\` in the body, or
the header \`X-Reason\`, which may be percent-encoded. Every failure is a problem document (RFC 9457) with a stable
\`code\` and a \`hint\`.`;

/** Collects the schemas of the routes that are added later; `/v1/openapi.json` gives them out. */
export async function addOpenApi(api: Api, version: string): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Tidegate admin API", version, description: DESCRIPTION },
      tags: TAGS,
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "A token of the tokens file" },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      const role = route.config?.role ?? "administrator";
      const access =
        role === "anyone"
          ? { security: [] }
          : {
              security: [{ token: [] }],
              description: [schema?.description, `Needs the role ${role}.`].filter(Boolean).join(" "),
            };
      return { schema: { ...schema, ...access }, url };
    },
  });
  // After the plugin has loaded, or it would not be in its own document.
  api.get(
    "/v1/openapi.json",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "openapi",
        tags: ["operation"],
        summary: "This document",
        response: responses(Type.Object({}, { description: "An OpenAPI 3.1 document" })),
      },
    },
    (_request, reply) => reply.type("application/json; charset=utf-8").send(JSON.stringify(api.swagger())),
  );
}
