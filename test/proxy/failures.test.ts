// Upstreams that fail: who gets the request then, and who is marked (SPEC P3, W70, the keep-alive race).

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import t, { type Test } from "tap";
import type { RunningPlane } from "../support/data-plane.ts";
import { always, RawClient, RawUpstream, respond, type Script, statusOf } from "../support/raw.ts";
import { leftovers, quiet, socketPath, startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const post = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const put = (body: string): string => post(body).replace("POST", "PUT");

/** An address where nobody listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

/** Names of the servers that are marked down. */
function marked(running: RunningPlane): string[] {
  return running.router.states
    .all()
    .filter((state) => state.downSinceMs > 0)
    .map((state) => state.key);
}

/** Closes the connection when its second request has come whole, before any answer; else answers. */
const closesOnReuse: Script = async (arrival) => {
  await arrival.whole();
  if (arrival.index === 0) arrival.answer(respond("first"));
  else arrival.peer.socket.destroy();
};

async function startWith(t: Test, script: Script): Promise<{ up: RawUpstream; running: RunningPlane }> {
  const up = await RawUpstream.open(t, script);
  return { up, running: await startShop(t, { addresses: [up.address] }) };
}

t.test(
  "a server that cannot be reached is marked, and the request goes to another one, a POST too [P3, W70]",
  async (t) => {
    const up = await RawUpstream.open(t, always(respond("alive")));
    const running = await startShop(t, { addresses: [await deadAddress(), up.address] });
    const client = await RawClient.open(t, running.port);
    for (let round = 0; round < 4; round += 1) {
      t.equal((await client.ask(post("x"))).body.toString(), "alive");
    }
    t.equal(up.requests.length, 4);
    t.match(marked(running), [/Server01/]);
    t.same(leftovers(running), []);
  },
);

t.test("a request that never left goes on to the last of many servers [P3]", async (t) => {
  const up = await RawUpstream.open(t, always(respond("alive")));
  const dead = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(deadAddress));
  const running = await startShop(t, { addresses: [...dead, up.address] });
  for (let round = 0; round < 4; round += 1) {
    const client = await RawClient.open(t, running.port);
    t.equal(statusOf(await client.ask(post("x"))), 200);
  }
  t.equal(marked(running).length <= 7, true);
});

t.test("a 503 of a server does not mark it [P3]", async (t) => {
  const busy = await RawUpstream.open(t, always(respond("busy", "", "503 Service Unavailable")));
  const other = await RawUpstream.open(t, always(respond("busy", "", "503 Service Unavailable")));
  const running = await startShop(t, { addresses: [busy.address, other.address] });
  const client = await RawClient.open(t, running.port);
  for (let round = 0; round < 6; round += 1) t.equal(statusOf(await client.ask(GET)), 503);
  t.same(marked(running), []);
  t.equal(busy.requests.length, 3, "it gets its share all the same");
});

t.test("the last server is never marked down, and answers as soon as it is back [P3]", async (t) => {
  const address = await deadAddress();
  const running = await startShop(t, { addresses: [address] });
  const client = await RawClient.open(t, running.port);
  const response = await client.ask(GET);
  t.equal(statusOf(response), 503);
  t.match(response.head, /Retry-After: \d+\r\n/);
  t.same(marked(running), []);
  await RawUpstream.open(t, always(respond("back")), Number(address.split(":")[1]));
  t.equal((await client.ask(GET)).body.toString(), "back");
});

t.test("when all are down they are tried all the same [P3]", async (t) => {
  const addresses = await Promise.all([deadAddress(), deadAddress()]);
  const running = await startShop(t, { addresses });
  const client = await RawClient.open(t, running.port);
  t.equal(statusOf(await client.ask(GET)), 503);
  for (const state of running.router.states.all()) {
    running.router.applyMark({ key: state.key, state: "down", by: "probe", cause: "x" });
  }
  t.equal(marked(running).length, 2);
  await RawUpstream.open(t, always(respond("back")), Number(addresses[1]?.split(":")[1]));
  t.equal((await client.ask(GET)).body.toString(), "back");
});

