// SPEC A5: what a response says of a session is known to all workers before the client can read it.

import t, { type Test } from "tap";
import { always, type RawArrival, RawClient, RawUpstream, respond, type Script } from "../support/raw.ts";
import { leftovers, quiet, startShop, until } from "../support/shop-plane.ts";

const GET = "GET /shop HTTP/1.1\r\nHost: a\r\n\r\n";
const LEARN = "{ style: learn, cookie: SID }";

/** A replicate function whose callbacks the test calls when it likes. */
class LateReplication {
  readonly waiting: (() => void)[] = [];
  readonly replicate = (whenKnown: () => void): void => void this.waiting.push(whenKnown);

  /** All workers know what was learned first. */
  async letGo(): Promise<void> {
    await until(() => this.waiting.length > 0);
    this.waiting.shift()?.();
  }
}

/** Each answer sets a session of its own; the target says how it is framed. */
const newSession: Script = async (arrival) => {
  await arrival.whole();
  const id = arrival.start.split(" ")[1];
  const cookie = `Set-Cookie: SID=${id}\r\n`;
  if (id === "/closes") {
    arrival.answer(`HTTP/1.1 200 OK\r\n${cookie}\r\nuntil the close`);
    arrival.peer.finish();
  } else if (id === "/last") {
    arrival.answer(respond("last", `${cookie}Connection: close\r\n`));
    arrival.peer.finish();
  } else if (id === "/chunks") {
    arrival.answer(`HTTP/1.1 200 OK\r\n${cookie}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`);
  } else if (id === "/large") {
    arrival.answer(respond("x".repeat(1_000_000), cookie));
  } else if (id === "/plain") {
    arrival.answer(respond("plain"));
  } else arrival.answer(respond(`body of ${id}`, cookie));
};

for (const target of ["/a", "/closes", "/last", "/chunks", "/large"]) {
  t.test(`an answer that starts a session waits until every worker knows it: ${target} [A5]`, async (t) => {
    const up = await RawUpstream.open(t, newSession);
    const late = new LateReplication();
    const running = await startShop(t, {
      addresses: [up.address],
      affinity: LEARN,
      replicate: late.replicate,
    });
    const client = await RawClient.open(t, running.port);
    client.send(GET.replace("/shop", target));
    await until(() => late.waiting.length > 0);
    t.equal(client.received, 0, "nothing is sent before");
    await late.letGo();
    const response = await client.response();
    t.match(response.head, `Set-Cookie: SID=${target}`);
    t.ok(response.body.length > 2);
    // The same connections carry on.
    const again = await client.ask(GET.replace("/shop", "/plain"));
    t.equal(again.body.toString(), "plain");
    t.same(leftovers(running), []);
  });
}

t.test("what was held for a client that left is never given to another one [A5, F5]", async (t) => {
  const up = await RawUpstream.open(t, newSession);
  const late = new LateReplication();
  const running = await startShop(t, { addresses: [up.address], affinity: LEARN, replicate: late.replicate });
  const first = await RawClient.open(t, running.port);
  first.send(GET.replace("/shop", "/secret"));
  await until(() => late.waiting.length === 1);
  first.reset();
  await quiet(running);
  const second = await RawClient.open(t, running.port);
  second.send(GET.replace("/shop", "/b"));
  await until(() => late.waiting.length === 2);
  await late.letGo(); // of the first one: must do nothing
  t.equal(second.received, 0);
  await late.letGo();
  const response = await second.response();
  t.equal(response.body.toString(), "body of /b");
  t.notMatch(response.head, "/secret");
  t.same(leftovers(running), []);
});

t.test("requests that a client pipelined behind a held answer wait for it [A5]", async (t) => {
  const up = await RawUpstream.open(t, newSession);
  const late = new LateReplication();
  const running = await startShop(t, { addresses: [up.address], affinity: LEARN, replicate: late.replicate });
  const client = await RawClient.open(t, running.port);
  client.send(GET.replace("/shop", "/a") + GET.replace("/shop", "/plain") + GET.replace("/shop", "/b"));
  await late.letGo();
  t.equal((await client.response()).body.toString(), "body of /a");
  t.equal((await client.response()).body.toString(), "plain");
  await late.letGo();
  t.equal((await client.response()).body.toString(), "body of /b");
  await quiet(running);
});

