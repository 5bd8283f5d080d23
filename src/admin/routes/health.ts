// What other programs watch: /metrics, /healthz, /readyz; and / for people who open the address in a browser.

import { Type } from "@sinclair/typebox";
import type { Api, Backend } from "../api.ts";
import { responses, revision, type SchemaOf } from "../schema.ts";

interface Welcome {
  readonly name: "tidegate";
  readonly version: string;
  readonly domain: string;
  readonly revision: number;
  readonly links: Readonly<Record<string, string>>;
}

interface Health {
  readonly status: "ok" | "not ready";
}

const LINKS: Welcome["links"] = {
  servers: "/v1/servers",
  applications: "/v1/applications",
  routers: "/v1/routers",
  events: "/v1/events",
  domain: "/v1/domain",
  openapi: "/v1/openapi.json",
  metrics: "/metrics",
};

const WelcomeSchema: SchemaOf<Welcome> = Type.Object({
  name: Type.Literal("tidegate"),
  version: Type.String({ description: "Version of Tidegate" }),
  domain: Type.String({ description: "Name of the domain" }),
  revision: revision("Revision of the domain"),
  links: Type.Record(Type.String(), Type.String(), { description: "Where to look next" }),
});

const HealthSchema: SchemaOf<Health> = Type.Object({
  status: Type.Unsafe<Health["status"]>({ type: "string", enum: ["ok", "not ready"] }),
});

/** Adds the routes of probes, metrics and the front page. */
export function healthRoutes(api: Api, backend: Backend): void {
  addMetrics(api, backend);
  addProbes(api, backend);
  api.get(
    "/",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "welcome",
        tags: ["operation"],
        summary: "Version, domain and links",
        response: responses(WelcomeSchema),
      },
    },
    (_request, reply): void => {
      const { name: domain, revision } = backend.operations.domain();
      const welcome: Welcome = { name: "tidegate", version: backend.version, domain, revision, links: LINKS };
      // On several lines, because a person reads it.
      reply.type("application/json; charset=utf-8").send(`${JSON.stringify(welcome, null, 2)}\n`);
    },
  );
}

function addMetrics(api: Api, { operations }: Backend): void {
  api.get(
    "/metrics",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "metrics",
        tags: ["operation"],
        summary: "Metrics in Prometheus' text format",
        response: {
          200: { description: "Metrics", content: { "text/plain": { schema: { type: "string" } } } },
        },
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await operations.metrics();
      return reply.type(contentType).send(text);
    },
  );
}

function addProbes(api: Api, { operations }: Backend): void {
  api.get(
    "/healthz",
    {
      config: { role: "anyone" },
      schema: {
        operationId: "health",
        tags: ["operation"],
        summary: "200 while the control process answers; needs no token",
        response: { 200: HealthSchema },
      },
    },
    (): Health => ({ status: "ok" }),
  );
  api.get(
    "/readyz",
    {
      config: { role: "anyone" },
      schema: {
        operationId: "readiness",
        tags: ["operation"],
        summary: "200 once listeners are open and every worker has a routing table, else 503; needs no token",
        response: { 200: HealthSchema, 503: HealthSchema },
      },
    },
    (_request, reply): Health => {
      const isReady = operations.isReady();
      reply.code(isReady ? 200 : 503);
      return { status: isReady ? "ok" : "not ready" };
    },
  );
}
