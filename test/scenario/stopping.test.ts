// How Tidegate ends, by its operator's wish or not, and what its users see of it.

import { once } from "node:events";
import net from "node:net";
import t, { type Test } from "tap";
import { WebSocket } from "ws";
import { type Site, startSite } from "../support/site.ts";
import { type Answer, type Broken, UserClient } from "../support/user-client.ts";

t.setTimeout(170_000);

const HELD = 10;

/** Requests under way at both workers; they are answered when the server is told to. */
async function holdRequests(t: Test, site: Site): Promise<Promise<readonly (Answer | Broken)[]>[]> {
  const clients = Array.from({ length: HELD }, () => new UserClient(site.port));
  t.teardown(() => {
    for (const client of clients) client.close();
  });
  const answers = Promise.all(clients.map((client) => client.ask({ path: "/app/hold?name=x" })));
  await site.until("all are under way", async () => (await site.openWork()).inFlight === 2 * HELD);
  return [answers]; // in a list, lest the promise be waited for here
}

async function release(site: Site): Promise<void> {
  for (const { port } of site.servers) {
    const direct = new UserClient(port);
    await direct.ask({ method: "POST", path: "/app/release?name=x" });
    direct.close();
  }
}

async function isRefused(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket.on("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}

/** Every process of the tree, as a terminal's Ctrl-C or a service manager reaches them. */
function signalAll(site: Site, signal: "SIGINT" | "SIGTERM"): void {
  for (const address of ["worker:0", "worker:1", "control"]) process.kill(site.pidOf(address), signal);
  site.keeper.kill(signal);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  t.test(`${signal} to all of its processes lets the requests under way finish [F3]`, async (t) => {
    const site = await startSite(t, { servers: [{}, {}], workers: 2, stopGrace: "20s" });
    const [answers] = await holdRequests(t, site);
    const exited = once(site.keeper, "exit");
    signalAll(site, signal);
    await site.until("nobody new is let in", () => isRefused(site.port));
    await release(site);
    for (const answer of (await answers) ?? [])
      t.match(answer, { kind: "answer", status: 200, headers: { connection: "close" } });
    t.same(await exited, [0, null]);
  });
}

t.test("who has not finished within the grace is let go, and all processes end", async (t) => {
  const site = await startSite(t, { servers: [{}, {}], workers: 2, stopGrace: "1s" });
  const [answers] = await holdRequests(t, site);
  const socket = new WebSocket(`ws://127.0.0.1:${site.port}/app/socket`);
  await once(socket, "message");
  const closed = once(socket, "close");
  const pids = ["worker:0", "worker:1", "control"].map((address) => site.pidOf(address));
  t.equal(await site.stop(), 0);
  for (const answer of (await answers) ?? []) t.match(answer, { kind: "broken" });
  const [code] = await closed;
  t.equal(code, 1012, "a WebSocket is told to come again");
  for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

t.test("a killed worker takes its own connections with it, and no other [F2]", async (t) => {
  const site = await startSite(t, { servers: [{}, {}], workers: 2 });
  const sockets = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${site.port}/app/socket`);
      await once(socket, "message");
      return socket;
    }),
  );
  t.teardown(() => {
    for (const socket of sockets) socket.terminate();
  });
  const workers = async () => (await site.routers()).flatMap((router) => router.workers);
  await site.until(
    "all are counted",
    async () => (await workers()).reduce((sum, worker) => sum + worker.connections, 0) === sockets.length,
  );
  const own = (await workers()).find(({ slot }) => slot === 0)?.connections ?? 0;
  let closed = 0;
  for (const socket of sockets) socket.on("close", () => (closed += 1));
  const victim = await site.kill("worker:0");
  await site.until("its connections are gone", () => closed >= own);
  await site.workerServes("worker:0", victim);
  const open = sockets.filter((socket) => socket.readyState === WebSocket.OPEN);
  t.equal(open.length, sockets.length - own);
  for (const socket of open) {
    const echo = once(socket, "message");
    socket.send("still here?");
    t.equal(String((await echo)[0]), "still here?");
  }
  await site.until(
    "tunnels of the dead are not counted",
    async () => (await site.openWork()).tunnels === open.length,
  );
});

t.test("after a killed keeper another Tidegate serves at the same address at once [F2]", async (t) => {
  const site = await startSite(t, { servers: [{}, {}], workers: 2 });
  const { port } = site;
  const client = new UserClient(port);
  t.teardown(() => client.close());
  t.match(await client.ask({ path: "/app/plain" }), { status: 200 });
  await site.killKeeper();
  await site.run();
  t.equal(site.port, port);
  const other = new UserClient(port);
  t.teardown(() => other.close());
  t.match(await other.ask({ path: "/app/plain" }), { status: 200 });
});
