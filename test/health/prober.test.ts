import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { SILENT_LOG } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { ProbeTarget } from "../../src/health/probe-targets.ts";
import { type ProbeChange, Prober } from "../../src/health/prober.ts";
import { systemClock } from "../../src/system/clock.ts";

const PACE = { intervalMs: 20, timeoutMs: 1000, fall: 2, rise: 2 };
const HTTP: ProbeTarget["probe"] = {
  kind: "http",
  path: "/health?deep=1",
  statusMin: 200,
  statusMax: 399,
  ...PACE,
};

/** A prober whose changes a test waits for, one after another. */
function watch(test: Test): { prober: Prober; next: () => Promise<ProbeChange>; heard: ProbeChange[] } {
  const heard: ProbeChange[] = [];
  const unread: ProbeChange[] = [];
  let wake = (): void => {};
  const prober = new Prober({
    clock: systemClock,
    random: seededRandom(1),
    log: SILENT_LOG,
    onChange(change) {
      heard.push(change);
      unread.push(change);
      wake();
    },
  });
  const alive = setInterval(() => {}, 1000); // alarms do not keep the process alive
  test.teardown(() => {
    prober.close();
    clearInterval(alive);
  });
  const next = async (): Promise<ProbeChange> => {
    for (;;) {
      const change = unread.shift();
      if (change !== undefined) return change;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { prober, next, heard };
}

interface Upstream {
  readonly server: http.Server;
  readonly address: string;
  answer: http.RequestListener;
}

/** A server whose answer a test may change; on a given port when it comes back. */
async function upstream(test: Test, port = 0): Promise<Upstream> {
  const made: Upstream = {
    server: http.createServer((request, response) => made.answer(request, response)),
    address: "",
    answer: (_, response) => response.end("well"),
  };
  made.server.listen(port, "127.0.0.1");
  await once(made.server, "listening");
  test.teardown(() => stop(made.server));
  return Object.assign(made, { address: `127.0.0.1:${(made.server.address() as net.AddressInfo).port}` });
}

function stop(server: http.Server): void {
  server.closeAllConnections();
  server.close();
}

t.test("a server that dies is told down, with the cause, and up when it is back", async (t) => {
  const site = await upstream(t);
  const { prober, next } = watch(t);
  prober.setTargets([{ server: "Server01", address: site.address, probe: HTTP }]);
  t.same(await next(), { server: "Server01", address: site.address, state: "up", cause: "" });
  t.match(prober.stateOf("Server01", site.address), { state: "up" });
  stop(site.server);
  t.match(await next(), { state: "down", cause: "connection refused" });
  await upstream(t, Number(site.address.split(":")[1]));
  t.match(await next(), { state: "up" });
});

t.test(
  "a status outside of the range is a failure, a redirect is not followed, and the path is asked as given",
  async (t) => {
    const site = await upstream(t);
    const asked: (string | undefined)[] = [];
    site.answer = (request, response) => {
      asked.push(request.url);
      response.writeHead(302, { location: "/elsewhere" }).end();
    };
    const { prober, next } = watch(t);
    prober.setTargets([{ server: "Server01", address: site.address, probe: HTTP }]);
    t.match(await next(), { state: "up" });
    site.answer = (_, response) => response.writeHead(500).end("broken");
    t.match(await next(), { state: "down", cause: "status 500" });
    t.same([...new Set(asked)], ["/health?deep=1"]);
  },
);

t.test(
  "a server that accepts and then says nothing, or stops in the middle of its answer, is down",
  async (t) => {
    const site = await upstream(t);
    const { prober, next } = watch(t);
    const hasty = { ...HTTP, timeoutMs: 60 };
    prober.setTargets([{ server: "Server01", address: site.address, probe: hasty }]);
    t.match(await next(), { state: "up" });
    site.answer = () => {};
    t.match(await next(), { state: "down", cause: "no answer within 60 ms" });
    site.answer = (_, response) => response.end("well again");
    t.match(await next(), { state: "up" });
    site.answer = (_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("half");
    };
    t.match(await next(), { state: "down", cause: "no answer within 60 ms" });
  },
);

t.test("a body without end is read up to a limit and the probe counts as good [F4]", async (t) => {
  const site = await upstream(t);
  const cutOff = new Promise<void>((resolve) => {
    site.answer = (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on("drain", more).on("close", resolve);
      more();
    };
  });
  const { prober, next } = watch(t);
  prober.setTargets([{ server: "Server01", address: site.address, probe: HTTP }]);
  t.match(await next(), { state: "up" });
  await cutOff;
});

t.test("a TCP probe only connects", async (t) => {
  const server = net.createServer((socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  const { prober, next } = watch(t);
  prober.setTargets([{ server: "Server01", address, probe: { kind: "tcp", ...PACE } }]);
  t.match(await next(), { state: "up" });
  server.close();
  t.match(await next(), { state: "down", cause: "connection refused" });
});

t.test("servers behind Unix sockets are probed too, by HTTP and by TCP", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tg-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "s");
  const server = http.createServer((_, response) => response.end());
  server.listen(path);
  await once(server, "listening");
  const { prober, next } = watch(t);
  prober.setTargets([
    { server: "Server01", address: `unix:${path}`, probe: HTTP },
    { server: "Server02", address: `unix:${path}`, probe: { kind: "tcp", ...PACE } },
  ]);
  const up = [await next(), await next()];
  t.same(up.map(({ server, state }) => `${server} ${state}`).sort(), ["Server01 up", "Server02 up"]);
  stop(server);
  const down = [await next(), await next()];
  t.same(down.map(({ server, state }) => `${server} ${state}`).sort(), ["Server01 down", "Server02 down"]);
});

t.test(
  "a target that is still there keeps its verdict; one that is gone is probed and told no more",
  async (t) => {
    const [one, other] = [await upstream(t), await upstream(t)];
    const { prober, next, heard } = watch(t);
    const first: ProbeTarget = { server: "Server01", address: one.address, probe: HTTP };
    const second: ProbeTarget = { server: "Server02", address: other.address, probe: HTTP };
    prober.setTargets([first, second]);
    await next();
    await next();
    prober.setTargets([{ ...first, probe: { ...HTTP, fall: 1 } }]);
    t.match(prober.stateOf("Server01", one.address), { state: "up" });
    t.equal(prober.stateOf("Server02", other.address), undefined);
    stop(other.server);
    stop(one.server);
    t.match(await next(), { server: "Server01", state: "down" });
    t.equal(heard.length, 3, "nothing of Server02, and Server01 is not told up twice");
  },
);

t.test("after close nothing is probed any more, though a probe was under way", async (t) => {
  const site = await upstream(t);
  let asked = 0;
  const arrived = new Promise<void>((resolve) => {
    site.answer = () => {
      asked += 1;
      resolve();
    };
  });
  const { prober, heard } = watch(t);
  prober.setTargets([{ server: "Server01", address: site.address, probe: HTTP }]);
  await arrived;
  prober.close();
  prober.close();
  t.equal(await closing(site.server), 0, "its connection is closed");
  prober.close();
  t.equal(asked, 1);
  t.same(heard, []);
});

/** Resolves with the number of connections once there are none. */
async function closing(server: http.Server): Promise<number> {
  for (;;) {
    const open = await new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
    if (open === 0) return open;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
