import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Agent, request } from "undici";
import { startAdmin } from "../../src/admin/start-admin.ts";
import { parseTokens } from "../../src/admin/tokens.ts";
import { SILENT_LOG } from "../../src/base/log.ts";
import {
  type CallOptions,
  faultOf,
  startAdminSite,
  TOKENS,
  TOKENS_TEXT,
  testFolder,
} from "../support/admin-site.ts";
import { FakeOperations } from "../support/fake-operations.ts";

const READ: readonly [string, CallOptions] = ["/v1/servers", {}];
const MODE: readonly [string, CallOptions] = [
  "/v1/servers/Server01/mode",
  { method: "PUT", body: { mode: "break" } },
];
const APPLY: readonly [string, CallOptions] = [
  "/v1/apply",
  { method: "POST", body: { text: "clusters: [{ name: Cluster02 }]" } },
];

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

t.test("with a tokens file each role may do its part and no more [C2]", async (t) => {
  const site = await startAdminSite(t, { tokens: TOKENS_TEXT });
  const expected = {
    viewer: [200, 403, 403],
    operator: [200, 200, 403],
    administrator: [200, 200, 200],
  };
  for (const [role, token] of Object.entries(TOKENS) as ["viewer" | "operator" | "administrator", string][]) {
    for (const [index, [path, options]] of [READ, MODE, APPLY].entries()) {
      const answer = await site.call(path, { ...options, headers: bearer(token) });
      t.equal(answer.status, expected[role][index], `${role} ${path}`);
      if (answer.status === 403) t.match(answer.body, { code: "FORBIDDEN", detail: /and it needs / });
    }
  }
  t.match(site.operations.entries.at(-1)?.command.origin, { actor: "anna" }, "the actor is the token's name");
});

t.test("without a token, or with one that is not known, nothing is told", async (t) => {
  const site = await startAdminSite(t, { tokens: TOKENS_TEXT });
  const wrong = [
    "",
    "Bearer",
    "Bearer wrong-token-0123456789",
    "Basic dXNlcjpwYXNz",
    `Bearer ${TOKENS.viewer}x`,
  ];
  for (const authorization of wrong) {
    const answer = await site.call("/v1/servers", authorization === "" ? {} : { headers: { authorization } });
    t.match(answer.body, { status: 401, code: "UNAUTHORIZED" }, authorization);
    t.match(answer.headers["www-authenticate"], /^Bearer/);
  }
  for (const path of ["/metrics", "/v1/openapi.json", "/v1/events", "/"]) {
    t.equal((await site.call(path)).status, 401, path);
  }
  for (const path of ["/healthz", "/readyz"]) t.equal((await site.call(path)).status, 200, path);
});

t.test("the Unix socket asks for a token too, once there is a tokens file", async (t) => {
  const site = await startAdminSite(t, { tokens: TOKENS_TEXT });
  const dispatcher = new Agent({ connect: { socketPath: site.socket } });
  t.teardown(() => dispatcher.close());
  const without = await request("http://localhost/v1/servers", { dispatcher });
  await without.body.dump();
  t.equal(without.statusCode, 401);
  const headers = bearer(TOKENS.viewer);
  const withToken = await request("http://localhost/v1/servers", { dispatcher, headers });
  await withToken.body.dump();
  t.equal(withToken.statusCode, 200);
});

t.test("a program on this machine is an administrator when there is no tokens file", async (t) => {
  const site = await startAdminSite(t);
  for (const [path, options] of [READ, MODE, APPLY]) {
    t.equal((await site.call(path, options)).status, 200, path);
  }
  const dispatcher = new Agent({ connect: { socketPath: site.socket } });
  t.teardown(() => dispatcher.close());
  const { statusCode, body } = await request("http://whatever/v1/servers", { dispatcher });
  await body.dump();
  t.equal(statusCode, 200, "on the Unix socket whatever the Host says: no browser comes that way");
});

t.test("a page in a browser changes and reads nothing for its maker [C2: no CSRF]", async (t) => {
  const site = await startAdminSite(t);
  const { host } = new URL(site.admin.address);
  const foreign: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:8080" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ];
  for (const headers of foreign) {
    for (const [path, options] of [READ, MODE, APPLY]) {
      const answer = await site.call(path, { ...options, headers });
      t.match(answer.body, { status: 403, code: "FORBIDDEN" }, `${path} ${JSON.stringify(headers)}`);
    }
  }
  for (const headers of [{ "sec-fetch-site": "same-origin" }, { origin: `http://${host}` }]) {
    const answer = await site.call(MODE[0], { ...MODE[1], headers });
    t.equal(answer.status, 403, "not even one that was opened here");
  }
  const preflight = { origin: "https://evil.example", "access-control-request-method": "PUT" };
  const asked = await site.call("/v1/servers/Server01/mode", { method: "OPTIONS", headers: preflight });
  t.not(asked.status, 200);
  t.equal(asked.headers["access-control-allow-origin"], undefined);
  t.equal(site.operations.entries.length, 1, "nothing has changed");
});

