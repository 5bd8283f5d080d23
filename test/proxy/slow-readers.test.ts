// Clients that read slowly, late or not at all: they get every byte, and what they do not take stays bounded (W71, W73, F4).

import t from "tap";
import { RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { leftovers, quiet, startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LARGE = Buffer.alloc(24 * 1024 * 1024, "0123456789abcdef").toString("latin1");

t.test("a connection whose last bytes went out slowly carries the next request [W73]", async (t) => {
  const up = await RawUpstream.open(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(arrival.start.includes("large") ? respond(LARGE) : respond("small"));
  });
  const running = await startShop(t, { addresses: [up.address] });
  const client = await RawClient.open(t, running.port);
  client.discards = true;
  client.send(GET.replace("/ ", "/large "));
  client.socket.pause();
  await until(() => running.plane.connections.size === 1 && up.requests.length === 1);
  await until(() => [...running.plane.connections].some((one) => one.socket.writableLength > 0));
  client.socket.resume();
  await client.until(() => client.received > LARGE.length);
  await quiet(running);
  const other = await RawClient.open(t, running.port);
  for (let round = 0; round < 3; round += 1) t.equal((await other.ask(GET)).body.toString(), "small");
  t.equal(up.peers.length, 1, "all on the one connection");
});

t.test(
  "a last response reaches a client that stops reading for longer than the lingering time [W71, W75]",
  async (t) => {
    const up = await RawUpstream.open(t, async (arrival) => {
      await arrival.whole();
      arrival.answer(respond(LARGE));
    });
    const running = await startShop(t, { addresses: [up.address] });
    const client = await RawClient.open(t, running.port);
    client.discards = true;
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    // Read until only what lies in buffers is missing, then pause for longer than 2 s.
    await client.until(() => client.received > 1_000_000);
    client.socket.pause();
    let before = -1;
    await until(() => {
      const [connection] = running.plane.connections;
      const held = connection?.socket.writableLength ?? 0;
      const isStill = held === before && held > 0;
      before = held;
      return isStill;
    });
    client.socket.resume();
    await client.until(() => client.received > LARGE.length - 3_000_000 || client.isGone);
    client.socket.pause();
    await until(() => up.requests.length === 1 && leftovers(running).length === 0);
    const [connection] = running.plane.connections;
    const heldAtLast = connection?.socket.writableLength ?? 0;
    t.comment(`${heldAtLast} bytes in the router`);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    client.socket.resume();
    await client.ended();
    t.equal(client.ending, "fin");
    t.ok(client.received > LARGE.length, `all of ${LARGE.length}: ${client.received}`);
  },
);

t.test("a client that closes its side while the last bytes are under way gets them all [W71]", async (t) => {
  const up = await RawUpstream.open(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(respond(LARGE));
  });
  const running = await startShop(t, { addresses: [up.address] });
  const client = await RawClient.open(t, running.port);
  client.discards = true;
  client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
  await client.until(() => client.received > LARGE.length - 4_000_000);
  client.socket.pause();
  await until(() => leftovers(running).length === 0 || running.plane.connections.size === 0);
  client.finish();
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.socket.resume();
  await client.ended();
  t.equal(client.ending, "fin");
  t.ok(client.received > LARGE.length, `all of ${LARGE.length}: ${client.received}`);
});

t.test(
  "an upload that the upstream refuses half-way: the client reads the refusal, however much it still sends [W71]",
  async (t) => {
    const up = await RawUpstream.open(t, (arrival) => {
      arrival.answer(respond("too large", "Connection: close\r\n", "413 Content Too Large"));
    });
    const running = await startShop(t, { addresses: [up.address] });
    const client = await RawClient.open(t, running.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n${"x".repeat(300_000)}`);
    const response = await client.response("POST");
    t.equal(statusOf(response), 413);
    t.match(response.head, "Connection: close");
    for (let piece = 0; piece < 6; piece += 1) client.send("x".repeat(100_000));
    client.finish();
    t.equal(await client.ended(), "fin", "no reset");
    await quiet(running);
  },
);