t.test("after retryInterval one request is the trial, and its answer takes the mark away [P3]", async (t) => {
  const address = await deadAddress();
  const up = await RawUpstream.open(t, always(respond("steady")));
  const running = await startShop(t, {
    addresses: [address, up.address],
    traffic: "{ retryInterval: 150ms }",
  });
  const client = await RawClient.open(t, running.port);
  await client.ask(GET);
  await client.ask(GET);
  t.equal(marked(running).length, 1);
  const back = await RawUpstream.open(t, always(respond("back")), Number(address.split(":")[1]));
  await until(() => {
    void client.ask(GET);
    return back.requests.length > 0;
  });
  await until(() => marked(running).length === 0);
  await quiet(running);
  t.pass("it is up again");
});

t.test(
  "an idle connection that closes under a GET: once more, on a fresh connection to the same server [race rule 4]",
  async (t) => {
    const { up, running } = await startWith(t, closesOnReuse);
    const client = await RawClient.open(t, running.port);
    for (let round = 0; round < 4; round += 1) t.equal((await client.ask(GET)).body.toString(), "first");
    t.ok(up.peers.length >= 3);
    t.same(marked(running), []);
  },
);

t.test(
  "an idle connection that closes under a PUT in memory: the body is sent again, whole [race rule 4, P3]",
  async (t) => {
    const { up, running } = await startWith(t, closesOnReuse);
    const client = await RawClient.open(t, running.port);
    await client.ask(GET);
    const body = "0123456789".repeat(500);
    t.equal(statusOf(await client.ask(put(body))), 200);
    t.same(
      up.requests.slice(1).map((request) => request.body.toString()),
      [body, body],
    );
  },
);

t.test("a PUT larger than postBufferSize is not sent again [P3, W70]", async (t) => {
  const up = await RawUpstream.open(t, closesOnReuse);
  const running = await startShop(t, { addresses: [up.address], traffic: "{ postBufferSize: 1k }" });
  const client = await RawClient.open(t, running.port);
  await client.ask(GET);
  client.send(put("x".repeat(200_000)));
  t.equal(await client.ended(), "fin", "the close is mirrored");
  t.equal(client.received > 0 && client.text, "");
  t.equal(up.requests.length, 2);
  await quiet(running);
});

t.test(
  "an idle connection that closes under a POST: mirrored to a reused client, 502 for the first request of one [race rule 5]",
  async (t) => {
    const { up, running } = await startWith(t, closesOnReuse);
    const reused = await RawClient.open(t, running.port);
    await reused.ask(GET);
    reused.send(post("once"));
    t.equal(await reused.ended(), "fin");
    t.equal(reused.text, "", "no answer: the client decides");
    await quiet(running);
    const warm = await RawClient.open(t, running.port);
    await warm.ask(GET);
    const fresh = await RawClient.open(t, running.port);
    t.equal(statusOf(await fresh.ask(post("once"))), 502);
    t.equal(
      up.requests.filter((request) => request.start.startsWith("POST")).length,
      2,
      "each was sent once",
    );
  },
);

t.test(
  "a server that begins to answer a POST and dies is told as 502, not as an idle close [race rule 5]",
  async (t) => {
    const { running } = await startWith(t, async (arrival) => {
      await arrival.whole();
      if (arrival.index === 0) arrival.answer(respond("first"));
      else {
        arrival.answer("HTTP/1.1 200 OK\r\nX-Half: ");
        arrival.peer.finish();
      }
    });
    const client = await RawClient.open(t, running.port);
    await client.ask(GET);
    t.equal(statusOf(await client.ask(post("x"))), 502);
  },
);