t.test("a name that was turned to this machine leads nowhere [DNS rebinding]", async (t) => {
  const site = await startAdminSite(t);
  const { port } = new URL(site.admin.address);
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1.evil.example",
    "[2001:db8::1]:9700",
  ]) {
    t.match((await site.call("/v1/servers", { headers: { host } })).body, { status: 403 }, host);
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, "LOCALHOST"]) {
    t.equal((await site.call("/v1/servers", { headers: { host } })).status, 200, host);
  }
});

t.test("an operator who opens the address in a browser may look", async (t) => {
  const site = await startAdminSite(t);
  const headers = { "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  const answer = await site.call("/", { headers });
  t.match(answer, { status: 200, body: { name: "tidegate", links: { servers: "/v1/servers" } } });
});

t.test("an address that others can reach is refused without a tokens file", async (t) => {
  for (const listen of ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"]) {
    const settings = { listen, socket: "", tokensFile: "" };
    const fault = await faultOf(
      startAdmin({ settings, operations: new FakeOperations(), log: SILENT_LOG, version: "0" }),
    );
    t.match(fault, { code: "BAD_SETTINGS", message: /others could reach it/, hint: /tokensFile/ }, listen);
  }
});

t.test("tokens that others can read are refused at start", async (t) => {
  const folder = testFolder(t);
  const tokensFile = join(folder, "tokens");
  const start = (): Promise<unknown> =>
    startAdmin({
      settings: { listen: "127.0.0.1:0", socket: "", tokensFile },
      operations: new FakeOperations(),
      log: SILENT_LOG,
      version: "0",
    });
  t.match(await faultOf(start()), { code: "FILE_UNREADABLE", message: /it is not there/ });
  writeFileSync(tokensFile, TOKENS_TEXT);
  for (const mode of [0o644, 0o620, 0o602]) {
    chmodSync(tokensFile, mode);
    t.match(await faultOf(start()), { code: "FILE_UNREADABLE", hint: /chmod 600/ }, mode.toString(8));
  }
  writeFileSync(tokensFile, "vera viewer short\n");
  chmodSync(tokensFile, 0o600);
  t.match(await faultOf(start()), { code: "BAD_SETTINGS", details: [/:1:1: .*less than 16/] });
});

t.test("every mistake in a tokens file is told with its line", async (t) => {
  const text = "one viewer\ntwo boss 0123456789abcdef\n\n# a comment\nvera viewer 0123456789abcdef more\n";
  const parsed = parseTokens(text, "tokens");
  t.match(parsed, {
    ok: false,
    fault: { details: [/^tokens:1:1: a line has/, /^tokens:2:1: "boss" is no role/, /^tokens:5:1: /] },
  });
  t.match(parseTokens("a viewer 0123456789abcdef\na viewer 0123456789abcdeg\n", "f"), {
    ok: false,
    fault: { details: [/^f:2:1: there is a token for "a" already/] },
  });
  t.match(parseTokens("# nobody\n", "f"), { ok: false });
  t.notMatch(JSON.stringify(parsed), /0123456789abcdef/, "no token is shown");
});

t.test("a tokens file that changes holds at once; one that goes bad changes nothing", async (t) => {
  const logged: string[] = [];
  const log = { ...SILENT_LOG, error: (_fields: object, message: string) => void logged.push(message) };
  const site = await startAdminSite(t, { tokens: TOKENS_TEXT, log });
  const file = join(site.folder, "tokens");
  const status = async (token: string): Promise<number> =>
    (await site.call("/v1/servers", { headers: bearer(token) })).status;
  const fresh = "fresh-token-0123456789";
  writeFileSync(`${file}.new`, `fred viewer ${fresh}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  t.equal(await status(fresh), 200);
  t.equal(await status(TOKENS.viewer), 401, "a token that was taken out is out");
  writeFileSync(file, "nonsense\n");
  t.equal(await status(fresh), 200);
  rmSync(file);
  t.equal(await status(fresh), 200);
  t.equal(await status("anything-0123456789"), 401, "nobody else is let in");
  t.equal(logged.length, 2);
});
