import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { connect, isAlive, startTree, type Tree, treeSettings } from "./keeper/fixtures/tree.ts";

// Real processes on a busy machine; the runner has a limit for the whole file.
t.setTimeout(150_000);

const isReady = (address: string) => (line: { readonly by: string; readonly event: string }) =>
  line.by === address && line.event === "ready";

/** Connects again and again, one after another, until told to stop; answers how many came through. Throws at a refusal. */
function keepConnecting(port: number): { stop(): Promise<number> } {
  let isOver = false;
  let count = 0;
  const running = (async () => {
    while (!isOver) {
      const { socket } = await connect(port);
      socket.destroy();
      count += 1;
    }
  })();
  // A failure is seen where the result is awaited.
  running.catch(() => undefined);
  return {
    async stop() {
      isOver = true;
      await running;
      return count;
    },
  };
}

/** A folder whose path is short enough for a Unix socket. */
async function shortFolder(test: { teardown(end: () => unknown): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidegate-"));
  test.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Connects once, and says whether the connection was refused. */
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

async function readyTree(
  test: { teardown(end: () => unknown): void; testdir(): string },
  options: Omit<Parameters<typeof treeSettings>[0], "dataDir">,
): Promise<Tree> {
  const tree = await startTree(test, treeSettings({ dataDir: test.testdir(), ...options }));
  for (let slot = 0; slot < options.workers; slot += 1) await tree.hears(isReady(`worker:${slot}`));
  return tree;
}

t.test(
  "a killed worker is replaced, its neighbours go on, and no connection is refused meanwhile [F2]",
  async (t) => {
    const tree = await readyTree(t, { workers: 2 });
    const port = tree.ports[0] ?? 0;
    const victim = await tree.hears(isReady("worker:0"));
    const neighbour = await tree.hears(isReady("worker:1"));
    const from = tree.said.length;
    // Only whole connects count here: a connection that the victim had accepted dies with it, and that is not a refusal.
    let refused = 0;
    let isOver = false;
    const running = (async () => {
      while (!isOver) if (await isRefused(port)) refused += 1;
    })();
    process.kill(victim.pid, "SIGKILL");
    const next = await tree.hears(isReady("worker:0"), from);
    isOver = true;
    await running;
    t.not(next.incarnation, victim.incarnation);
    t.equal(refused, 0);
    t.ok(isAlive(neighbour.pid));
  },
);

t.test(
  "with every worker killed at once, connections wait for the next ones instead of being refused [F2]",
  async (t) => {
    const tree = await readyTree(t, { workers: 2 });
    const victims = [await tree.hears(isReady("worker:0")), await tree.hears(isReady("worker:1"))];
    for (const victim of victims) process.kill(victim.pid, "SIGKILL");
    for (const victim of victims) await tree.logs(`"pid":${victim.pid},"how":"SIGKILL"`);
    const { socket, greeting } = await connect(tree.ports[0] ?? 0);
    t.notOk(victims.some((victim) => victim.incarnation === greeting.incarnation));
    socket.destroy();
  },
);

t.test("a killed control process is replaced, and workers serve on meanwhile [F1] [F2]", async (t) => {
  const tree = await readyTree(t, { workers: 2 });
  const control = await tree.hears((line) => line.by === "control" && line.event === "start");
  const from = tree.said.length;
  const connecting = keepConnecting(tree.ports[0] ?? 0);
  process.kill(control.pid, "SIGKILL");
  const next = await tree.hears((line) => line.by === "control" && line.event === "start", from);
  t.not(next.pid, control.pid);
  const peers = await tree.hears((line) => line.by === "control" && line.event === "peers", from);
  t.equal(peers.detail, "0,1", "the new control process is told which workers there are");
  t.ok((await connecting.stop()) > 0);
});

t.test("messages reach the processes at their address, in order, and no one else", async (t) => {
  const tree = await readyTree(t, { workers: 3 });
  tree.keeper.kill("SIGHUP");
  await tree.hears((line) => line.detail === "worker:1 heard: to worker:1 again");
  await tree.hears((line) => line.detail === "worker:0 heard: to workers");
  await tree.hears((line) => line.detail === "worker:2 heard: to workers");
  const heard = (by: string) =>
    tree.said.filter((line) => line.by === by && line.event === "mark").map((line) => line.detail);
  t.same(heard("worker:0"), ["to workers"]);
  t.same(heard("worker:1"), ["to workers", "to worker:1", "to worker:1 again"]);
  t.same(heard("worker:2"), ["to workers"]);
});

t.test(
  "a worker that reads none of its messages is killed and started again, and memory stays bounded [F4]",
  async (t) => {
    const tree = await readyTree(t, { workers: 2, domain: "flood" });
    const stuck = await tree.hears(isReady("worker:1"));
    await tree.hears((line) => line.by === "control" && line.event === "start");
    process.kill(stuck.pid, "SIGSTOP");
    const from = tree.said.length;
    for (let flood = 0; flood < 2; flood += 1) {
      const before = tree.said.length;
      tree.keeper.kill("SIGHUP");
      await tree.hears((line) => line.detail === "worker:0 heard: flooded", before);
    }
    await tree.logs("does not read its messages and is killed");
    const next = await tree.hears(isReady("worker:1"), from);
    t.not(next.pid, stuck.pid);
  },
);

t.test("SIGUSR2 replaces every worker, old connections finish, and none is refused [F3]", async (t) => {
  const tree = await readyTree(t, { workers: 2, stopGraceMs: 10_000 });
  const port = tree.ports[0] ?? 0;
  const olds = [await tree.hears(isReady("worker:0")), await tree.hears(isReady("worker:1"))];
  const held = await connect(port);
  const from = tree.said.length;
  const connecting = keepConnecting(port);
  tree.keeper.kill("SIGUSR2");
  for (const old of olds) {
    const next = await tree.hears(isReady(old.by), from);
    await tree.hears((line) => line.pid === old.pid && line.event === "stop", from);
    t.ok(
      tree.said.indexOf(next) < tree.said.findIndex((line) => line.pid === old.pid && line.event === "stop"),
      "the old worker is stopped only when the new one is ready",
    );
  }
  t.ok((await connecting.stop()) > 0);
  const holder = olds.findIndex((old) => old.pid === held.greeting.pid);
  await tree.hears(
    (line) => line.event === "peers" && line.detail === (holder === 0 ? "0,0,1" : "0,1,1"),
    from,
  );
  held.socket.write("still here?");
  const [echo] = await once(held.socket, "data");
  t.equal(String(echo), "still here?", "a connection to an old worker goes on");
  const before = tree.said.length;
  held.socket.end();
  await tree.hears((line) => line.event === "peers" && line.detail === "0,1", before);
  const { socket, greeting } = await connect(port);
  t.notOk(olds.some((old) => old.incarnation === greeting.incarnation));
  socket.destroy();
});

t.test("a worker that was replaced is told when its successor stops as well [F3]", async (t) => {
  const tree = await readyTree(t, { workers: 1, stopGraceMs: 10_000 });
  const held = await connect(tree.ports[0] ?? 0);
  const isStop = (line: { readonly pid: number; readonly event: string }) =>
    line.pid === held.greeting.pid && line.event === "stop";
  tree.keeper.kill("SIGUSR2");
  t.equal((await tree.hears(isStop)).detail, "has a successor");
  const from = tree.said.length;
  tree.keeper.kill("SIGTERM");
  t.equal((await tree.hears(isStop, from)).detail, "for good");
  held.socket.destroy();
  await once(tree.keeper, "exit");
});

t.test("a replacement that dies at its start leaves the old workers serving [F3]", async (t) => {
  const tree = await readyTree(t, { workers: 2, domain: "broken-replacement" });
  tree.keeper.kill("SIGUSR2");
  await tree.logs("Cannot replace the workers");
  const { socket, greeting } = await connect(tree.ports[0] ?? 0);
  const olds = tree.said.filter((line) => line.event === "ready").map((line) => line.incarnation);
  t.equal(olds.length, 2);
  t.ok(olds.includes(greeting.incarnation));
  socket.destroy();
});

t.test(
  "workers that die at every start are started slower and slower, said so, and the keeper lives on",
  async (t) => {
    const tree = await startTree(t, treeSettings({ dataDir: t.testdir(), workers: 1, domain: "crash-loop" }));
    await tree.logs("keeps dying soon after its start");
    t.equal(tree.keeper.exitCode, null);
    const control = tree.said.find((line) => line.by === "control" && line.event === "start");
    t.ok(control !== undefined && isAlive(control.pid), "control is not concerned");
  },
);

t.test("when the keeper is killed its processes end, and a new one opens the same port [F2]", async (t) => {
  const dataDir = t.testdir();
  const tree = await startTree(t, treeSettings({ dataDir, workers: 2 }));
  const port = tree.ports[0] ?? 0;
  await tree.hears(isReady("worker:0"));
  await tree.hears(isReady("worker:1"));
  const held = await connect(port);
  const isClosed = once(held.socket, "close");
  await tree.hears((line) => line.by === "control" && line.event === "start");
  tree.keeper.kill("SIGKILL");
  const next = await startTree(t, treeSettings({ dataDir, workers: 2, addresses: [`127.0.0.1:${port}`] }));
  await next.hears(isReady("worker:0"));
  const { socket } = await connect(port);
  socket.destroy();
  await isClosed;
  await tree.hears((line) => line.by === "control" && line.event === "stop");
});

t.test("SIGTERM stops all processes, waits for their connections, and releases port and files", async (t) => {
  const dataDir = t.testdir();
  const tree = await startTree(t, treeSettings({ dataDir, workers: 2, stopGraceMs: 10_000 }));
  const port = tree.ports[0] ?? 0;
  await tree.hears(isReady("worker:0"));
  await tree.hears(isReady("worker:1"));
  t.equal(await readFile(join(dataDir, "tidegate.pid"), "utf8"), `${tree.keeper.pid}\n`);
  const held = await connect(port);
  tree.keeper.kill("SIGTERM");
  await tree.hears((line) => line.by === "worker:0" && line.event === "stop");
  await tree.hears((line) => line.by === "worker:1" && line.event === "stop");
  t.equal(tree.said.filter((line) => line.by === "control" && line.event === "stop").length, 0);
  held.socket.write("one more");
  t.equal(String((await once(held.socket, "data"))[0]), "one more");
  held.socket.end();
  const [status] = await once(tree.keeper, "exit");
  t.equal(status, 0);
  t.ok(tree.said.some((line) => line.by === "control" && line.event === "stop"));
  t.ok(await isRefused(port));
  await t.rejects(stat(join(dataDir, "tidegate.pid")), { code: "ENOENT" });
});

t.test(
  "signals that reach the whole group, as Ctrl-C does, leave the workers to the keeper [F3]",
  async (t) => {
    const tree = await readyTree(t, { workers: 1 });
    const control = await tree.hears((line) => line.by === "control" && line.event === "start");
    const held = await connect(tree.ports[0] ?? 0);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) {
      process.kill(held.greeting.pid, signal);
      process.kill(control.pid, signal);
    }
    held.socket.write("still here?");
    const [echo] = await once(held.socket, "data");
    t.equal(String(echo), "still here?");
    const from = tree.said.length;
    tree.keeper.kill("SIGHUP");
    const heard = await tree.hears((line) => line.detail === "worker:0 heard: to workers", from);
    t.equal(heard.pid, control.pid, "control is the same one too");
    held.socket.destroy();
  },
);

t.test("a second signal ends everything at once", async (t) => {
  const tree = await readyTree(t, { workers: 1, stopGraceMs: 60_000 });
  const held = await connect(tree.ports[0] ?? 0);
  tree.keeper.kill("SIGTERM");
  await tree.hears((line) => line.by === "worker:0" && line.event === "stop");
  // One that comes sooner is the first one, passed on by npx or the terminal: here it is the time itself that counts.
  await new Promise((resolve) => setTimeout(resolve, 300));
  tree.keeper.kill("SIGTERM");
  const [status] = await once(tree.keeper, "exit");
  t.equal(status, 0);
  t.ok(tree.logged.some((line) => line.includes('"Stopping at once"')));
  held.socket.destroy();
});

t.test("one Ctrl-C that arrives twice, from the terminal and from npx, stops gently", async (t) => {
  const tree = await readyTree(t, { workers: 1, stopGraceMs: 60_000 });
  const held = await connect(tree.ports[0] ?? 0);
  tree.keeper.kill("SIGINT");
  await tree.logs("Stopping; a second signal");
  tree.keeper.kill("SIGINT");
  await tree.hears((line) => line.by === "worker:0" && line.event === "stop");
  held.socket.destroy();
  const [status] = await once(tree.keeper, "exit");
  t.equal(status, 0);
  t.notOk(tree.logged.some((line) => line.includes('"Stopping at once"')));
});

t.test(
  "listeners on IPv6 and on a Unix socket are served, and the file of a dead one is no obstacle",
  async (t) => {
    const dataDir = await shortFolder(t);
    const path = join(dataDir, "front.sock");
    const addresses = ["[::1]:0", `unix:${path}`];
    const tree = await startTree(t, treeSettings({ dataDir, workers: 1, addresses }));
    await tree.hears(isReady("worker:0"));
    const first = await connect(path);
    t.equal(first.greeting.listenerIndex, 1);
    first.socket.destroy();
    tree.keeper.kill("SIGKILL");
    const next = await startTree(t, treeSettings({ dataDir, workers: 1, addresses }));
    await next.hears(isReady("worker:0"));
    const second = await connect(path);
    second.socket.destroy();
    next.keeper.kill("SIGTERM");
    await once(next.keeper, "exit");
    await t.rejects(stat(path), { code: "ENOENT" });
  },
);
