// Wire checklist W60 to W64: interim responses, Expect, Upgrade.

import t from "tap";
import { type RawClient, respond, statusOf } from "../support/raw.ts";
import { responseFraming, values } from "../support/raw-message.ts";
import { leftovers, quiet, until } from "../support/shop-plane.ts";
import { added, startSite } from "./site.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HINTS = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
const WEBSOCKET =
  "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

const next = async (client: RawClient): Promise<string> =>
  (await client.message(responseFraming("GET")))?.start ?? "";

t.test(
  "interim responses go on as they come, several in a row, and stay out of the final head [W60, W62]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      arrival.answer(`${HINTS}${HINTS}HTTP/1.1 102 Processing\r\n\r\n`);
      arrival.answer(HINTS.replace("a.css", "b.css"));
      arrival.answer(respond("final"));
    });
    const client = await site.client();
    client.send(GET);
    const starts: string[] = [];
    for (let count = 0; count < 4; count += 1) starts.push(await next(client));
    t.same(starts, [
      "HTTP/1.1 103 Early Hints",
      "HTTP/1.1 103 Early Hints",
      "HTTP/1.1 102 Processing",
      "HTTP/1.1 103 Early Hints",
    ]);
    const final = await client.response();
    t.same(final.lines, ["Date: Thu, 01 Jan 2026 00:00:00 GMT", "Content-Length: 5"]);
    t.equal((await client.ask(GET)).body.toString(), "final", "the connection goes on");
  },
);

t.test("no interim response goes to a 1.0 client [W60]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(`${HINTS}HTTP/1.1 100 Continue\r\n\r\n${respond("final")}`);
  });
  const client = await site.client();
  client.send("GET / HTTP/1.0\r\n\r\n");
  await client.ended();
  t.match(client.text, /^HTTP\/1\.1 200 OK\r\n/);
  t.notMatch(client.text, "103");
});

t.test(
  "interim responses without end are held back with the client that does not read them [W60, F4]",
  async (t) => {
    let sent = 0;
    const flood = HINTS.repeat(500);
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      await new Promise<void>((resolve) => {
        const more = (): void => {
          while (sent < 64_000_000 && arrival.peer.socket.write(flood)) sent += flood.length;
          sent += flood.length;
          if (arrival.peer.isGone) resolve();
          else arrival.peer.socket.once("drain", more);
        };
        arrival.peer.socket.once("close", () => resolve());
        more();
      });
    });
    const client = await site.client();
    client.socket.pause();
    client.send(GET);
    const [connection] = site.running.plane.connections;
    let before = -1;
    await until(() => {
      const isStill = sent === before && sent > 1_000_000;
      before = sent;
      return isStill;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.ok(sent < 30_000_000, `${sent} bytes were taken, which the kernel's buffers hold`);
    t.ok(
      (connection?.socket.writableLength ?? 0) < 200_000,
      `${connection?.socket.writableLength} are held here`,
    );
    client.reset();
    await quiet(site.running);
  },
);

t.test(
  "Expect: 100-continue goes to the upstream, its 100 comes back, then the body follows [W61]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      arrival.answer("HTTP/1.1 100 Continue\r\n\r\n");
      await arrival.whole();
      arrival.answer(respond("got it"));
    });
    const client = await site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    t.equal(await next(client), "HTTP/1.1 100 Continue");
    client.send("hello");
    t.equal((await client.response()).body.toString(), "got it");
    t.equal(
      (await site.up.request(0)).raw.toString(),
      `POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n${added()}\r\nhello`,
    );
  },
);

t.test(
  "an upstream that refuses instead of 100: the refusal goes back, the body is not waited for [W61]",
  async (t) => {
    const site = await startSite(t, (arrival) => arrival.answer(respond("no", "", "417 Expectation Failed")));
    const client = await site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
    const response = await client.response();
    t.equal(statusOf(response), 417);
    t.match(response.head, "\r\nConnection: close\r\n");
    t.equal(await client.ended(), "fin");
    await site.up.until(() => site.up.open === 0);
    t.same(leftovers(site.running), []);
  },
);

