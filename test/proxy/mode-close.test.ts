// What `break` does to long connections (SPEC M4, W64): WebSockets get 1012 where a frame ends, event streams end between two
// events, other tunnels are closed; `affinity` leaves them all alone.

import t, { type Test } from "tap";
import type { RunningPlane } from "../support/data-plane.ts";
import { type RawArrival, RawClient, RawUpstream, statusOf } from "../support/raw.ts";
import { leftovers, quiet, startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const upgrade = (protocol: string): string =>
  `GET /${protocol} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
const EVENTS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
/** Close frame with 1012, unmasked as a server sends it. */
const CLOSE = "\x88\x02\x03\xf4";

interface Opened {
  readonly running: RunningPlane;
  readonly client: RawClient;
  readonly up: RawUpstream;
  /** The upstream's end of the connection. */
  readonly arrival: RawArrival;
}

/** Sends a request whose upstream side the test plays by itself. */
async function open(t: Test, request: string, first: string, traffic = "closeSpread: 0s"): Promise<Opened> {
  const arrivals: RawArrival[] = [];
  const up = await RawUpstream.open(t, (arrival) => {
    arrivals.push(arrival);
    arrival.answer(first);
  });
  const running = await startShop(t, { addresses: [up.address], traffic: `{ ${traffic} }` });
  const client = await RawClient.open(t, running.port);
  client.send(request);
  await client.until(() => client.text.includes("\r\n\r\n"));
  await until(() => leftovers(running).length > 1 || first.includes("Content-Length"));
  return { running, client, up, arrival: arrivals[0] as RawArrival };
}

const switching = (protocol: string): string =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\nConnection: Upgrade\r\n\r\n`;

/** What came behind the head. */
const behindHead = (client: RawClient): string => client.text.slice(client.text.indexOf("\r\n\r\n") + 4);

/** Takes a masked close frame apart: the code, or -1. */
function maskedCloseCode(frame: string): number {
  const bytes = Buffer.from(frame, "latin1");
  if (bytes.length !== 8 || bytes[0] !== 0x88 || bytes[1] !== 0x82) return -1;
  return (((bytes[6] ?? 0) ^ (bytes[2] ?? 0)) << 8) | ((bytes[7] ?? 0) ^ (bytes[3] ?? 0));
}

t.test("break closes an idle WebSocket with 1012 on both sides [M4, W64]", async (t) => {
  const { running, client, arrival, up } = await open(t, upgrade("websocket"), switching("websocket"));
  running.setMode("Server01", "affinity");
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(behindHead(client), "", "affinity leaves it open");
  running.setMode("Server01", "break");
  await client.ended();
  t.equal(behindHead(client), CLOSE);
  await arrival.peer.ended();
  t.equal(maskedCloseCode(arrival.peer.text), 1012);
  client.finish();
  arrival.peer.finish();
  await quiet(running);
  await up.until(() => up.open === 0);
});

for (const [name, frame] of [
  ["a small frame", "\x81\x0a0123456789"],
  ["a frame with a length of two bytes", `\x82\x7e\x03\xe8${"m".repeat(1000)}`],
  ["a frame with a length of eight bytes", `\x82\x7f\0\0\0\0\0\x01\x86\xa0${"l".repeat(100_000)}`],
] as const) {
  for (const cut of [1, 2, 3, 8, 11]) {
    t.test(
      `break in the middle of ${name}, after ${cut} bytes: the frame is finished first [M4, W64]`,
      async (t) => {
        const { running, client, arrival } = await open(t, upgrade("websocket"), switching("websocket"));
        arrival.answer(frame.slice(0, cut));
        await client.until(() => behindHead(client).length === cut);
        running.setMode("Server01", "break");
        await arrival.peer.until(() => arrival.peer.text.length > 0); // the other direction is closed by now
        t.equal(behindHead(client), frame.slice(0, cut), "no close frame inside a frame");
        arrival.answer(`${frame.slice(cut)}\x81\x04late`);
        await client.ended();
        t.equal(behindHead(client), frame + CLOSE, "then 1012, and nothing behind it");
      },
    );
  }
}

t.test("break between the fragments of a message: a close frame may stand there [M4, W64]", async (t) => {
  const { running, client, arrival } = await open(t, upgrade("websocket"), switching("websocket"));
  arrival.answer("\x01\x03abc"); // first fragment, more to come
  client.send("\x01\x83mask\x0c\x03\x10"); // and one of the client
  await client.until(() => behindHead(client).length === 5);
  await arrival.peer.until(() => arrival.peer.text.length === 9);
  running.setMode("Server01", "break");
  await client.ended();
  t.equal(behindHead(client), `\x01\x03abc${CLOSE}`);
  await arrival.peer.ended();
  t.equal(maskedCloseCode(arrival.peer.text.slice(9)), 1012);
});

t.test(
  "break in the middle of a client's frame: the server gets the whole frame, then 1012 [M4, W64]",
  async (t) => {
    const { running, client, arrival } = await open(t, upgrade("websocket"), switching("websocket"));
    client.send("\x82\x85mas");
    await arrival.peer.until(() => arrival.peer.text.length === 5);
    running.setMode("Server01", "break");
    await client.until(() => behindHead(client) === CLOSE);
    client.send("kABCDE");
    await arrival.peer.ended();
    t.equal(arrival.peer.text.slice(0, 11), "\x82\x85maskABCDE");
    t.equal(maskedCloseCode(arrival.peer.text.slice(11)), 1012);
  },
);

t.test("a WebSocket whose sides do not close is closed after a short wait [M4, F4]", async (t) => {
  const { running, client, up } = await open(t, upgrade("websocket"), switching("websocket"));
  running.setMode("Server01", "break");
  await client.ended();
  await quiet(running); // neither side has closed
  t.equal(running.plane.connections.size, 0);
  client.finish();
  await up.until(() => up.peers.every((peer) => peer.ending !== "open"));
});

t.test("a tunnel to a client that reads nothing any more is not kept for ever [M4, F4]", async (t) => {
  const { running, client, arrival, up } = await open(t, upgrade("x"), switching("x"));
  client.socket.pause();
  const [connection] = running.plane.connections;
  const piece = "p".repeat(65_536);
  while ((connection?.socket.writableLength ?? 0) === 0) {
    arrival.answer(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  running.setMode("Server01", "break");
  await quiet(running);
  await until(() => connection?.socket.destroyed === true);
  await up.until(() => up.open === 0);
  t.pass("both sockets are gone");
});

t.test("other upgrades are closed as they are [M4]", async (t) => {
  const { running, client, arrival, up } = await open(t, upgrade("x"), switching("x"));
  arrival.answer("half of something");
  await client.until(() => behindHead(client) === "half of something");
  running.setMode("Server01", "break");
  t.equal(await client.ended(), "fin");
  t.equal(behindHead(client), "half of something");
  client.finish();
  arrival.peer.finish();
  await quiet(running);
  await up.until(() => up.open === 0);
});

t.test(
  "closes are spread over closeSpread, and an operator who opens again stops those still to come [M4]",
  async (t) => {
    const up = await RawUpstream.open(t, (arrival) => arrival.answer(switching("websocket")));
    const running = await startShop(t, { addresses: [up.address], traffic: "{ closeSpread: 600ms }" });
    const clients = await Promise.all(Array.from({ length: 30 }, () => RawClient.open(t, running.port)));
    for (const client of clients) client.send(upgrade("websocket"));
    await until(() => running.plane.tunnels.size === 30);
    running.setMode("Server01", "break");
    const closed = (): number => clients.filter((client) => client.ending !== "open").length;
    await until(() => closed() > 0);
    t.ok(closed() < 25, "not all at once");
    running.setMode("Server01", "normal");
    const closedThen = closed();
    await new Promise((resolve) => setTimeout(resolve, 700));
    t.ok(closed() <= closedThen + 3, "those still to come stay");
    t.ok(closed() < 30);
    running.setMode("Server01", "break");
    await until(() => closed() === 30);
    for (const client of clients) client.finish();
    for (const peer of up.peers) peer.finish();
    await quiet(running);
  },
);

for (const [name, before, after, whole] of [
  ["between two events", "data: 1\n\n", "", "data: 1\n\n"],
  ["in the middle of an event", "data: 1\n\nda", "ta: 2\n\ndata: 3\n\n", "data: 1\n\ndata: 2\n\n"],
  [
    "between the two line ends of an event",
    "data: 1\n\ndata: 2\n",
    "\ndata: 3\n\n",
    "data: 1\n\ndata: 2\n\n",
  ],
  [
    "in a stream with CR LF",
    "data: 1\r\n\r\ndata: 2\r\n\r",
    "\ndata: 3\r\n\r\n",
    "data: 1\r\n\r\ndata: 2\r\n\r",
  ],
] as const) {
  t.test(
    `break ${name}: the stream ends whole at an event's end, and the connection goes on [M4]`,
    async (t) => {
      const { running, client, arrival } = await open(t, GET, EVENTS);
      const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
      arrival.answer(chunk(before));
      await client.until(() => behindHead(client).includes(before.slice(-3)));
      running.setMode("Server01", "affinity");
      running.setMode("Server01", "break");
      await new Promise((resolve) => setTimeout(resolve, 30)); // closeSpread is 0: the alarm has rung
      if (after !== "") arrival.answer(chunk(after));
      const response = await client.response();
      t.equal(response.body.toString().replace(/\r$/, ""), whole.replace(/\r$/, ""));
      t.equal(response.framing, "chunked");
      await quiet(running);
      t.equal(running.plane.counts().causes["mode-closed"], 1);
      t.equal(statusOf(await client.ask(GET)), 503, "and comes back to the maintenance page");
    },
  );
}

for (const [name, request, answer] of [
  ["a WebSocket", upgrade("websocket"), switching("websocket")],
  ["an event stream", GET, EVENTS],
] as const) {
  t.test(`${name} that opens only after break, to a request of before, is ended too [M4]`, async (t) => {
    const arrivals: RawArrival[] = [];
    const up = await RawUpstream.open(t, (arrival) => void arrivals.push(arrival));
    const running = await startShop(t, { addresses: [up.address], traffic: "{ closeSpread: 0s }" });
    const client = await RawClient.open(t, running.port);
    client.send(request);
    await until(() => arrivals.length > 0);
    running.setMode("Server01", "break");
    arrivals[0]?.answer(answer);
    await client.until(() => behindHead(client) === (answer === EVENTS ? "0\r\n\r\n" : CLOSE));
    client.finish();
    await quiet(running);
    t.pass("it has ended");
  });
}

t.test(
  "an event stream with a length is an ordinary response: it is finished, never cut or faked [M4]",
  async (t) => {
    const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 18\r\n\r\n";
    const { running, client, arrival } = await open(t, GET, `${head}data: 1\n\n`);
    await client.until(() => behindHead(client) === "data: 1\n\n");
    running.setMode("Server01", "break");
    await new Promise((resolve) => setTimeout(resolve, 150));
    arrival.answer("data: 2\n\n");
    t.equal((await client.response()).body.toString(), "data: 1\n\ndata: 2\n\n");
    t.equal(statusOf(await client.ask(GET)), 503);
    await quiet(running);
  },
);

t.test(
  "when no server is left: 503 with the page for it and Retry-After; requests in flight finish [M5]",
  async (t) => {
    const { running, client, arrival } = await open(
      t,
      GET,
      "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbeg",
    );
    running.setMode("Server01", "break", "<h1>Moving</h1>");
    const other = await RawClient.open(t, running.port);
    const refused = await other.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
    t.equal(statusOf(refused), 503);
    t.match(refused.head, /\r\nRetry-After: \d+\r\n/);
    t.match(refused.head, /text\/html/);
    t.equal(refused.body.toString(), "<h1>Moving</h1>");
    arrival.answer("end");
    t.equal((await client.response()).body.toString(), "begend");
    running.setMode("Server01", "normal");
    await quiet(running);
  },
);
