// Back-pressure end to end (W73, F4): who does not read is not read for, and what a connection holds stays under a bound that
// follows from the buffers there are.

import t, { type Test } from "tap";
import { RawClient, RawUpstream, statusOf } from "../support/raw.ts";
import { quiet, startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const PIECE = Buffer.alloc(262_144, "z");
/**
 * What the router may hold for one stalled connection: the read that is under way (128 KB, own buffer), and what Node lets
 * a socket take before it says "wait" (64 KB at most in the releases that we run on).
 */
const HELD_MAX = 131_072 + 65_536;
/** Memory of the process beyond what it had: what is held, sockets and the test's own pieces, with room for a lazy collector. */
const GROWTH_MAX = 48 * 1024 * 1024;

/** Writes pieces for as long as the socket takes them, up to `total` bytes; `sent` says how many it took. */
class Feeder {
  sent = 0;
  readonly #send: (bytes: Uint8Array) => boolean;
  readonly #total: number;

  constructor(total: number, send: (bytes: Uint8Array) => boolean) {
    this.#total = total;
    this.#send = send;
  }

  feed(): void {
    while (this.sent < this.#total) {
      const size = Math.min(PIECE.length, this.#total - this.sent);
      this.sent += size;
      if (!this.#send(PIECE.subarray(0, size))) return;
    }
  }
}

/** Waits until a number stands still for a while. */
async function still(value: () => number): Promise<number> {
  for (let before = -1; ; ) {
    const now = value();
    if (now === before && now > 0) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

async function startDownload(t: Test, framing: string, total: number) {
  const feeders: Feeder[] = [];
  const up = await RawUpstream.open(t, (arrival) => {
    const { socket } = arrival.peer;
    arrival.answer(`HTTP/1.1 200 OK\r\n${framing}\r\n`);
    const isChunked = framing.includes("chunked");
    const feeder = new Feeder(total, (bytes) => {
      if (!isChunked) return socket.write(bytes);
      socket.write(`${bytes.length.toString(16)}\r\n`);
      socket.write(bytes);
      return socket.write("\r\n");
    });
    feeders.push(feeder);
    socket.on("drain", () => {
      feeder.feed();
      if (feeder.sent === total && isChunked) socket.end("0\r\n\r\n");
    });
    feeder.feed();
  });
  const running = await startShop(t, { addresses: [up.address] });
  return { up, running, feeders };
}

const GIGABYTE = 1024 ** 3;

for (const framing of [
  `Content-Length: ${GIGABYTE}\r\n`,
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
]) {
  t.test(
    `a gigabyte for a client that stops reading: the upstream is stopped, memory is bounded (${framing.split(":")[0]}) [W73, F4]`,
    async (t) => {
      const { running, feeders, up } = await startDownload(t, framing, GIGABYTE);
      const client = await RawClient.open(t, running.port);
      client.discards = true;
      client.send(GET);
      await client.until(() => client.received > 1_000_000);
      const before = process.memoryUsage().rss;
      client.socket.pause();
      const stopped = await still(() => feeders[0]?.sent ?? 0);
      t.ok(stopped < GIGABYTE / 2, `the upstream got rid of ${stopped} bytes only`);
      const [connection] = running.plane.connections;
      const held = connection?.socket.writableLength ?? 0;
      t.ok(held > 0 && held <= HELD_MAX, `${held} bytes are held`);
      t.ok(process.memoryUsage().rss - before < GROWTH_MAX, "the process has not grown");
      client.socket.resume();
      await client.until(() => client.received > stopped);
      t.pass("and it goes on when the client reads again");
      client.reset();
      await up.until(() => up.open === 0);
      await quiet(running);
    },
  );
}

t.test(
  "many clients that stop reading: what is held grows with their number, by the bound of each [W73, F4]",
  async (t) => {
    const { running, feeders } = await startDownload(t, `Content-Length: ${GIGABYTE}\r\n`, 64_000_000);
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(t, running.port)));
    for (const client of clients) {
      client.socket.pause();
      client.send(GET);
    }
    await still(() => feeders.reduce((sum, feeder) => sum + feeder.sent, 0));
    for (const connection of running.plane.connections) {
      t.ok(connection.socket.writableLength <= HELD_MAX, `${connection.socket.writableLength}`);
    }
    for (const client of clients) client.reset();
    await quiet(running);
  },
);

for (const framing of [`Content-Length: ${GIGABYTE}\r\n`, "Transfer-Encoding: chunked\r\n"]) {
  t.test(
    `a gigabyte for an upstream that stops reading: the client is stopped, memory is bounded (${framing.split(":")[0]}) [W73, F4]`,
    async (t) => {
      const up = await RawUpstream.open(t, (arrival) => {
        arrival.peer.discards = true;
        arrival.peer.socket.pause();
      });
      const running = await startShop(t, { addresses: [up.address] });
      const client = await RawClient.open(t, running.port);
      client.send(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n`);
      const feeder = new Feeder(GIGABYTE, (bytes) => {
        if (!framing.includes("chunked")) return client.socket.write(bytes);
        client.socket.write(`${bytes.length.toString(16)}\r\n`);
        client.socket.write(bytes);
        return client.socket.write("\r\n");
      });
      client.socket.on("drain", () => feeder.feed());
      await up.until(() => up.arrivals === 1);
      const before = process.memoryUsage().rss;
      feeder.feed();
      const stopped = await still(() => feeder.sent);
      t.ok(stopped < GIGABYTE / 2, `the client got rid of ${stopped} bytes only`);
      t.ok(process.memoryUsage().rss - before < GROWTH_MAX, "the process has not grown");
      const [peer] = up.peers;
      const received = peer?.received ?? 0;
      peer?.socket.resume();
      await up.until(() => (peer?.received ?? 0) > received + stopped / 2);
      t.pass("and it goes on when the upstream reads again");
      client.reset();
      await quiet(running);
    },
  );
}

t.test("a client that pipelines without end is read no further than its answers go [W73, F4]", async (t) => {
  const up = await RawUpstream.open(t, () => undefined); // never answers
  const running = await startShop(t, { addresses: [up.address] });
  const client = await RawClient.open(t, running.port);
  const many = Buffer.from(GET.repeat(5000), "latin1");
  const feeder = new Feeder(GIGABYTE, () => client.socket.write(many));
  client.socket.on("drain", () => feeder.feed());
  feeder.feed();
  const stopped = await still(() => client.socket.bytesWritten);
  t.ok(stopped < 64_000_000, `${stopped} bytes were taken`);
  t.equal(up.arrivals, 1, "one at a time");
  client.reset();
  await until(() => running.plane.connections.size <= 1);
});

t.test("a worker takes no more connections than it may, whoever they are from [F4]", async (t) => {
  const up = await RawUpstream.open(t, () => undefined);
  const settings = "router: { client: { connectionsMax: 2 } }";
  const running = await startShop(t, { addresses: [up.address], settings });
  const first = await RawClient.open(t, running.port);
  await RawClient.open(t, running.port);
  await until(() => running.plane.connections.size === 2);
  await (await RawClient.open(t, running.port)).ended();
  t.equal(running.plane.counts().causes["refused-connection"], 1);
  first.reset();
  await until(() => running.plane.connections.size === 1);
  const next = await RawClient.open(t, running.port);
  next.send("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n");
  t.equal(statusOf(await next.response()), 501);
});

t.test("an address gets no more connections than it may, and places come free again [F4]", async (t) => {
  const up = await RawUpstream.open(t, () => undefined);
  const running = await startShop(t, {
    addresses: [up.address],
    settings: "router: { client: { connectionsPerAddress: 3 } }",
  });
  const clients = await Promise.all(Array.from({ length: 3 }, () => RawClient.open(t, running.port)));
  await until(() => running.plane.connections.size === 3);
  const fourth = await RawClient.open(t, running.port);
  await fourth.ended();
  t.equal(running.plane.counts().causes["refused-connection"], 1);
  clients[0]?.reset();
  await until(() => running.plane.connections.size === 2);
  const fifth = await RawClient.open(t, running.port);
  await until(() => running.plane.connections.size === 3);
  fifth.send("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n");
  t.equal(statusOf(await fifth.response()), 501);
});
