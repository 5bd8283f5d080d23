// Puts the API together: checks, access, answers to failures, and the routes.

import type { IncomingMessage } from "node:http";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import fastify from "fastify";
import { FaultError, fault } from "../base/fault.ts";
import { unwrap } from "../base/result.ts";
import { admit } from "./access.ts";
import { type Api, type Backend, NotAppliedError } from "./api.ts";
import { addOpenApi } from "./openapi.ts";
import { PROBLEM_TYPE, type Problem, problemOf } from "./problem.ts";
import { applicationRoutes } from "./routes/applications.ts";
import { applyRoutes } from "./routes/apply.ts";
import { domainRoutes } from "./routes/domain.ts";
import { drainedRoutes } from "./routes/drained.ts";
import { editionRoutes } from "./routes/editions.ts";
import { eventRoutes } from "./routes/events.ts";
import { explainRoutes } from "./routes/explain.ts";
import { healthRoutes } from "./routes/health.ts";
import { nodeRoutes } from "./routes/nodes.ts";
import { routerRoutes } from "./routes/routers.ts";
import { serverRoutes } from "./routes/servers.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import type { TokensFile } from "./tokens.ts";

const BODY_BYTES_MAX = 64 * 1024;
const PARAMETER_LENGTH_MAX = 200;

/** What decides who is let in. */
export interface Access {
  readonly tokens: TokensFile | undefined;
  readonly isSocketRequest: (raw: IncomingMessage) => boolean;
}

/** Builds the API, ready to be given requests by `api.routing`; it listens nowhere by itself. */
export async function buildApi(backend: Backend, access: Access): Promise<Api> {
  const api: Api = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
    // Refuse what is not known rather than drop it, and name every mistake at once.
    ajv: { customOptions: { removeAdditional: false, allErrors: true, allowUnionTypes: true } },
  });
  api.removeContentTypeParser("text/plain");
  // Schemas describe answers for the document; they must never cut one short.
  api.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  api.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    if (request.is404) return;
    request.caller = unwrap(await admit(request, access.tokens, access.isSocketRequest));
  });
  api.setErrorHandler<FastifyError | FaultError>((error, request, reply) => {
    sendProblem(error, request, reply, backend);
  });
  api.setNotFoundHandler((request, reply) => {
    const { pathname } = new URL(request.url, "http://localhost");
    answer(reply, problemOf(fault("NOT_FOUND", `There is no ${request.method} ${pathname}`)));
  });
  await addOpenApi(api, backend.version);
  for (const addRoutes of [
    serverRoutes,
    nodeRoutes,
    applicationRoutes,
    editionRoutes,
    drainedRoutes,
    sessionRoutes,
    applyRoutes,
    explainRoutes,
    eventRoutes,
    routerRoutes,
    domainRoutes,
    healthRoutes,
  ]) {
    addRoutes(api, backend);
  }
  await api.ready();
  return api;
}

function sendProblem(
  error: FastifyError | FaultError,
  request: FastifyRequest,
  reply: FastifyReply,
  backend: Backend,
): void {
  if (error instanceof FaultError) {
    const more = error instanceof NotAppliedError ? { result: error.result } : {};
    if (error.fault.code === "UNAUTHORIZED") reply.header("www-authenticate", 'Bearer realm="tidegate"');
    if (error.fault.cause !== undefined) backend.log.warn({ err: error.fault.cause }, error.fault.message);
    answer(reply, problemOf(error.fault, more));
    return;
  }
  const status = error.statusCode ?? 500;
  const action = `Cannot take ${request.method} ${request.url}`;
  if (status >= 500) {
    // Our own defect: the log gets it whole, the client nothing of it.
    backend.log.error({ err: error, url: request.url }, "A request to the admin API failed");
    answer(reply, problemOf(fault("INTERNAL", `${action}: it failed inside`)));
    return;
  }
  const details = error.validation?.map(
    (mistake) => `${where(error)}${mistake.instancePath} ${mistake.message ?? ""}${allowed(mistake.params)}`,
  );
  const message = details === undefined ? `${action}: ${error.message}` : `${action}: it is not valid`;
  answer(reply, problemOf(fault("BAD_REQUEST", message, details && { details }), { status }));
}

function where(error: FastifyError): string {
  return error.validationContext ?? "request";
}

/** Which words are allowed, or which key is not: the validator leaves it out of its sentence. */
function allowed(params: Record<string, unknown>): string {
  if (Array.isArray(params["allowedValues"])) return `: ${params["allowedValues"].join(", ")}`;
  return typeof params["additionalProperty"] === "string" ? `: "${params["additionalProperty"]}"` : "";
}

function answer(reply: FastifyReply, problem: Problem): void {
  reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .serializer((value: unknown) => JSON.stringify(value))
    .send(problem);
}
