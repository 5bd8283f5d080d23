// SPEC A5: what a response says of a session is known to all workers before the client can read it.

import t from "tap";
import { always, RawClient, RawUpstream, respond, type Script } from "../support/raw.ts";
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
