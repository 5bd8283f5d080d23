import fastify from "fastify";
import t from "tap";
import { startAdminSite } from "../support/admin-site.ts";

type Schema = Record<string, unknown>;

/** The schema with every object closed, so that a field that the document does not have is found. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const copy: Schema = Object.fromEntries(entries);
  delete copy["description"]; // the document has descriptions beside names of fields
  if (copy["type"] === "object" && copy["properties"] !== undefined) copy["additionalProperties"] ??= false;
  return copy;
}

/** The validator's complaint about a value, or an empty text. */
async function complaint(schema: unknown, value: unknown): Promise<string> {
  const api = fastify({
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, strict: false } },
  });
  api.post("/", { schema: { body: closed(schema) } }, async () => "");
  const answer = await api.inject({ method: "POST", url: "/", payload: value as object });
  await api.close();
  return answer.statusCode === 200 ? "" : answer.body;
}

t.test("every resource is as the API's document says", async (t) => {
  const site = await startAdminSite(t);
  const { paths } = (await site.call("/v1/openapi.json")).body;
  const resources: Record<string, string> = {
    "/v1/servers": "/v1/servers",
    "/v1/servers/{name}": "/v1/servers/Server01",
    "/v1/applications": "/v1/applications",
    "/v1/applications/{id}": "/v1/applications/shop",
    "/v1/applications/{id}/sessions": "/v1/applications/shop/sessions",
    "/v1/applications/{id}/editions/{label}/drained": "/v1/applications/shop/editions/1/drained",
    "/v1/routers": "/v1/routers",
    "/v1/domain": "/v1/domain",
    "/": "/",
  };
  for (const [path, url] of Object.entries(resources)) {
    const { status, body } = await site.call(url);
    t.equal(status, 200, url);
    const { schema } = paths[path].get.responses["200"].content["application/json"];
    t.equal(await complaint(schema, body), "", `${url} is as documented`);
    t.not(await complaint(schema, { ...body, surplus: 1 }), "", "and the comparison would notice");
  }
});

t.test("a server is shown with mode, status and load", async (t) => {
  const site = await startAdminSite(t);
  const { body } = await site.call("/v1/servers/Server01");
  t.match(body, {
    name: "Server01",
    node: "node01",
    cluster: "Cluster01",
    address: "127.0.0.1:9081",
    mode: "normal",
    effectiveMode: "normal",
    modeActor: "file:domain.yaml",
    status: "up",
    inFlight: 3,
    sessions: 1,
    editions: ["shop/1"],
  });
});

t.test("an application is shown with its editions and who is on them", async (t) => {
  const site = await startAdminSite(t);
  const { body } = await site.call("/v1/applications/shop");
  t.match(body, { id: "shop", state: "RUNNING", editions: [{ label: "1", state: "running", sessions: 2 }] });
  t.equal(body.editions[0].instances.length, 2);
});

t.test("an unknown name is a problem that says what was meant", async (t) => {
  const site = await startAdminSite(t);
  const server = await site.call("/v1/servers/Sever01");
  t.equal(server.status, 404);
  t.match(server.headers["content-type"], /^application\/problem\+json/);
  t.strictSame(server.body, {
    type: "urn:tidegate:fault:SERVER_UNKNOWN",
    title: "Server unknown",
    status: 404,
    detail: 'There is no server "Sever01"',
    code: "SERVER_UNKNOWN",
    hint: 'Did you mean "Server01"? `tidegate servers` lists the servers',
  });
  const application = await site.call("/v1/applications/shpo");
  t.match(application.body, { status: 404, code: "APPLICATION_UNKNOWN", hint: /Did you mean "shop"\?/ });
  t.match((await site.call("/v2/servers")).body, { status: 404, code: "NOT_FOUND" });
  t.match((await site.call("/v1/servers", { method: "DELETE" })).body, { status: 404, code: "NOT_FOUND" });
});

