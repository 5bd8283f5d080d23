// Every clock of SPEC P4 rings, blames the right side, and leaves nothing behind (W74, W78). Clocks are set short; the wheel
// rings at most a tenth of a second late.

import t from "tap";
import { deafListener } from "../support/deaf-listener.ts";
import { always, RawClient, RawUpstream, respond, type Script, statusOf } from "../support/raw.ts";
import { leftovers, quiet, type ShopOptions, startShop } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const post = (length: number, body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`;
const CLIENT = (clocks: string): string => `router: { client: { ${clocks} } }`;

async function site(
  t: Parameters<typeof RawUpstream.open>[0],
  script: Script,
  more: Omit<ShopOptions, "addresses"> = {},
): Promise<{ up: RawUpstream; running: Awaited<ReturnType<typeof startShop>>; client: RawClient }> {
  const up = await RawUpstream.open(t, script);
  const running = await startShop(t, { addresses: [up.address], ...more });
  return { up, running, client: await RawClient.open(t, running.port) };
}

t.test("a head that does not come to its end is a 408, counted from its first byte [P4, W74]", async (t) => {
  const settings = CLIENT("headTimeout: 200ms, idleTimeout: 60s");
  const { running, client } = await site(t, always(respond("ok")), { settings });
  client.send("GET / HTT");
  const drip = setInterval(() => client.send("x"), 50); // a byte now and then does not help
  const response = await client.response();
  clearInterval(drip);
  t.equal(statusOf(response), 408);
  t.match(response.head, "\r\nConnection: close\r\n");
  t.equal(await client.ended(), "fin");
  t.equal(running.plane.counts().causes["client-timeout"], 1);
});

t.test(
  "the head of a later request has the same time, not that of an idle connection [P4, W74]",
  async (t) => {
    const settings = CLIENT("headTimeout: 200ms, idleTimeout: 60s");
    const { client } = await site(t, always(respond("ok")), { settings });
    t.equal(statusOf(await client.ask(GET)), 200);
    client.send("GET / HTT");
    t.equal(statusOf(await client.response()), 408);
    t.equal(await client.ended(), "fin");
  },
);

t.test("a client that connects and says nothing is let go without a word [P4, W74]", async (t) => {
  const { running, client } = await site(t, always(respond("ok")), {
    settings: CLIENT("headTimeout: 150ms"),
  });
  await client.ended();
  t.equal(client.received, 0);
  t.equal(running.plane.connections.size, 0);
});

t.test("a kept connection without a next request is closed in silence [P4]", async (t) => {
  const { client } = await site(t, always(respond("ok")), { settings: CLIENT("idleTimeout: 150ms") });
  await client.ask(GET);
  await client.ended();
  t.equal(client.text, "");
});

t.test("a body that stalls is a 408, and its upstream request is given up [P4, W74]", async (t) => {
  const { up, running, client } = await site(t, always(respond("ok")), {
    settings: CLIENT("stallTimeout: 200ms"),
  });
  client.send(post(100, "begin"));
  t.equal(statusOf(await client.response()), 408);
  await up.until(() => up.peers.length === 1 && up.open === 0);
  t.equal(up.requests.length, 0);
  t.same(leftovers(running), []);
});

t.test("an upstream that does not take the body is at fault, not the client: 504 [P4, W78]", async (t) => {
  const settings = CLIENT("stallTimeout: 300ms");
  const { running, client } = await site(t, (arrival) => void arrival.peer.socket.pause(), { settings });
  client.send(post(64_000_000, ""));
  const piece = Buffer.alloc(65_536, "x");
  const feed = (): void => {
    while (!client.isGone && client.socket.writable && client.socket.write(piece));
  };
  client.socket.on("drain", feed);
  feed();
  t.equal(statusOf(await client.response()), 504);
  t.equal(running.plane.counts().causes["upstream-timeout"], 1);
  await quiet(running);
});

t.test("a server that takes no connection is left after connectTimeout [P4, P3]", async (t) => {
  const deaf = await deafListener(t);
  const up = await RawUpstream.open(t, always(respond("alive")));
  const running = await startShop(t, {
    addresses: [deaf, up.address],
    traffic: "{ connectTimeout: 150ms }",
  });
  const client = await RawClient.open(t, running.port);
  const askedMs = running.plane.clock.monotonicMs();
  for (let round = 0; round < 3; round += 1)
    t.equal((await client.ask(post(1, "x"))).body.toString(), "alive");
  t.ok(running.router.states.all().some((state) => state.downSinceMs > 0));
  t.ok(running.plane.clock.monotonicMs() - askedMs >= 150, "not before the time was over");
});

t.test(
  "no first byte within serverIOTimeout is a 504 for a POST, which is sent once [P4, W78]",
  async (t) => {
    const { up, running, client } = await site(t, () => undefined, { traffic: "{ serverIOTimeout: 150ms }" });
    t.equal(statusOf(await client.ask(post(1, "x"))), 504);
    t.equal(up.requests.length, 1);
    t.equal(running.plane.counts().causes["upstream-timeout"], 1);
    await up.until(() => up.open === 0);
    const again = await client.ask(GET);
    t.equal(statusOf(again), 504, "the connection goes on");
    await quiet(running);
  },
);

t.test("an interim response does not put the first byte off for ever [P4, W60]", async (t) => {
  const { client } = await site(t, (arrival) => arrival.answer("HTTP/1.1 102 Processing\r\n\r\n"), {
    traffic: "{ serverIOTimeout: 150ms }",
  });
  t.equal(statusOf(await client.ask(post(1, "x"))), 504);
});

t.test("a response that stalls is cut off after betweenBytesTimeout, not sooner [P4, W75]", async (t) => {
  const { up, running, client } = await site(
    t,
    (arrival) => {
      let sent = 0;
      arrival.answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
      const drip = setInterval(() => {
        sent += 1;
        if (sent <= 8) arrival.answer("x");
        else clearInterval(drip);
      }, 50);
      t.teardown(() => clearInterval(drip));
    },
    { traffic: "{ betweenBytesTimeout: 200ms }" },
  );
  client.send(GET);
  await client.ended();
  t.match(client.text, /\r\n\r\nx{8}$/);
  t.equal(running.plane.counts().causes["upstream-timeout"], 1);
  await up.until(() => up.open === 0);
  await quiet(running);
});

t.test(
  "a client that reads nothing for stallTimeout loses its response, and its upstream is free [P4, W74]",
  async (t) => {
    const { up, running, client } = await site(t, always(respond("y".repeat(32_000_000))), {
      settings: CLIENT("stallTimeout: 300ms"),
    });
    client.socket.pause();
    client.send(GET);
    await up.until(() => up.peers.length === 1 && up.open === 0);
    await quiet(running);
    t.equal(running.plane.counts().causes["client-timeout"], 1);
    t.equal(running.plane.connections.size, 0);
  },
);

t.test("an idle upstream connection is closed after its time [P4, W76]", async (t) => {
  const { up, client } = await site(t, always(respond("ok")), {
    settings: "router: { upstream: { idleTimeout: 150ms } }",
  });
  await client.ask(GET);
  await up.until(() => up.open === 0);
  t.equal(up.peers[0]?.ending, "fin");
});

t.test(
  "a tunnel without traffic is closed after tunnelIdleTimeout, one with traffic is not [P4]",
  async (t) => {
    const { up, running, client } = await site(
      t,
      (arrival) =>
        arrival.answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
      { traffic: "{ tunnelIdleTimeout: 250ms }" },
    );
    await client.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    const startMs = running.plane.clock.monotonicMs();
    for (let beat = 0; beat < 5; beat += 1) {
      client.send(".");
      await up.until(() => up.peers[0]?.text.length === beat + 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await client.ended();
    t.ok(running.plane.clock.monotonicMs() - startMs > 500);
    t.equal(up.peers[0]?.text, ".....");
    await quiet(running);
  },
);

t.test(
  "an event stream is not held to betweenBytesTimeout: it has the time of a tunnel [P4, W78]",
  async (t) => {
    const { client } = await site(
      t,
      async (arrival) => {
        arrival.answer("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
        await new Promise((resolve) => setTimeout(resolve, 500));
        arrival.answer("data: 2\n\n");
        arrival.peer.finish();
      },
      { traffic: "{ betweenBytesTimeout: 100ms, tunnelIdleTimeout: 10s }" },
    );
    t.equal((await client.ask(GET)).body.toString(), "data: 1\n\ndata: 2\n\n");
  },
);

t.test(
  "a silent upstream holds no client that waits for 100 Continue for longer than stallTimeout [W61]",
  async (t) => {
    const { up, running, client } = await site(t, () => undefined, {
      settings: CLIENT("stallTimeout: 200ms"),
    });
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    t.ok([408, 504].includes(statusOf(await client.response())));
    await up.until(() => up.open === 0);
    await quiet(running);
  },
);
