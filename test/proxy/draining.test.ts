// How a worker lets go of its clients (W77), and how connections are let go after so many requests (P4).

import t, { type Test } from "tap";
import { applying, yaml } from "../support/declare.ts";
import { always, type RawArrival, RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { leftovers, quiet, shopYaml, startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const UPGRADE = "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const EVENTS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
/** Close frame with 1012, unmasked as a server sends it. */
const CLOSE = "\x88\x02\x03\xf4";

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

/** A client with a WebSocket, one with an event stream in the middle of an event, one that waits for its answer. */
async function openLong(t: Test) {
  const arrivals = new Map<string, RawArrival>();
  const up = await RawUpstream.open(t, (arrival) => {
    const [, path = ""] = arrival.start.split(" ");
    arrivals.set(path, arrival);
    if (path === "/socket") arrival.answer(SWITCHING);
    if (path === "/events") arrival.answer(`${EVENTS}data: whole\n\ndata: ha`);
  });
  const running = await startShop(t, { addresses: [up.address] });
  const [socket, events, slow] = await Promise.all([1, 2, 3].map(() => RawClient.open(t, running.port)));
  if (socket === undefined || events === undefined || slow === undefined) throw new Error("not open");
  socket.send(GET.replace("/ ", "/socket ").replace("\r\n\r\n", UPGRADE));
  events.send(GET.replace("/ ", "/events "));
  slow.send(GET.replace("/ ", "/slow "));
  await until(
    () => running.plane.tunnels.size === 1 && events.text.endsWith("ha\r\n") && arrivals.has("/slow"),
  );
  const arrival = (path: string) => arrivals.get(path) as RawArrival;
  return { running, socket, events, slow, arrival };
}

t.test(
  "a worker that stops for good ends WebSockets and event streams at once, and waits for its requests [W64] [W77]",
  async (t) => {
    const { running, socket, events, slow, arrival } = await openLong(t);
    const drained = running.plane.drain(3_600_000); // a part of it would be too long for this test
    await socket.until(() => socket.text.endsWith(CLOSE));
    await until(() => [...running.plane.streams].every(({ response }) => response.isEnding));
    t.ok(events.text.endsWith("ha\r\n"), "not in the middle of an event");
    arrival("/events").answer("lf\n\nnever seen");
    await events.until(() => events.text.endsWith("lf\n\n\r\n0\r\n\r\n"));
    await events.ended();
    t.equal(slow.ending, "open");
    arrival("/slow").answer(respond("ok"));
    t.equal((await slow.response()).body.toString(), "ok");
    for (const client of [socket, events, slow]) client.finish();
    await drained;
    await quiet(running);
  },
);

t.test(
  "a worker that has a successor leaves WebSockets and event streams open, until that one stops too [F3] [W64]",
  async (t) => {
    const { running, socket, events, slow, arrival } = await openLong(t);
    running.plane.hasSuccessor = true;
    const drained = running.plane.drain(3_600_000);
    arrival("/events").answer("lf\n\n");
    arrival("/slow").answer(respond("ok"));
    await slow.response();
    await slow.ended(); // by the same looks that would end the others
    t.equal(socket.ending, "open");
    t.ok(events.text.endsWith("lf\n\n\r\n"), "it goes on after an event");
    running.plane.hasSuccessor = false;
    await Promise.all([socket.ended(), events.ended()]);
    t.ok(socket.text.endsWith(CLOSE));
    t.ok(events.text.endsWith("0\r\n\r\n"));
    for (const client of [socket, events, slow]) client.finish();
    await drained;
    await quiet(running);
  },
);

t.test("a replaced worker ends long connections near the end of its grace [F3] [W64]", async (t) => {
  const { running, socket, events, slow, arrival } = await openLong(t);
  running.plane.hasSuccessor = true;
  const drained = running.plane.drain(6000);
  arrival("/events").answer("lf\n\n");
  await Promise.all([socket.ended(), events.ended()]);
  t.ok(socket.text.endsWith(CLOSE));
  t.ok(events.text.endsWith("0\r\n\r\n"));
  arrival("/slow").answer(respond("ok"));
  for (const client of [socket, events, slow]) client.finish();
  await drained;
});

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
