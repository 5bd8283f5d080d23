// /v1/applications: applications and their editions, with who is on them.

import { Type } from "@sinclair/typebox";
import { FaultError, fault } from "../../base/fault.ts";
import { hintFor } from "../../base/nearest.ts";
import { unwrap } from "../../base/result.ts";
import type { Revision } from "../../base/units.ts";
import type { ApplicationView, EditionView } from "../../control/operations.ts";
import type { Api, Backend } from "../api.ts";
import {
  count,
  idParams,
  left,
  mode,
  oneOf,
  responses,
  revision,
  type SchemaOf,
  serverStatus,
  tunnels,
} from "../schema.ts";

/** Answer of `GET /v1/applications`. */
export interface ApplicationList {
  readonly revision: Revision;
  readonly applications: readonly ApplicationView[];
}

const EditionSchema: SchemaOf<EditionView> = Type.Object(
  {
    label: Type.String({ description: "Label of the edition" }),
    state: oneOf(
      ["distributed", "running", "retiring", "stopping"],
      "distributed: there, but not served; running: gets new users; retiring: keeps its old users; stopping: only " +
        "finishes the requests in flight",
    ),
    until: Type.Unsafe<EditionView["until"]>({
      anyOf: [{ type: "integer" }, { type: "string", enum: ["drained"] }, { type: "null" }],
      description:
        "How long a retiring or stopping edition may keep what it has: milliseconds since 1970, or `drained`; null for others",
    }),
    left: left(),
    inFlight: count("Requests in flight on it"),
    sessions: count("Live sessions on it"),
    tunnels: tunnels(),
    instances: Type.Array(
      Type.Object({
        server: Type.String({ description: "Server that the edition is on" }),
        address: Type.String({ description: "Where routers dial it" }),
        mode: mode("Effective mode of the server"),
        status: serverStatus(),
        inFlight: count("Requests in flight on it"),
        sessions: count("Live sessions on it"),
        tunnels: tunnels(),
      }),
      { description: "The edition on each of its servers" },
    ),
  },
  { description: "One version of the application" },
);

const ApplicationSchema: SchemaOf<ApplicationView> = Type.Object(
  {
    id: Type.String({ description: "Id of the application" }),
    state: oneOf(
      ["INSTALLED", "DISTRIBUTED", "RUNNING", "DEPLOYED"],
      "INSTALLED: no edition is anywhere; DISTRIBUTED: none was started; RUNNING: at least one server serves it; " +
        "DEPLOYED: none does",
    ),
    virtualHosts: Type.Array(Type.String(), { description: "Virtual hosts that it is bound to" }),
    contextRoots: Type.Array(Type.String(), { description: "Path prefixes that lead to it" }),
    affinity: Type.String({ description: "Style of its session affinity" }),
    editions: Type.Array(EditionSchema, { description: "Oldest first" }),
  },
  {
    description: "An application with its editions",
    examples: [
      {
        id: "shop",
        state: "RUNNING",
        virtualHosts: ["default_host"],
        contextRoots: ["/shop"],
        affinity: "suffix",
        editions: [
          {
            label: "1",
            state: "running",
            until: null,
            inFlight: 3,
            sessions: 210,
            tunnels: { webSocket: 4, stream: 0, other: 0 },
            instances: [
              {
                server: "Server01",
                address: "127.0.0.1:9081",
                mode: "normal",
                status: "up",
                inFlight: 3,
                sessions: 210,
                tunnels: { webSocket: 4, stream: 0, other: 0 },
              },
            ],
          },
        ],
      },
    ],
  },
);

const ApplicationListSchema: SchemaOf<ApplicationList> = Type.Object({
  revision: revision("Revision of the domain"),
  applications: Type.Array(ApplicationSchema),
});

/** Adds the routes of applications. */
export function applicationRoutes(api: Api, backend: Backend): void {
  const { operations } = backend;
  api.get(
    "/v1/applications",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "listApplications",
        tags: ["applications"],
        summary: "All applications with their editions",
        response: responses(ApplicationListSchema),
      },
    },
    (): ApplicationList => ({
      revision: operations.domain().revision,
      applications: operations.applications(),
    }),
  );
  api.get(
    "/v1/applications/:id",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "getApplication",
        tags: ["applications"],
        summary: "One application: who is left on which edition and server",
        params: idParams(),
        response: responses(ApplicationSchema, "APPLICATION_UNKNOWN"),
      },
    },
    (request): ApplicationView => applicationNamed(backend, request.params.id),
  );
}

/** The application, or a thrown `APPLICATION_UNKNOWN` that names the nearest. */
export function applicationNamed(backend: Backend, id: string): ApplicationView {
  const known = backend.operations.applications().map((application) => application.id);
  if (known.includes(id)) return unwrap(backend.operations.application(id));
  throw new FaultError(
    fault(
      "APPLICATION_UNKNOWN",
      `There is no application "${id}"`,
      hintFor("APPLICATION_UNKNOWN", id, known),
    ),
  );
}
