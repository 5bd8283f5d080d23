// How a worker lets go of its clients (W77), and how connections are let go after so many requests (P4).

import t from "tap";
import { applying, yaml } from "../support/declare.ts";
import { always, RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { leftovers, quiet, shopYaml, startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

t.test(
  "a draining worker finishes what is under way and says close with it; quiet connections go after a second [W77]",
  async (t) => {
    let answer: () => void = () => undefined;
    const up = await RawUpstream.open(t, async (arrival) => {
      await arrival.whole();
      if (arrival.start.includes("slow"))
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      arrival.answer(respond("ok"));
    });
    const running = await startShop(t, { addresses: [up.address] });
    const [idle, busy, slow] = await Promise.all([1, 2, 3].map(() => RawClient.open(t, running.port)));
    if (idle === undefined || busy === undefined || slow === undefined) return;
    await idle.ask(GET);
    await busy.ask(GET);
    slow.send(GET.replace("/ ", "/slow "));
    await up.until(() => up.arrivals === 3);
    const drained = running.plane.drain(20_000);
    const last = await busy.ask(GET);
    t.match(
      last.head,
      "\r\nConnection: close\r\n",
      "a request on a connection that is still there is served",
    );
    t.equal(await busy.ended(), "fin");
    t.equal(idle.ending, "open", "not at once: a request may be on its way");
    await idle.ended();
    t.equal(idle.text, "");
    t.equal(slow.ending, "open");
    answer();
    const response = await slow.response();
    t.equal(response.body.toString(), "ok");
    t.match(response.head, "\r\nConnection: close\r\n");
    slow.finish();
    busy.finish();
    await drained;
    t.equal(running.plane.connections.size, 0);
    await quiet(running);
  },
);

t.test("draining ends at its grace time with what is left [W77]", async (t) => {
  const up = await RawUpstream.open(t, () => undefined);
  const running = await startShop(t, { addresses: [up.address] });
  const client = await RawClient.open(t, running.port);
  client.send(GET);
  await up.until(() => up.arrivals === 1);
  await running.plane.drain(200);
  t.equal(running.plane.connections.size, 1);
  running.plane.close();
  await client.ended();
  await up.until(() => up.open === 0);
  t.same(leftovers(running), []);
});

t.test("after requestsMax requests a connection is let go gently [P4]", async (t) => {
  const up = await RawUpstream.open(t, always(respond("ok")));
  const running = await startShop(t, {
    addresses: [up.address],
    settings: "router: { client: { requestsMax: 3 } }",
  });
  const client = await RawClient.open(t, running.port);
  t.notMatch((await client.ask(GET)).head, /connection:/i);
  t.notMatch((await client.ask(GET)).head, /connection:/i);
  client.send(GET + GET);
  t.match((await client.response()).head, "\r\nConnection: close\r\n");
  t.equal(await client.ended(), "fin");
  t.equal(client.text, "", "a fourth is not served on it");
  t.equal(up.arrivals, 3);
});

t.test(
  "a new table in the middle of requests: those under way finish where they are, the next ones go by it",
  async (t) => {
    let answer: () => void = () => undefined;
    const old = await RawUpstream.open(t, async (arrival) => {
      await arrival.whole();
      if (arrival.start.includes("slow"))
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      arrival.answer(respond("old"));
    });
    const moved = await RawUpstream.open(t, always(respond("new")));
    const running = await startShop(t, { addresses: [old.address] });
    const client = await RawClient.open(t, running.port);
    const slow = await RawClient.open(t, running.port);
    t.equal((await client.ask(GET)).body.toString(), "old");
    slow.send(GET.replace("/ ", "/slow "));
    await old.until(() => old.arrivals === 2);
    running.submit(applying(yaml(shopYaml({ addresses: [moved.address] }))));
    await old.until(() => old.open === 1);
    t.equal((await client.ask(GET)).body.toString(), "new", "idle connections to the old address are gone");
    answer();
    t.equal((await slow.response()).body.toString(), "old");
    await old.until(() => old.open === 0);
    t.equal((await slow.ask(GET)).body.toString(), "new");
    t.equal(statusOf(await slow.ask(GET)), 200);
    await until(() => leftovers(running).length === 0);
  },
);