t.test(
  "an upstream that says nothing to 100-continue: a client that goes on is served, one that waits has a limit [W61]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      arrival.answer(respond("late"));
    });
    const client = await site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    await site.up.until(() => site.up.arrivals === 1);
    client.send("hello");
    t.equal((await client.response()).body.toString(), "late");
  },
);

t.test("an expectation that nobody knows is 417, and 1.0 clients have none [W61]", async (t) => {
  const site = await startSite(t);
  await site.refuses("POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 5\r\n\r\nhello", 417);
  await site.refuses(
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\nContent-Length: 5\r\n\r\nhello",
    417,
  );
  const client = await site.client();
  client.send("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
  await client.ended();
  t.match(client.text, /^HTTP\/1\.1 200 /);
});

t.test(
  "an upgrade goes on only with Connection: upgrade, as one protocol, and never for 1.0 [W63]",
  async (t) => {
    const site = await startSite(t);
    t.equal(
      await site.forwards("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"),
      `GET / HTTP/1.1\r\nHost: a\r\n${added()}\r\n`,
    );
    t.equal(
      await site.forwards("GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
      `GET / HTTP/1.1\r\nHost: a\r\n${added()}\r\n`,
    );
    t.equal(
      await site.forwards("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
      `GET / HTTP/1.1\r\nHost: a\r\n${added()}\r\n`,
      "HTTP/2 would carry requests that nobody routes",
    );
    t.equal(
      await site.forwards(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\ny",
      ),
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n${added()}\r\ny`,
      "one with a body is none",
    );
    t.equal(
      await site.forwards("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
      `GET / HTTP/1.1\r\nHost: a\r\n${added()}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
  },
);

t.test(
  "an upgrade that is not granted is an ordinary response on a connection that goes on [W63]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      if (arrival.start.includes("/ws"))
        arrival.answer(
          "HTTP/1.1 426 Upgrade Required\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
        );
      else arrival.answer(respond("ok"));
    });
    const client = await site.client();
    const refused = await client.ask(WEBSOCKET);
    t.equal(statusOf(refused), 426);
    t.equal(refused.body.toString(), "no");
    t.equal((await client.ask(GET)).body.toString(), "ok");
    t.equal(site.up.peers.length, 1);
  },
);

t.test("a granted upgrade: head and first bytes both ways, counted while it lasts [W63, W64]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(`${SWITCH}\x81\x05hello`);
    await arrival.peer.until(() => arrival.peer.text === "\x81\x85abcdXXXXX");
    arrival.answer("\x81\x03bye");
    arrival.peer.finish();
  });
  const client = await site.client();
  const switched = await client.ask(WEBSOCKET);
  t.equal(statusOf(switched), 101);
  t.same(values(switched, "upgrade"), ["websocket"]);
  t.same(values(switched, "connection"), ["Upgrade"]);
  t.same(values(switched, "sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
  await client.until(() => client.text === "\x81\x05hello");
  t.same(leftovers(site.running).filter((left) => left.includes("webSockets 1")).length, 1);
  const traffic = site.running.plane.traffic.counts();
  t.equal(traffic.find((counts) => counts.server === "Server01")?.statuses[0], 1, "counted at its server");
  client.send("\x81\x85abcdXXXXX");
  await client.ended();
  t.equal(client.text, "\x81\x05hello\x81\x03bye", "frames, extensions and masks are nobody's business");
  client.finish();
  await quiet(site.running);
});

t.test("interim responses before a 101 go on too [W60, W63]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(`${HINTS}${SWITCH}`);
  });
  const client = await site.client();
  client.send(WEBSOCKET);
  t.equal(await next(client), "HTTP/1.1 103 Early Hints");
  t.equal(await next(client), "HTTP/1.1 101 Switching Protocols");
});