t.test("a replication that is known at once holds nothing [A5]", async (t) => {
  const up = await RawUpstream.open(t, always(respond("ok", "Set-Cookie: SID=1\r\n")));
  const running = await startShop(t, {
    addresses: [up.address],
    affinity: LEARN,
    replicate: (whenKnown) => whenKnown(),
  });
  const client = await RawClient.open(t, running.port);
  t.equal((await client.ask(GET)).body.toString(), "ok");
  t.equal((await client.ask(GET)).body.toString(), "ok");
});

const UPGRADE = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCHING =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: SID=ws\r\n\r\n";

/** A 101 that starts a session is held; the upstream has sent `early` right behind it. */
async function heldSwitch(t: Test, early: string) {
  const arrivals: RawArrival[] = [];
  const up = await RawUpstream.open(t, async (arrival) => {
    await arrival.whole();
    arrivals.push(arrival);
    arrival.answer(SWITCHING + early);
  });
  const late = new LateReplication();
  const running = await startShop(t, {
    addresses: [up.address],
    affinity: LEARN,
    traffic: "{ closeSpread: 0s }",
    replicate: late.replicate,
  });
  const client = await RawClient.open(t, running.port);
  client.send(UPGRADE);
  await until(() => late.waiting.length > 0);
  const [arrival] = arrivals;
  if (arrival === undefined) throw new Error("The upgrade did not arrive");
  return { running, client, late, up, arrival };
}

const behindHead = (client: RawClient): string => client.text.slice(client.text.indexOf("\r\n\r\n") + 4);

t.test(
  "a 101 that starts a session waits until every worker knows it; what comes meanwhile keeps its order [A5]",
  async (t) => {
    const { running, client, late, arrival } = await heldSwitch(t, "\x81\x01a");
    arrival.answer("\x81\x01b"); // not read yet
    const sent = Array.from({ length: 200 }, (_, index) => `\x81\x84mask${`${index}`.padStart(4)}`).join("");
    client.send(sent.slice(0, 1000));
    const { socket } = [...running.plane.connections][0] ?? {};
    await until(() => socket?.bytesRead === UPGRADE.length + 1000);
    t.equal(client.received, 0, "nothing is sent before");
    t.equal(running.plane.tunnels.size, 0);
    await late.letGo();
    client.send(sent.slice(1000));
    arrival.answer("\x81\x01c");
    await client.until(() => behindHead(client).length === 9);
    t.match(client.text, "Set-Cookie: SID=ws\r\n");
    t.equal(behindHead(client), "\x81\x01a\x81\x01b\x81\x01c");
    await arrival.peer.until(() => arrival.peer.text.endsWith(sent.slice(-8)));
    t.ok(arrival.peer.text.endsWith(sent), "the client's bytes are whole and in order");
    client.reset();
    await quiet(running);
  },
);

t.test("more than a head's bytes that a client sends before its 101 are not lost [A5, F4]", async (t) => {
  const { running, client, late, arrival } = await heldSwitch(t, "");
  const sent = "0123456789abcdef".repeat(20_000);
  client.send(sent);
  const [connection] = running.plane.connections;
  await until(() => connection?.isStopped === true);
  await late.letGo();
  await arrival.peer.until(() => arrival.peer.text.endsWith(sent));
  t.ok(arrival.peer.text.endsWith(sent));
  client.reset();
  await quiet(running);
});

t.test("a client that resets while its 101 is held leaves nothing behind [A5, F4]", async (t) => {
  const { running, client, late, up } = await heldSwitch(t, "\x81\x01a");
  client.reset();
  await quiet(running);
  await late.letGo(); // too late for anybody
  await up.until(() => up.open === 0);
  t.same(leftovers(running), []);
  t.equal(running.plane.connections.size, 0);
});

t.test(
  "a client that closes its side while its 101 is held gets it, then the tunnel ends [A5, W72]",
  async (t) => {
    const { running, client, late, arrival } = await heldSwitch(t, "\x81\x01a");
    client.send("bye");
    client.finish();
    const [connection] = running.plane.connections;
    await until(() => connection?.hasEnded === true);
    await late.letGo();
    t.equal(await arrival.peer.ended(), "fin");
    t.match(arrival.peer.text, /bye$/);
    arrival.peer.finish();
    t.equal(await client.ended(), "fin");
    t.equal(behindHead(client), "\x81\x01a");
    await quiet(running);
  },
);

t.test("a tunnel whose server was closed while its 101 was held is closed politely [A5, M4]", async (t) => {
  const { running, client, late } = await heldSwitch(t, "");
  running.setMode("Server01", "break");
  await late.letGo();
  await client.ended();
  t.equal(behindHead(client), "\x88\x02\x03\xf4", "1012");
  client.finish();
  await quiet(running);
});
