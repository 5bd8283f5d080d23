import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import WebSocket from "ws";
import { unwrap } from "../src/base/result.ts";
import { readProcessSettings } from "../src/settings/read-process-settings.ts";
import { readResources } from "../src/settings/read-resources.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface RunningShop {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Starts a shop server on a free port. */
async function startShop(test: Test, name: string, route: string, edition = "1"): Promise<RunningShop> {
  const args = ["dist/demo/shop.js", "--port", "0", "--name", name, "--route", route, "--edition", edition];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  test.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL"))
      await once(child, "exit");
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const url = /http:\/\/[\d.:]+/.exec(said.toString())?.[0] ?? "";
  return { url, child };
}

function cookieOf(response: Response): string {
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

t.test("the shop keeps a cart in a session whose cookie ends in the server's route", async (t) => {
  const { url } = await startShop(t, "Server01", "s1");
  const first = await fetch(`${url}/shop/`);
  const cookie = cookieOf(first);
  t.match(cookie, /^JSESSIONID=[0-9a-f]{32}:s1$/);
  const page = await first.text();
  t.match(page, /<title>Tide &amp; Bean, served by Server01<\/title>/);
  t.notMatch(page, /(src|href)="(https?:)?\/\//, "nothing comes from outside");

  for (let times = 0; times < 2; times += 1) {
    const added = await fetch(`${url}/shop/cart`, {
      method: "POST",
      headers: { cookie, accept: "application/json" },
      body: new URLSearchParams({ product: "ebb", change: "1" }),
    });
    t.equal(added.status, 200);
    t.equal(cookieOf(added), "", "the session is the same");
  }
  const session = (await (await fetch(`${url}/shop/api/session`, { headers: { cookie } })).json()) as object;
  t.match(session, {
    server: "Server01",
    edition: "1",
    requests: 4,
    pieces: 2,
    cart: { ebb: 2 },
    isLost: false,
  });
});

t.test("the shop works without its script: a form answers with a redirect to the cart", async (t) => {
  const { url } = await startShop(t, "Server01", "s1");
  const cookie = cookieOf(await fetch(`${url}/shop/`));
  const answer = await fetch(`${url}/shop/cart`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie },
    body: new URLSearchParams({ product: "mill", change: "1" }),
  });
  t.equal(answer.status, 303);
  t.equal(answer.headers.get("location"), "/shop/#cart");
  const page = await (await fetch(`${url}/shop/`, { headers: { cookie } })).text();
  t.match(page, /Tide Mill<\/span>/);
});

t.test("another server does not know the session, says so, and gives a new one", async (t) => {
  const [one, other] = [await startShop(t, "Server01", "s1"), await startShop(t, "Server02", "s2", "2")];
  const cookie = cookieOf(await fetch(`${one.url}/shop/`));
  const moved = await fetch(`${other.url}/shop/`, { headers: { cookie } });
  t.match(cookieOf(moved), /:s2$/);
  const page = await moved.text();
  t.match(page, /Your earlier session is not known to Server02/);
  t.match(page, /class="next"/, "and the next edition looks different");
});

t.test("logging out deletes the cookie and tells the router that the session is over [A4]", async (t) => {
  const { url } = await startShop(t, "Server01", "s1");
  const cookie = cookieOf(await fetch(`${url}/shop/`));
  const out = await fetch(`${url}/shop/logout`, { method: "POST", redirect: "manual", headers: { cookie } });
  t.equal(out.headers.get("session-ended"), "1");
  t.match(out.headers.get("set-cookie"), /^JSESSIONID=; Path=\/shop; Max-Age=0/);
  const after = (await (await fetch(`${url}/shop/api/session`, { headers: { cookie } })).json()) as object;
  t.match(after, { isLost: true, requests: 1 });
});

t.test(
  "when a shop server stops it tells its WebSockets and streams, and lets requests finish",
  async (t) => {
    const { url, child } = await startShop(t, "Server01", "s1");
    const socket = new WebSocket(`${url.replace("http", "ws")}/shop/live`);
    const [hello] = (await once(socket, "message")) as [Buffer];
    t.match(JSON.parse(hello.toString()), { server: "Server01", edition: "1" });
    const stream = await fetch(`${url}/shop/events`);
    const reader = stream.body?.getReader();
    const read = await reader?.read();
    t.match(Buffer.from(read?.value ?? []).toString(), /^event: hello\ndata: \{"server":"Server01"/);

    const slow = http.get(`${url}/shop/slow?ms=300`, { headers: { expect: "100-continue" } });
    const answered = once(slow, "response") as Promise<[http.IncomingMessage]>;
    await once(slow, "continue"); // it has arrived
    const closed = once(socket, "close") as Promise<[number, Buffer]>;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    const [code, reason] = await closed;
    t.equal(code, 1001);
    t.equal(reason.toString(), "Server01 stops");
    while (!(await reader?.read())?.done);
    const [answer] = await answered;
    t.equal(answer.resume().statusCode, 200, "the request under way was answered");
    t.same(await exited, [0, null]);
  },
);

t.test("strange requests to the shop get an answer and do not end it [F5]", async (t) => {
  const { url } = await startShop(t, "Server01", "s1");
  t.equal((await fetch(`${url}//`)).status, 404);
  t.equal((await fetch(`${url}/shop/nothing`)).status, 404);
  const unknown = await fetch(`${url}/shop/cart`, { method: "POST", body: "product=__proto__" });
  t.equal(unknown.status, 400);
  t.equal((await fetch(`${url}/shop/health`)).status, 200);
});

t.test("the settings of the demo have no mistake", (t) => {
  const read = (file: string): string => readFileSync(`${ROOT}demo/${file}`, "utf8");
  const context = { file: `${ROOT}demo/tidegate.yaml`, hostName: "demo", cpus: 2 };
  const settings = unwrap(readProcessSettings(read("tidegate.yaml"), context));
  t.equal(settings.include, `${ROOT}demo/domain.yaml`);
  const readFile = () => {
    throw new Error("the demo has no maintenance page");
  };
  const resources = unwrap(readResources(read("domain.yaml"), { file: "domain.yaml", readFile }));
  t.same(
    resources.servers.map(({ name, address }) => `${name} ${address}`),
    ["Server01 127.0.0.1:9081", "Server02 127.0.0.1:9082"],
  );
  t.same(
    resources.applications[0]?.editions.map(({ label, initialState }) => `${label} ${initialState}`),
    ["1 running", "2 distributed"],
  );
  t.end();
});

t.test("every file that the Dockerfile copies exists and is let through by .dockerignore", (t) => {
  const dockerfile = readFileSync(`${ROOT}Dockerfile`, "utf8");
  const passed = readFileSync(`${ROOT}.dockerignore`, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = ""]) =>
    names.split(" "),
  );
  t.ok(copied.length >= 6);
  for (const name of copied) {
    t.ok(existsSync(`${ROOT}${name}`), `${name} exists`);
    t.ok(
      passed.some((path) => name === path || name.startsWith(`${path}/`)),
      `${name} is let through`,
    );
  }
  const container = readFileSync(`${ROOT}config/container.yaml`, "utf8");
  const context = { file: "/etc/tidegate/tidegate.yaml", hostName: "box", cpus: 2 };
  t.match(unwrap(readProcessSettings(container, context)), { dataDir: "/var/lib/tidegate" });
  t.end();
});
