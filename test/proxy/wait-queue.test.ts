// Requests that wait for a place at a server (`maxConnections`): in order, within limits, and gone when nobody wants them.

import t, { type Test } from "tap";
import type { RunningPlane } from "../support/data-plane.ts";
import { type RawArrival, RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { leftovers, quiet, startShop, until } from "../support/shop-plane.ts";

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

interface Site {
  readonly running: RunningPlane;
  readonly up: RawUpstream;
  readonly arrivals: RawArrival[];
  /** Sends a request on a connection of its own. */
  ask(target: string, more?: string): Promise<RawClient>;
  /** Answers the oldest request that has no answer yet. */
  answerNext(): Promise<string>;
}

async function startFull(t: Test, traffic: string, servers = 1): Promise<Site> {
  const arrivals: RawArrival[] = [];
  const up = await RawUpstream.open(t, (arrival) => void arrivals.push(arrival));
  const running = await startShop(t, {
    addresses: Array.from({ length: servers }, () => up.address),
    server: "maxConnections: 1",
    traffic: `{ ${traffic} }`,
  });
  return {
    running,
    up,
    arrivals,
    ask: async (target, more = "") => {
      const client = await RawClient.open(t, running.port);
      client.send(more === "" ? get(target) : more);
      return client;
    },
    answerNext: async () => {
      await up.until(() => arrivals.length > 0);
      const arrival = arrivals.shift() as RawArrival;
      const target = arrival.start.split(" ")[1] ?? "";
      arrival.answer(respond(target));
      return target;
    },
  };
}

t.test("those who wait are served first come, first served [R4]", async (t) => {
  const site = await startFull(t, "queueTimeout: 60s");
  const clients: RawClient[] = [];
  for (let number = 0; number < 6; number += 1) {
    clients.push(await site.ask(`/${number}`));
    await until(
      () => site.running.plane.queues.length === number && (number > 0 || site.arrivals.length === 1),
    );
  }
  t.equal(site.up.arrivals, 1, "one at a time");
  for (let number = 0; number < 6; number += 1) {
    t.equal(await site.answerNext(), `/${number}`);
    t.equal((await clients[number]?.response())?.body.toString(), `/${number}`);
    t.ok(site.arrivals.length <= 1);
  }
  t.equal(site.up.peers.length, 1);
  t.same(leftovers(site.running), []);
});

t.test(
  "more than queueLimit are answered 503 at once, those who wait are not touched [R4, F4]",
  async (t) => {
    const site = await startFull(t, "queueLimit: 2, queueTimeout: 60s");
    const [first, second, third] = [await site.ask("/1"), await site.ask("/2"), await site.ask("/3")];
    await until(() => site.running.plane.queues.length === 2);
    const fourth = await site.ask("/4");
    const refused = await fourth.response();
    t.equal(statusOf(refused), 503);
    t.match(refused.head, /\r\nRetry-After: \d+\r\n/);
    t.equal(site.running.plane.counts().causes["queue-full"], 1);
    for (const client of [first, second, third]) {
      await site.answerNext();
      t.equal(statusOf(await client.response()), 200);
    }
    t.equal(statusOf(refused), 503);
    await quiet(site.running);
  },
);

t.test(
  "who waits for longer than queueTimeout gets a 503, and the connection goes on [R4, P4]",
  async (t) => {
    const site = await startFull(t, "queueTimeout: 200ms");
    const first = await site.ask("/1");
    await site.up.until(() => site.arrivals.length === 1);
    const second = await site.ask("/2");
    t.equal(statusOf(await second.response()), 503);
    t.equal(site.running.plane.counts().causes["queue-timeout"], 1);
    await site.answerNext();
    await first.response();
    second.send(get("/again"));
    t.equal(await site.answerNext(), "/again");
    t.equal(statusOf(await second.response()), 200);
    await quiet(site.running);
  },
);

t.test("a client that leaves the queue leaves its turn to the next one [R4]", async (t) => {
  const site = await startFull(t, "queueTimeout: 60s");
  const first = await site.ask("/1");
  await site.up.until(() => site.arrivals.length === 1);
  const second = await site.ask("/2");
  await until(() => site.running.plane.queues.length === 1);
  const third = await site.ask("/3");
  await until(() => site.running.plane.queues.length === 2);
  second.reset();
  await until(() => site.running.plane.queues.length === 1);
  await site.answerNext();
  await first.response();
  t.equal(await site.answerNext(), "/3");
  t.equal((await third.response()).body.toString(), "/3");
  t.same(leftovers(site.running), []);
});

t.test("a body that comes while its request waits is sent whole when its turn comes [R4, W73]", async (t) => {
  const site = await startFull(t, "queueTimeout: 60s");
  const first = await site.ask("/1");
  await site.up.until(() => site.arrivals.length === 1);
  const body = Array.from({ length: 30_000 }, (_, at) => String(at)).join(",");
  const request = `POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
  const second = await site.ask("/2", request + body.slice(0, 1000));
  await until(() => site.running.plane.queues.length === 1);
  second.send(body.slice(1000) + get("/3"));
  await site.answerNext();
  await first.response();
  await site.up.until(() => site.up.requests.some((one) => one.start.includes("/2")));
  t.equal(site.up.requests.find((one) => one.start.includes("/2"))?.body.toString(), body);
  await site.answerNext();
  t.equal((await second.response()).body.toString(), "/2");
  await site.answerNext();
  t.equal((await second.response()).body.toString(), "/3", "and what was pipelined behind it follows");
  await quiet(site.running);
});

t.test(
  "when the last server is closed those who wait are answered at once, and served again when it opens [M5]",
  async (t) => {
    const site = await startFull(t, "queueTimeout: 60s");
    const first = await site.ask("/1");
    await site.up.until(() => site.arrivals.length === 1);
    const second = await site.ask("/2");
    await until(() => site.running.plane.queues.length === 1);
    site.running.setMode("Server01", "break");
    t.equal(statusOf(await second.response()), 503);
    t.equal(site.running.plane.queues.length, 0);
    await site.answerNext();
    t.equal(statusOf(await first.response()), 200, "what was in flight finishes");
    site.running.setMode("Server01", "normal");
    second.send(get("/3"));
    t.equal(await site.answerNext(), "/3");
    await second.response();
    await quiet(site.running);
  },
);

t.test("a place that comes free because its server died is used too [R4, P3]", async (t) => {
  const site = await startFull(t, "queueTimeout: 60s", 2);
  const clients = [await site.ask("/1"), await site.ask("/2")];
  await site.up.until(() => site.arrivals.length === 2);
  const waiting = await site.ask("/3");
  await until(() => site.running.plane.queues.length === 1);
  site.arrivals.shift()?.peer.reset();
  // The request that lost its server waits again, behind the one that waited before it.
  await site.up.until(() => site.arrivals.length === 2);
  while (site.arrivals.length > 0 || site.running.plane.queues.length > 0) await site.answerNext();
  for (const client of [...clients, waiting]) t.equal(statusOf(await client.response()), 200);
  t.same(leftovers(site.running), []);
});

t.test("a tunnel keeps its place until it is over [R4]", async (t) => {
  const site = await startFull(t, "queueTimeout: 60s");
  const tunnel = await site.ask(
    "/",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
  );
  await site.up.until(() => site.arrivals.length === 1);
  site.arrivals
    .shift()
    ?.answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
  t.equal(statusOf(await tunnel.response()), 101);
  const waiting = await site.ask("/2");
  await until(() => site.running.plane.queues.length === 1);
  tunnel.reset();
  t.equal(await site.answerNext(), "/2");
  t.equal(statusOf(await waiting.response()), 200);
  await quiet(site.running);
});
