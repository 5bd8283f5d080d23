// Wire checklist W70 to W79: connections, their ends, time and pressure. What needs more than a table line is in test/proxy.

import t from "tap";
import { RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { leftovers, quiet, startShop, until } from "../support/shop-plane.ts";
import { startSite } from "./site.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const UPGRADE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";

t.test("no method but the idempotent ones is ever sent twice [W70]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    if (arrival.index === 0) arrival.answer(respond("first"));
    else arrival.peer.socket.destroy();
  });
  for (const method of ["POST", "PATCH", "LOCK", "FOO", "get"]) {
    const client = await site.client();
    await client.ask(GET);
    client.send(`${method} /${method} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.ended();
    t.equal(
      site.up.requests.filter((request) => request.start.startsWith(`${method} /${method} `)).length,
      1,
      `${method} reached the upstream once`,
    );
  }
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
    const client = await site.client();
    await client.ask(GET);
    t.equal(statusOf(await client.ask(`${method} /${method} HTTP/1.1\r\nHost: a\r\n\r\n`)), 200, method);
  }
});

t.test(
  "an idempotent request that fails again and again ends in one answer, after a few tries [W70]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      if (arrival.index === 0 && site.up.arrivals === 1) arrival.answer(respond("first"));
      else arrival.peer.socket.destroy();
    });
    const client = await site.client();
    await client.ask(GET);
    t.equal(statusOf(await client.ask(GET)), 502);
    t.ok(site.up.arrivals <= 3, `${site.up.arrivals - 1} tries`);
  },
);

t.test(
  "Connection: close of the client: the answer says so, and nothing after it is read as a request [W71]",
  async (t) => {
    const site = await startSite(t);
    const client = await site.client();
    client.send(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${GET}${GET}`);
    const response = await client.response();
    t.match(response.head, "\r\nConnection: close\r\n");
    t.equal(await client.ended(), "fin");
    t.equal(client.text, "");
    t.equal(site.up.arrivals, 1);
    await quiet(site.running);
  },
);

t.test(
  "Connection: close of the upstream: its connection is not used again, the client's goes on [W71]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      arrival.answer(respond("ok", "Connection: close\r\n"));
    });
    const client = await site.client();
    const first = await client.ask(GET);
    t.notMatch(first.head, /connection:/i);
    t.equal(statusOf(await client.ask(GET)), 200);
    t.same(
      site.up.peers.map((peer) => peer.received > 0),
      [true, true],
    );
    await site.up.until(() => site.up.open === 0);
  },
);

t.test("a 1.0 upstream without keep-alive is not used again, one with it is [W71, W12]", async (t) => {
  let fields = "";
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(`HTTP/1.0 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`);
  });
  const client = await site.client();
  await client.ask(GET);
  await client.ask(GET);
  t.equal(site.up.peers.length, 2);
  fields = "Connection: keep-alive\r\n";
  await client.ask(GET);
  await client.ask(GET);
  t.equal(site.up.peers.length, 3);
});

t.test("a tunnel of which one side closes delivers what is under way, then closes both [W72]", async (t) => {
  const tail = "tail".repeat(50_000);
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(SWITCH);
    if (arrival.start.startsWith("GET /up")) {
      arrival.answer(tail);
      arrival.peer.finish();
    } else {
      await arrival.peer.until(() => arrival.peer.ending === "fin");
      t.equal(arrival.peer.text, "all of it", "the upstream got everything before the end");
      arrival.answer(tail);
      arrival.peer.finish();
    }
  });
  const first = await site.client();
  await first.ask(UPGRADE.replace("/ ", "/up "));
  t.equal(await first.ended(), "fin");
  t.equal(first.text, tail);
  first.finish();
  const second = await site.client();
  await second.ask(UPGRADE.replace("/ ", "/down "));
  second.send("all of it");
  second.finish();
  t.equal(await second.ended(), "fin");
  t.equal(second.text, tail, "and the client what the upstream still had to say");
  await quiet(site.running);
  await site.up.until(() => site.up.open === 0);
});

t.test("a tunnel that is reset on one side is closed on the other [W72]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(SWITCH);
    if (arrival.start.includes("/die")) {
      await arrival.peer.until(() => arrival.peer.text === "x");
      arrival.peer.reset();
    }
  });
  const client = await site.client();
  await client.ask(UPGRADE.replace("/ ", "/die "));
  client.send("x");
  await client.ended();
  const other = await site.client();
  await other.ask(UPGRADE);
  other.reset();
  await quiet(site.running);
  await site.up.until(() => site.up.open === 0);
  t.pass("both are gone");
});

t.test("an idle upstream connection that closes is dropped at once [W76]", async (t) => {
  const site = await startSite(t);
  const client = await site.client();
  await client.ask(GET);
  site.up.peers[0]?.finish();
  await site.up.until(() => site.up.open === 0);
  t.equal(statusOf(await client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")), 200);
  t.equal(site.up.peers.length, 2);
});

t.test("Keep-Alive: timeout of the upstream is kept with a margin, and never passed on [W76]", async (t) => {
  const up = await RawUpstream.open(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(
      respond("ok", `Keep-Alive: timeout=${arrival.start.includes("long") ? 5 : 1}, max=100\r\n`),
    );
  });
  const running = await startShop(t, { addresses: [up.address] });
  const client = await RawClient.open(t, running.port);
  t.notMatch((await client.ask(GET)).head, /keep-alive/i);
  await up.until(() => up.open === 0);
  t.equal(up.peers[0]?.ending, "fin", "closed by us a second before it would close");
  await client.ask(GET.replace("/ ", "/long "));
  await client.ask(GET.replace("/ ", "/long "));
  t.equal(up.peers.length, 2);
});

t.test("a client that aborts ends its upstream request, and counts as its own doing [W75]", async (t) => {
  const lines: string[] = [];
  const up = await RawUpstream.open(t, () => undefined);
  const running = await startShop(t, {
    addresses: [up.address],
    lines,
    settings: "router: { accessLog: { format: json } }",
  });
  const client = await RawClient.open(t, running.port);
  client.send(GET);
  await up.until(() => up.arrivals === 1);
  client.reset();
  await up.until(() => up.open === 0);
  t.equal(running.plane.counts().causes["client-abort"], 1);
  running.plane.accessLog.flush();
  t.match(JSON.parse(lines[0] ?? "{}"), { status: 499, cause: "client-abort" });
  t.same(leftovers(running), []);
});

t.test("a client that aborts in the middle of a response ends it at the upstream [W75]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nbegin");
  });
  const client = await site.client();
  client.send(GET);
  await client.until(() => client.text.endsWith("begin"));
  client.reset();
  await site.up.until(() => site.up.open === 0);
  await until(() => leftovers(site.running).length === 0);
  t.equal(site.running.plane.counts().causes["client-abort"], 1);
});
