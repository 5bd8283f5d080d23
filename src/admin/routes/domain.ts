// /v1/domain: the whole domain at one revision.

import type { Api, Backend } from "../api.ts";
import { type DomainResource, DomainSchema, domainResource } from "../domain-resource.ts";
import { responses } from "../schema.ts";

/** Adds the route of the domain. */
export function domainRoutes(api: Api, backend: Backend): void {
  api.get(
    "/v1/domain",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "getDomain",
        tags: ["domain"],
        summary: "The whole domain at one revision",
        response: responses(DomainSchema),
      },
    },
    (): DomainResource => domainResource(backend.operations.domain()),
  );
}
