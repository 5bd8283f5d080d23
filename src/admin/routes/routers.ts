// /v1/routers: the routers and their workers, and which revision each has applied.

import { Type } from "@sinclair/typebox";
import type { Revision } from "../../base/units.ts";
import type { RouterView } from "../../control/operations.ts";
import type { Api, Backend } from "../api.ts";
import { count, responses, revision, type SchemaOf } from "../schema.ts";

/** Answer of `GET /v1/routers`. */
export interface RouterList {
  readonly revision: Revision;
  readonly routers: readonly RouterView[];
}

const RouterListSchema: SchemaOf<RouterList> = Type.Object({
  revision: revision("Revision of the domain"),
  routers: Type.Array(
    Type.Object({
      name: Type.String({ description: "Name of the router" }),
      revision: revision("What every worker of it has applied"),
      live: Type.Boolean({ description: "Whether it reports" }),
      workers: Type.Array(
        Type.Object({
          slot: count("Its place, from 0; a worker that is started again keeps it"),
          pid: count("Process id"),
          revision: revision("By which it decides every new request"),
          connections: count("Open client connections"),
          inFlight: count("Requests in flight"),
          sessions: count("Sessions that it knows"),
          rssBytes: count("Resident memory"),
          lastReportMs: count("Age of its last report in milliseconds"),
        }),
      ),
    }),
  ),
});

/** Adds the route of routers. */
export function routerRoutes(api: Api, backend: Backend): void {
  const { operations } = backend;
  api.get(
    "/v1/routers",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "listRouters",
        tags: ["routing"],
        summary: "All routers with their workers",
        response: responses(RouterListSchema),
      },
    },
    (): RouterList => ({ revision: operations.domain().revision, routers: operations.routers() }),
  );
}
