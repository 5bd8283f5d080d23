// Clients that read slowly, late or not at all: they get every byte, and what they do not take stays bounded (W71, W73, F4).

import t from "tap";
import type { RunningPlane } from "../support/data-plane.ts";
import { RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { leftovers, listenOnPath, quiet, startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const PIECE = "x".repeat(8000);

/** Bytes that wait in the router for the one client that there is. */
function unsent(running: RunningPlane): number {
  let bytes = 0;
  for (const connection of running.plane.connections) bytes += connection.socket.writableLength;
  return bytes;
}

/** An upstream that sends chunks until the client is stuck, and then the end; `sent` counts the bytes of data. */
async function sendUntilStuck(running: RunningPlane, send: (bytes: string) => void): Promise<number> {
  send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  let sent = 0;
  while (unsent(running) === 0) {
    const [connection] = running.plane.connections;
    const before = connection?.socket.bytesWritten ?? 0;
    send(`${PIECE.length.toString(16)}\r\n${PIECE}\r\n`);
    sent += PIECE.length;
    await until(() => (connection?.socket.bytesWritten ?? 0) > before);
  }
  send("0\r\n\r\n");
  return sent;
}

t.test(
  "the last bytes reach a client that pauses for longer than the lingering time [W71, W75]",
  async (t) => {
    let sent = 0;
    const up = await RawUpstream.open(t, async (arrival) => {
      await arrival.whole();
      sent = await sendUntilStuck(running, arrival.answer);
    });
    const running = await startShop(t, { addresses: [up.address] });
    const client = await RawClient.open(t, await listenOnPath(t, running));
    client.socket.pause();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await up.until(() => up.requests.length === 1);
    await until(() => sent > 0 && leftovers(running).length === 0);
    t.ok(unsent(running) > 0, "the answer is over for the router, but not sent");
    await new Promise((resolve) => setTimeout(resolve, 2600)); // the lingering time is 2 s
    client.socket.resume();
    const response = await client.response();
    t.equal(response.body.length, sent);
    t.equal(await client.ended(), "fin");
    await until(() => running.plane.connections.size === 1);
    client.finish();
    await until(() => running.plane.connections.size === 0);
  },
);

t.test("a client that closes its side while the last bytes are under way gets them all [W71]", async (t) => {
  let sent = 0;
  const up = await RawUpstream.open(t, async (arrival) => {
    await arrival.whole();
    sent = await sendUntilStuck(running, arrival.answer);
  });
  const running = await startShop(t, { addresses: [up.address] });
  const client = await RawClient.open(t, await listenOnPath(t, running));
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await until(() => sent > 0 && leftovers(running).length === 0);
  const [connection] = running.plane.connections;
  t.ok(unsent(running) > 0);
  client.finish();
  await until(() => connection?.hasEnded === true || running.plane.connections.size === 0);
  client.socket.resume();
  t.equal((await client.response()).body.length, sent);
  t.equal(await client.ended(), "fin");
  await until(() => running.plane.connections.size === 0);
});

t.test(
  "an answer that is stuck at a client holds up nobody else on its upstream connection [W73]",
  async (t) => {
    const head = "HTTP/1.1 200 OK\r\nContent-Length: ";
    // The router reads 64 KB, and then 128 KB at a time: the last of these is the answer's last one.
    const length = 65_536 + 6 * 131_072 + 100_000;
    const up = await RawUpstream.open(t, async (arrival) => {
      await arrival.whole();
      arrival.answer(
        arrival.start.includes("large") ? `${head}${length}\r\n\r\n${"y".repeat(length)}` : respond("small"),
      );
    });
    const running = await startShop(t, { addresses: [up.address] });
    const slow = await RawClient.open(t, await listenOnPath(t, running));
    slow.socket.pause();
    slow.send(GET.replace("/ ", "/large "));
    await until(() => unsent(running) > 0);
    const [connection] = running.plane.connections;
    // Takes what is stuck, and stops again, until all that is left of the answer is in the router.
    let taken = 0;
    while (leftovers(running).length > 0) {
      const some = slow.socket.read(16_384) as Buffer | null;
      if (some !== null) taken += some.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    t.comment(`${taken} of ${length} taken, ${connection?.socket.writableLength} in the router`);
    const other = await RawClient.open(t, running.port);
    for (let round = 0; round < 3; round += 1) t.equal((await other.ask(GET)).body.toString(), "small");
    t.equal(up.peers.length, 1, "all on one connection");
  },
);

t.test(
  "an upload that the upstream refuses half-way: the client reads the refusal, however much it still sends [W71]",
  async (t) => {
    const up = await RawUpstream.open(t, (arrival) => {
      arrival.answer(respond("too large", "Connection: close\r\n", "413 Content Too Large"));
    });
    const running = await startShop(t, { addresses: [up.address] });
    const client = await RawClient.open(t, running.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n${"x".repeat(300_000)}`);
    const response = await client.response("POST");
    t.equal(statusOf(response), 413);
    t.match(response.head, "Connection: close");
    for (let piece = 0; piece < 60; piece += 1) client.send("x".repeat(100_000));
    client.finish();
    t.equal(await client.ended(), "fin", "no reset");
    await quiet(running);
  },
);

t.test(
  "an upload whose server refuses it and closes without reading it: the refusal arrives all the same [W61, W71]",
  async (t) => {
    const up = await RawUpstream.open(t, (arrival) => {
      // What is unread when it closes makes the kernel send a reset behind the answer, into the middle of the upload.
      arrival.peer.socket.pause();
      arrival.answer(respond("too large", "Connection: close\r\n", "413 Content Too Large"));
      arrival.peer.socket.destroySoon();
    });
    const running = await startShop(t, { addresses: [up.address] });
    const piece = Buffer.alloc(65_536, "x");
    for (let round = 0; round < 30; round += 1) {
      const client = await RawClient.open(t, running.port);
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
      let sent = 0;
      const feed = (): void => {
        while (sent < 3_900_000 && client.socket.writable && client.socket.write(piece)) sent += piece.length;
      };
      client.socket.on("drain", feed);
      feed();
      t.equal(statusOf(await client.response()), 413);
      client.socket.destroy();
    }
    await quiet(running);
  },
);