t.test("a POST takes no connection that has been idle for longer than freshTime [race rule 3]", async (t) => {
  const up = await RawUpstream.open(t, always(respond("ok")));
  const settings = "router: { upstream: { freshTime: 0s } }";
  const running = await startShop(t, { addresses: [up.address], settings });
  const client = await RawClient.open(t, running.port);
  await client.ask(GET);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await client.ask(post("x"));
  t.equal(up.peers.length, 2);
  await client.ask(GET);
  t.equal(up.peers.length, 2, "a GET may");
});

t.test(
  "a fresh connection that closes without an answer: a GET goes to another server, a POST is 502 [P3, W70]",
  async (t) => {
    const dying = await RawUpstream.open(t, async (arrival) => {
      await arrival.whole();
      arrival.peer.finish();
    });
    const up = await RawUpstream.open(t, always(respond("alive")));
    const running = await startShop(t, { addresses: [dying.address, up.address] });
    const client = await RawClient.open(t, running.port);
    for (let round = 0; round < 4; round += 1) t.equal((await client.ask(GET)).body.toString(), "alive");
    t.ok(dying.requests.length > 0);
    const statuses: number[] = [];
    for (let round = 0; round < 4; round += 1) statuses.push(statusOf(await client.ask(post("x"))));
    t.same(statuses.sort(), [200, 200, 502, 502]);
    t.same(leftovers(running), []);
  },
);

t.test("a failed-over request tells the application so, whole body included [A3, P3]", async (t) => {
  const dead = await deadAddress();
  const up = await RawUpstream.open(t, always(respond("ok")));
  const running = await startShop(t, {
    addresses: [dead, up.address],
    affinity: '{ style: suffix, cookie: SID, separator: "." }',
  });
  const client = await RawClient.open(t, running.port);
  const body = "b".repeat(3000);
  const request = `POST / HTTP/1.1\r\nHost: a\r\nCookie: SID=1.s1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  t.equal(statusOf(await client.ask(request)), 200);
  const got = await up.request(0);
  t.match(got.head, "\r\nX-Failover: true\r\n\r\n");
  t.equal(got.body.toString(), body);
});

for (const [name, bytes] of [
  ["no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
  [
    "length and chunks",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "a 101 that nobody asked for",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
  ],
  ["a head without end", `HTTP/1.1 200 OK\r\nX: ${"y".repeat(70_000)}`],
] as const) {
  t.test(
    `an upstream that answers with ${name} is a 502, not repeated, and its connection is closed [W78]`,
    async (t) => {
      const { up, running } = await startWith(t, async (arrival) => {
        await arrival.whole();
        arrival.answer(bytes);
      });
      const client = await RawClient.open(t, running.port);
      t.equal(statusOf(await client.ask(GET)), 502);
      t.equal(up.requests.length, 1);
      await up.until(() => up.open === 0);
      t.same(leftovers(running), []);
    },
  );
}

t.test(
  "instances on Unix sockets and by name are reached, and a missing socket is marked [P1]",
  async (t) => {
    const path = socketPath(t);
    const onPath = await RawUpstream.open(t, always(respond("path")), path);
    const byName = await RawUpstream.open(t, always(respond("name")));
    const addresses = [`unix:${path}`, `localhost:${byName.port}`, `unix:${path}.missing`];
    const running = await startShop(t, { addresses });
    const client = await RawClient.open(t, running.port);
    for (let round = 0; round < 6; round += 1) t.equal(statusOf(await client.ask(put("body"))), 200);
    t.ok(onPath.requests.length > 0 && byName.requests.length > 0);
    t.match(marked(running), [/Server03/]);
  },
);

t.test(
  "a connection is opened and lost, before the request, at every moment: nothing leaks [F5]",
  async (t) => {
    const up = await RawUpstream.open(t, (arrival) => arrival.peer.reset());
    up.server.on("connection", (socket) => {
      if (up.peers.length % 2 === 0) socket.destroy();
    });
    const running = await startShop(t, { addresses: [up.address] });
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(t, running.port)));
    const statuses = await Promise.all(clients.map(async (client) => statusOf(await client.ask(GET))));
    t.ok(statuses.every((status) => status === 502 || status === 503));
    t.same(leftovers(running), []);
  },
);
