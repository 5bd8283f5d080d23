import { EventEmitter, once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { MODES } from "../src/domain/mode.ts";
import { testFolder } from "./support/admin-site.ts";
import { LogLines } from "./support/log-lines.ts";
import { startTidegate, tidegate } from "./support/tidegate.ts";

t.setTimeout(150_000); // every command is a process of its own

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");

/** The fenced blocks, with the word behind the first fence. */
const BLOCKS = [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
  language,
  text,
}));

function yamlBlock(has: RegExp): string {
  const found = BLOCKS.find(({ language, text }) => language === "yaml" && has.test(text));
  if (found === undefined) throw new Error(`The README has no YAML with ${has}`);
  return found.text;
}

/** Every `tidegate …` of the blocks and of the text between, each once, as words. */
function commands(): readonly string[][] {
  const ofBlocks = BLOCKS.flatMap(({ text }) => text.match(/^(npx )?tidegate .*$/gm) ?? []);
  const prose = README.replace(/^```[\s\S]*?^```$/gm, "").replace(/\s+/g, " ");
  const ofProse = [...prose.matchAll(/`(tidegate [^`]+)`/g)].map(([, line = ""]) => line);
  const lines = [...ofBlocks, ...ofProse].map((line) => words(line).join("\0"));
  return [...new Set(lines)].map((line) => line.split("\0"));
}

/** As a shell takes them, without the program and the comment. */
function words(line: string): string[] {
  const parts = line.replace(/ +# .*$/, "").match(/"[^"]*"|\S+/g) ?? [];
  const plain = parts.map((part) =>
    part.replace(/^"(.*)"$/, "$1").replace("FINGERPRINT", "9f86d081884c7d65"),
  );
  return plain.slice(plain.indexOf("tidegate") + 1);
}

/** A listener in place of a server; it answers nothing. */
async function listen(t: Test, onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(onConnection).listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Listeners in place of the servers of edition 2, which are asked before it is started: how a word reads with their ports. */
async function startEdition2(t: Test): Promise<(word: string) => string> {
  const ports = new Map<string, number>();
  for (const written of ["9083", "9084"]) ports.set(written, await listen(t, (socket) => socket.destroy()));
  return (word) => word.replace(/=127\.0\.0\.1:(\d+)/, (_, port) => `=127.0.0.1:${ports.get(port)}`);
}

/** Puts listeners in place of the servers of edition 1. Returns what sends a request there that stays in flight until it is ended. */
async function startEdition1(t: Test, folder: string): Promise<(port: number) => Promise<Socket>> {
  const arrivals = new EventEmitter();
  const file = join(folder, "domain.yaml");
  let yaml = readFileSync(file, "utf8");
  for (const written of ["9081", "9082"]) {
    const port = await listen(t, (socket) => {
      t.teardown(() => socket.destroy());
      socket.on("error", () => {}).once("data", () => arrivals.emit("request"));
    });
    yaml = yaml.replace(`127.0.0.1:${written}`, `127.0.0.1:${port}`);
  }
  writeFileSync(file, yaml);
  return async (port) => {
    const user = connect(port, "127.0.0.1");
    t.teardown(() => user.destroy());
    user.on("error", () => {}).write("GET /shop/ HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    await once(arrivals, "request");
    return user;
  };
}

/** A folder with the two files of the README. */
function ownSite(t: Test): string {
  const folder = testFolder(t);
  writeFileSync(join(folder, "tidegate.yaml"), yamlBlock(/^include:/m));
  writeFileSync(join(folder, "domain.yaml"), yamlBlock(/^applications:/m));
  return folder;
}

/** Runs Tidegate on the files, with ports that are free. */
async function runSite(
  t: Test,
  folder: string,
): Promise<{ readonly port: number; stop(): Promise<number | null> }> {
  const file = join(folder, "tidegate.yaml");
  const settings = readFileSync(file, "utf8").replace("0.0.0.0:8080", "127.0.0.1:0");
  writeFileSync(file, `${settings}admin: { listen: off }\n`);
  const child = startTidegate(t, ["run", "--config", "tidegate.yaml"], { folder });
  const log = new LogLines();
  log.follow(child.stdout);
  log.follow(child.stderr);
  await log.find(({ msg }) => msg === "Control is ready");
  const { msg } = await log.find((line) => line.msg.includes("listener http: "));
  return {
    port: Number(/:(\d+)$/.exec(msg)?.[1]),
    async stop() {
      child.kill("SIGTERM");
      const [status] = await once(child, "close");
      return status;
    },
  };
}

t.test("check finds no mistake in the two files of the README, and nothing to remark", async (t) => {
  const folder = ownSite(t);
  const checked = await tidegate(["check", "tidegate.yaml", "domain.yaml"], { folder });
  t.equal(checked.status, 0);
  t.equal(checked.err, "");
});

t.test("every command of the README does what it says, on a site of the README's files", async (t) => {
  const folder = ownSite(t);
  const send = await startEdition1(t, folder);
  const site = await runSite(t, folder);
  const lines = commands();
  const withPorts = await startEdition2(t);
  let user: Socket | undefined;
  t.ok(lines.length > 12);
  for (const args of lines) {
    if (args[0] === "run") continue; // it runs already
    if (args[0] === "start") user = await send(site.port); // edition 1 is not drained before it is rolled back to
    const { status, out, err } = await tidegate(args.map(withPorts), { folder });
    t.equal(status, 0, `tidegate ${args.join(" ")}\n${err}`);
    t.not(out, "", args.join(" "));
  }
  user?.destroy();
  t.equal(await site.stop(), 0);
});

t.test("the line that mode prints is the README's", async (t) => {
  const folder = ownSite(t);
  const site = await runSite(t, folder);
  const { out } = await tidegate(["mode", "Server01", "break"], { folder });
  const printed = BLOCKS.map(({ text }) => text).find((text) => text.startsWith("Server01: mode break"));
  t.equal(printed?.replace(/\d+ requests in flight/, "0 requests in flight"), out);
  t.equal(await site.stop(), 0);
});

t.test("the lines that start prints are the README's", async (t) => {
  const folder = ownSite(t);
  const site = await runSite(t, folder);
  const withPorts = await startEdition2(t);
  const run = async (verb: string): Promise<string> => {
    const args = commands().find(([first]) => first === verb) ?? [];
    return (await tidegate(args.map(withPorts), { folder })).out;
  };
  await run("distribute");
  const printed = README.replace(/^ {3}/gm, "").match(
    /^shop: edition "1" retiring(.|\n)*? rolls back\n/m,
  )?.[0];
  const revision = (text: string | undefined) => text?.replace(/revision \d+/, "revision R");
  t.equal(revision(printed), revision(await run("start")));
  t.equal(await site.stop(), 0);
});

t.test("files, npm scripts and modes that the README names are there", async (t) => {
  for (const page of ["README.md", "test/README.md"]) {
    const text = readFileSync(join(ROOT, page), "utf8");
    const links = [...text.matchAll(/\]\(([^):]+)\)/g)].map(([, path = ""]) => path);
    t.ok(links.length > 5);
    for (const path of links) t.ok(existsSync(join(ROOT, dirname(page), path)), `${page}: ${path}`);
  }
  const tests = readFileSync(join(ROOT, "test", "README.md"), "utf8").matchAll(
    /`(\w+(?:\/[\w-]+)?)`(?=,| \|)/g,
  );
  for (const [, file = ""] of tests) t.ok(existsSync(join(ROOT, "test", `${file}.test.ts`)), file);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const [, script = "", test] of README.matchAll(/npm (?:run (\w+)|(test|start))/g)) {
    t.hasProp(scripts, script === undefined || script === "" ? (test ?? "start") : script);
  }
  const rows = [...README.matchAll(/^\| `(normal|affinity|break|stop)` \|/gm)].map(([, mode]) => mode);
  t.same(rows, MODES);
});
