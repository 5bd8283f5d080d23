// Clients that close, half-close or reset at every state of their connection: nothing hangs, nothing leaks (F5, W71, W75).

import t, { type Test } from "tap";
import type { RunningPlane } from "../support/data-plane.ts";
import { always, RawClient, RawUpstream, respond, type Script, statusOf } from "../support/raw.ts";
import { leftovers, quiet, startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";

async function site(
  t: Test,
  script: Script,
  server?: string,
): Promise<{ up: RawUpstream; running: RunningPlane; client: RawClient }> {
  const up = await RawUpstream.open(t, script);
  const running = await startShop(t, {
    addresses: [up.address],
    ...(server === undefined ? {} : { server }),
  });
  return { up, running, client: await RawClient.open(t, running.port) };
}

/** Nothing is left of the client's connection, nor of what it had asked for. */
async function gone(running: RunningPlane, up: RawUpstream): Promise<void> {
  await until(() => running.plane.connections.size === 0);
  await quiet(running);
  await up.until(() => up.peers.every((peer) => peer.isGone || peer.bytes.length === 0));
}

t.test("a client that closes its side after a POST still gets the answer, then the end [W71]", async (t) => {
  let go: () => void = () => undefined;
  const { up, running, client } = await site(t, async (arrival) => {
    await arrival.whole();
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    arrival.answer(respond("done"));
  });
  client.send(POST);
  await up.request(0);
  client.finish();
  await until(() => [...running.plane.connections].every((connection) => connection.hasEnded));
  go();
  const response = await client.response();
  t.equal(response.body.toString(), "done");
  t.match(response.head, "\r\nConnection: close\r\n");
  t.equal(await client.ended(), "fin");
  await gone(running, up);
});

t.test("a client that closes its side before the answer to a GET has given it up [W75]", async (t) => {
  const { up, running, client } = await site(t, () => undefined);
  client.send(GET);
  await up.until(() => up.arrivals === 1);
  client.finish();
  await up.until(() => up.open === 0);
  await gone(running, up);
  t.equal(running.plane.counts().causes["client-abort"], 1);
});

t.test(
  "a client that closes its side while the answer comes gets all of it, and then the end at once [W71]",
  async (t) => {
    let finish: () => void = () => undefined;
    const { up, running, client } = await site(t, async (arrival) => {
      await arrival.whole();
      arrival.answer("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      arrival.answer("rest");
    });
    client.send(GET);
    await client.until(() => client.text.endsWith("half"));
    client.finish();
    await until(() => [...running.plane.connections].every((connection) => connection.hasEnded));
    finish();
    t.equal((await client.response()).body.toString(), "halfrest");
    t.equal(await client.ended(), "fin", "not only when the idle time is over");
    await gone(running, up);
  },
);

t.test(
  "pipelined requests before a close of the client's side are answered when the answer had begun [W71]",
  async (t) => {
    let finish: () => void = () => undefined;
    const { up, running, client } = await site(t, async (arrival) => {
      await arrival.whole();
      if (arrival.index > 0) return arrival.answer(respond("next"));
      arrival.answer("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      arrival.answer("rest");
    });
    client.send(GET + POST);
    await client.until(() => client.text.endsWith("half"));
    client.finish();
    await until(() => [...running.plane.connections].every((connection) => connection.hasEnded));
    finish();
    t.equal((await client.response()).body.toString(), "halfrest");
    t.equal((await client.response()).body.toString(), "next");
    t.equal(await client.ended(), "fin");
    await gone(running, up);
  },
);

const ENDS = { finish: (client: RawClient) => client.finish(), reset: (client: RawClient) => client.reset() };

for (const [end, doEnd] of Object.entries(ENDS)) {
  t.test(`a client that ends (${end}) while idle, or in the middle of a head`, async (t) => {
    const { up, running, client } = await site(t, always(respond("ok")));
    await client.ask(GET);
    doEnd(client);
    await gone(running, up);
    const other = await RawClient.open(t, running.port);
    other.send("GET / HTTP/1.1\r\nHo");
    await until(() => running.plane.connections.size === 1);
    doEnd(other);
    await gone(running, up);
    t.equal(up.arrivals, 1);
  });

  t.test(
    `a client that ends (${end}) in the middle of its body: the upstream request is given up [W24, W75]`,
    async (t) => {
      for (const framing of ["Content-Length: 100000", "Transfer-Encoding: chunked"]) {
        const { up, running, client } = await site(t, () => undefined);
        client.send(
          `PUT / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${framing.includes("chunked") ? "5\r\nhel" : "hel"}`,
        );
        await up.until(() => up.arrivals === 1);
        doEnd(client);
        await up.until(() => up.open === 0);
        await gone(running, up);
        t.equal(up.requests.length, 0);
      }
    },
  );

  t.test(`a client that ends (${end}) while it waits for a place at a server leaves the queue`, async (t) => {
    const { up, running, client } = await site(t, () => undefined, "maxConnections: 1");
    client.send(GET);
    await up.until(() => up.arrivals === 1);
    const waiting = await RawClient.open(t, running.port);
    waiting.send(GET);
    await until(() => running.plane.queues.length === 1);
    doEnd(waiting);
    await until(() => running.plane.queues.length === 0);
    doEnd(client);
    await gone(running, up);
    t.equal(up.arrivals, 1);
  });

  t.test(`a client that ends (${end}) while its connection to the server is being made`, async (t) => {
    const { up, running, client: first } = await site(t, always(respond("ok")));
    const others = await Promise.all(Array.from({ length: 10 }, () => RawClient.open(t, running.port)));
    const clients = [first, ...others];
    for (const client of clients) {
      client.send(GET);
      doEnd(client);
    }
    await gone(running, up);
    t.same(leftovers(running), []);
  });

  t.test(`a client that ends (${end}) while its last answer lingers`, async (t) => {
    const { up, running, client } = await site(t, always(respond("ok", "", "403 Forbidden")));
    client.send("BAD REQUEST LINE\r\n\r\n");
    t.equal(statusOf(await client.response()), 400);
    doEnd(client);
    await gone(running, up);
  });
}

t.test("a client that aborts a large upload right after its last byte is noticed [W75]", async (t) => {
  const { up, running, client } = await site(t, (arrival) => {
    arrival.peer.discards = true;
  });
  const body = Buffer.alloc(6_000_000, "u");
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
  client.send(body);
  await up.until(() => (up.peers[0]?.received ?? 0) >= body.length);
  client.reset();
  await until(() => running.plane.connections.size === 0);
  await up.until(() => up.open === 0);
  await quiet(running);
});

t.test("closing the plane in the middle of everything ends every socket [F5]", async (t) => {
  const { up, running, client } = await site(t, () => undefined);
  client.send(GET);
  const uploading = await RawClient.open(t, running.port);
  uploading.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx");
  await up.until(() => up.arrivals === 2);
  running.plane.close();
  await client.ended();
  await uploading.ended();
  await up.until(() => up.open === 0);
  t.same(leftovers(running), []);
  t.equal(running.plane.connections.size, 0);
});
