import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import t from "tap";
import { startAdmin } from "../../src/admin/start-admin.ts";
import { SILENT_LOG } from "../../src/base/log.ts";
import { startAdminSite, TOKENS, TOKENS_TEXT, testFolder } from "../support/admin-site.ts";
import { FakeOperations } from "../support/fake-operations.ts";
import { tidegate } from "../support/tidegate.ts";

t.setTimeout(150_000); // every command is a process of its own

t.test("the command finds Tidegate by option, variable or the socket nearby", async (t) => {
  const folder = testFolder(t);
  mkdirSync(join(folder, "var"));
  const socket = join(folder, "var", "control.sock");
  const admin = await startAdmin({
    settings: { listen: "127.0.0.1:0", socket, tokensFile: "" },
    operations: new FakeOperations(),
    log: SILENT_LOG,
    version: "0.0.0-test",
  });
  t.teardown(() => admin.close());
  const elsewhere = testFolder(t);
  const bare = admin.address.replace("http://", "");
  t.match(await tidegate(["servers"], { folder }), { status: 0, out: /Server01/ });
  for (const address of [admin.address, `${admin.address}/`, bare, `unix:${socket}`, socket]) {
    t.match(await tidegate(["servers", "--admin", address], { folder: elsewhere }), { status: 0 }, address);
    const env = { TIDEGATE_ADMIN: address };
    t.match(await tidegate(["servers"], { folder: elsewhere, env }), { status: 0 }, address);
  }
});

t.test("the command finds Tidegate by the tidegate.yaml nearby", async (t) => {
  const site = await startAdminSite(t);
  const folder = testFolder(t);
  mkdirSync(join(folder, "config"));
  writeFileSync(join(folder, "config", "tidegate.yaml"), `admin: { socket: "${site.socket}" }\n`);
  t.match(await tidegate(["servers"], { folder }), { status: 0, out: /Server01/ });
  const { host } = new URL(site.admin.address);
  writeFileSync(join(folder, "tidegate.yaml"), `admin: { listen: "${host}" }\n`);
  t.match(await tidegate(["servers"], { folder }), { status: 0, out: /Server01/ });
});

t.test("where settings are nearby, no other Tidegate is taken for theirs", async (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, "tidegate.yaml"), 'admin: { listen: "127.0.0.1:1" }\n');
  const socket = join(folder, "var", "control.sock");
  t.match(await tidegate(["mode", "Server01"], { folder }), {
    status: 1,
    out: "",
    err: "tidegate: Cannot reach Tidegate at http://127.0.0.1:1: nobody listens there\n",
  });
  mkdirSync(join(folder, "var"));
  writeFileSync(socket, "");
  t.match(await tidegate(["mode", "Server01"], { folder }), { status: 1, err: /control\.sock or http:/ });
  writeFileSync(join(folder, "tidegate.yaml"), "admin: 1\n");
  t.match(await tidegate(["mode", "Server01"], { folder }), { status: 1, err: /tidegate\.yaml:1:\d+: / });
});

t.test("a Tidegate that does not run is said to, with what to do", async (t) => {
  const folder = testFolder(t);
  for (const address of ["http://127.0.0.1:1", `unix:${join(folder, "none.sock")}`]) {
    const { status, out, err } = await tidegate(["servers", "--admin", address], { folder });
    t.equal(status, 1);
    t.equal(out, "");
    t.equal(
      err,
      `tidegate: Cannot reach Tidegate at ${address}: nobody listens there\n` +
        "  hint: Is Tidegate running? Start it with `tidegate run`, or name it with --admin URL\n",
    );
  }
  const wrong = await tidegate(["servers", "--admin", "http://:x"], { folder });
  t.match(wrong, { status: 2, err: /is no address of the admin API/ });
});

t.test("what is not Tidegate is not taken for it", async (t) => {
  const other = createServer((_request, response) => response.end("<h1>Hello</h1>")).listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const folder = testFolder(t);
  const asked = await tidegate(["servers", "--admin", `127.0.0.1:${port}`], { folder });
  t.match(asked, { status: 1, out: "", err: /Is it Tidegate's admin API\?/ });
});

t.test("a token is taken from a file or the environment, and a wrong one is told", async (t) => {
  const site = await startAdminSite(t, { tokens: TOKENS_TEXT });
  const { folder } = site;
  const ask = (args: string[], env = {}): ReturnType<typeof tidegate> =>
    tidegate([...args, "--admin", site.admin.address], { folder, env });
  t.match(await ask(["servers"]), {
    status: 1,
    err: /it has no token\n {2}hint: Give a token with --token-file/,
  });
  t.match(await ask(["servers"], { TIDEGATE_TOKEN: "wrong-token-0123456789" }), {
    status: 1,
    err: /its token is not known/,
  });
  t.match(await ask(["servers"], { TIDEGATE_TOKEN: TOKENS.viewer }), { status: 0 });
  t.match(await ask(["mode", "Server01"], { TIDEGATE_TOKEN: TOKENS.viewer }), {
    status: 1,
    err: /"vera" is viewer, and it needs operator/,
  });
  writeFileSync(join(folder, "mine"), `# my token\n${TOKENS.operator}\n`);
  t.match(await ask(["mode", "Server01", "--token-file", "mine"]), { status: 0 });
  t.match(site.operations.entries.at(-1)?.command.origin, { actor: "otto" });
  writeFileSync(join(folder, "line"), `anna administrator ${TOKENS.administrator}\n`);
  t.match(await ask(["servers", "--token-file", "line"]), { status: 0 });
  t.match(await ask(["servers", "--token-file", "none"]), { status: 1, err: /Cannot read the token file/ });
});
