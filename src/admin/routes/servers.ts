// /v1/servers: what is served where, and the modes of servers.

import { Type } from "@sinclair/typebox";
import { FaultError, fault } from "../../base/fault.ts";
import { hintFor } from "../../base/nearest.ts";
import type { Revision } from "../../base/units.ts";
import type { ModePlanView, ServerView } from "../../control/operations.ts";
import type { ServerName } from "../../domain/names.ts";
import type { Api, Backend } from "../api.ts";
import { changeMode, MODE_BODY_BYTES_MAX, ModeChangeSchema, ModeResultsSchema } from "../change-mode.ts";
import {
  count,
  epochMs,
  epochMsOrNull,
  mode,
  nameParams,
  oneOf,
  responses,
  revision,
  type SchemaOf,
  serverStatus,
  textOrNull,
} from "../schema.ts";

/** Answer of `GET /v1/servers`. */
export interface ServerList {
  readonly revision: Revision;
  readonly servers: readonly ServerView[];
}

const ModePlanSchema: SchemaOf<ModePlanView | null> = Type.Unsafe<ModePlanView | null>({
  ...Type.Object({
    mode: mode("The mode that begins"),
    from: epochMs("When it begins"),
    until: epochMsOrNull("When the operator expects to be done"),
    actor: Type.String({ description: "Who planned it" }),
    reason: textOrNull("Why"),
    hasPage: Type.Boolean({ description: "Whether users will see a page that was given with it" }),
    of: oneOf(["server", "node"], "Whose mode it is"),
  }),
  type: ["object", "null"],
  description: "The next mode that begins by itself, or null",
});

const ServerSchema: SchemaOf<ServerView> = Type.Object(
  {
    name: Type.String({ description: "Name of the server" }),
    node: Type.String({ description: "The machine that it runs on" }),
    cluster: textOrNull("The cluster that it is a member of"),
    address: Type.String({ description: "`host:port`, `[v6]:port` or `unix:/path`" }),
    type: oneOf(["external"], "External servers are somebody else's processes"),
    weight: count("Share of the requests without affinity"),
    role: oneOf(["primary", "backup"], "Backups get requests when no primary is left"),
    mode: mode("The server's own mode"),
    nodeMode: mode("The mode of its node"),
    effectiveMode: mode("The stricter of the two: what routing obeys"),
    modeSince: epochMs("Since when the mode holds"),
    modeActor: Type.String({ description: "Who set it" }),
    modeReason: textOrNull("Why"),
    modeUntil: epochMsOrNull("When the operator expects to be done"),
    modeHasPage: Type.Boolean({ description: "Whether users see a page that was given with the mode" }),
    modePlan: ModePlanSchema,
    status: serverStatus(),
    statusCause: textOrNull("Why it is down"),
    inFlight: count("Requests that it works on"),
    sessions: count("Live sessions on it"),
    tunnels: count("Open tunnels of any kind"),
    editions: Type.Array(Type.String(), { description: "`application/edition` of everything on it" }),
  },
  {
    description: "A server as its routers see it",
    examples: [
      {
        name: "Server01",
        node: "node01",
        cluster: "Cluster01",
        address: "127.0.0.1:9081",
        type: "external",
        weight: 2,
        role: "primary",
        mode: "affinity",
        nodeMode: "normal",
        effectiveMode: "affinity",
        modeSince: 1_767_222_000_000,
        modeActor: "anna",
        modeReason: "JDK update",
        modeUntil: null,
        modeHasPage: false,
        modePlan: null,
        status: "up",
        statusCause: null,
        inFlight: 3,
        sessions: 210,
        tunnels: 4,
        editions: ["shop/1"],
      },
    ],
  },
);

const ServerListSchema: SchemaOf<ServerList> = Type.Object({
  revision: revision("Revision of the domain"),
  servers: Type.Array(ServerSchema),
});

/** Adds the routes of servers. */
export function serverRoutes(api: Api, backend: Backend): void {
  const { operations } = backend;
  api.get(
    "/v1/servers",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "listServers",
        tags: ["servers"],
        summary: "All servers with mode, status and load",
        response: responses(ServerListSchema),
      },
    },
    (): ServerList => ({ revision: operations.domain().revision, servers: operations.servers() }),
  );
  api.get(
    "/v1/servers/:name",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "getServer",
        tags: ["servers"],
        summary: "One server",
        params: nameParams("Name of the server"),
        response: responses(ServerSchema, "SERVER_UNKNOWN"),
      },
    },
    (request): ServerView => serverNamed(backend, request.params.name),
  );
  api.put(
    "/v1/servers/:name/mode",
    {
      bodyLimit: MODE_BODY_BYTES_MAX,
      config: { role: "operator" },
      schema: {
        operationId: "setServerMode",
        tags: ["modes"],
        summary: "Set the mode of a server",
        description: "Answers when every live router has applied it, or says which has not (`NOT_APPLIED`).",
        params: nameParams("Name of the server"),
        body: ModeChangeSchema,
        response: responses(ModeResultsSchema, "SERVER_UNKNOWN", "NOT_APPLIED", "JOURNAL_FULL"),
      },
    },
    (request) => {
      const { name } = serverNamed(backend, request.params.name);
      return changeMode(backend, request, { kind: "server", name: name as ServerName }, request.body);
    },
  );
}

function serverNamed(backend: Backend, name: string): ServerView {
  const servers = backend.operations.servers();
  const found = servers.find((server) => server.name === name);
  if (found !== undefined) return found;
  const names = servers.map((server) => server.name);
  throw new FaultError(
    fault("SERVER_UNKNOWN", `There is no server "${name}"`, hintFor("SERVER_UNKNOWN", name, names)),
  );
}