t.test("sessions are listed by edition and server, and a mistyped one is no empty one", async (t) => {
  const site = await startAdminSite(t);
  const all = await site.call("/v1/applications/shop/sessions?limit=1");
  t.equal(all.body.total, 2);
  t.equal(all.body.sessions.length, 1);
  const some = await site.call("/v1/applications/shop/sessions?edition=1&server=Server02");
  t.match(some.body, { total: 1, sessions: [{ fingerprint: "00000000000000b2", server: "Server02" }] });
  const wrong = await site.call("/v1/applications/shop/sessions?server=Server3");
  t.match(wrong.body, { status: 404, code: "SERVER_UNKNOWN" });
  t.match((await site.call("/v1/applications/shop/sessions?edition=9")).body, { code: "EDITION_UNKNOWN" });
  for (const query of ["limit=-1", "limit=some", "limit=1000000", "sever=Server01"]) {
    const { body } = await site.call(`/v1/applications/shop/sessions?${query}`);
    t.match(body, { status: 400, code: "BAD_REQUEST", details: [/^querystring/] }, query);
  }
});

t.test("a session is ended once, and its fingerprint is in the journal", async (t) => {
  const site = await startAdminSite(t);
  const path = "/v1/applications/shop/sessions/00000000000000a1";
  const reason = encodeURIComponent("wünscht neu anzufangen");
  const ended = await site.call(path, { method: "DELETE", headers: { "x-reason": reason } });
  t.match(ended.body, { revision: 2, applied: { applied: 2, routers: 2 } });
  t.match(site.operations.entries.at(-1)?.command, {
    kind: "end-session",
    origin: { actor: "local", reason: "wünscht neu anzufangen" },
    fingerprint: "00000000000000a1",
  });
  const again = await site.call(path, { method: "DELETE" });
  t.match(again.body, { status: 404, code: "SESSION_UNKNOWN" });
  const malformed = await site.call("/v1/applications/shop/sessions/a1", { method: "DELETE" });
  t.match(malformed.body, { status: 400, code: "BAD_REQUEST" });
});

t.test("a request is explained without being sent", async (t) => {
  const site = await startAdminSite(t);
  const headers = [["Cookie", "JSESSIONID=1:s1"]];
  const explained = await site.call("/v1/explain", {
    method: "POST",
    body: { url: "http://shop.test/shop/", headers },
  });
  t.match(explained.body, { application: "shop", server: "Server01", ownStatus: null });
  t.strictSame(site.operations.questions, [
    { method: "GET", url: "http://shop.test/shop/", headers, clientAddress: "127.0.0.1" },
  ]);
  for (const body of [
    {},
    { url: "" },
    { url: "http://a/", headers: [["one"]] },
    { url: "http://a/", x: 1 },
  ]) {
    const { status } = await site.call("/v1/explain", { method: "POST", body });
    t.equal(status, 400, JSON.stringify(body));
  }
});

t.test("probes and metrics answer, and readiness says when it is not there yet", async (t) => {
  const site = await startAdminSite(t);
  t.match(await site.call("/healthz"), { status: 200, body: { status: "ok" } });
  t.match(await site.call("/readyz"), { status: 200, body: { status: "ok" } });
  site.operations.ready = false;
  t.match(await site.call("/readyz"), { status: 503, body: { status: "not ready" } });
  const metrics = await site.call("/metrics");
  t.equal(metrics.text, "tidegate_up 1\n");
  t.match(metrics.headers["content-type"], /^text\/plain; version=0\.0\.4/);
});

t.test("the document has every operation with its role, its faults and an example", async (t) => {
  const site = await startAdminSite(t);
  const { body } = await site.call("/v1/openapi.json");
  t.equal(body.openapi, "3.1.0");
  const ids = new Set<string>();
  for (const [path, methods] of Object.entries<Record<string, Schema>>(body.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const name = `${method.toUpperCase()} ${path}`;
      t.ok(operation["summary"], `${name} has a summary`);
      t.notOk(ids.has(String(operation["operationId"])), `${name} has an id of its own`);
      ids.add(String(operation["operationId"]));
      if (!path.startsWith("/v1/")) continue;
      t.match(operation["description"], /Needs the role (viewer|operator|administrator)\./, name);
      const responses = operation["responses"] as Record<string, Schema>;
      for (const status of ["200", "400", "401", "403", "500"]) t.ok(responses[status], `${name} ${status}`);
      t.match(responses["401"], { content: { "application/problem+json": { schema: { type: "object" } } } });
    }
  }
  t.ok(ids.size >= 17);
  t.match(JSON.stringify(body.paths["/v1/servers/{name}/mode"].put.requestBody), /"JDK update"/);
});
