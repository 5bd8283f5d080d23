// What happens to what is open when an edition retires, stops, and leaves the table (SPEC E6, M4, D12).

import t, { type Test } from "tap";
import type { Command } from "../../src/domain/command.ts";
import type { RunningPlane } from "../support/data-plane.ts";
import { startPlane } from "../support/data-plane.ts";
import { type RawArrival, RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { leftovers, quiet, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
const UPGRADE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const EVENTS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const CLOSE = "\x88\x02\x03\xf4";

interface Site {
  readonly running: RunningPlane;
  /** Requests at edition 1 that the test answers. */
  readonly arrivals: RawArrival[];
  readonly lines: string[];
  submit(command: Record<string, unknown>): void;
  /** A request on a connection of its own that has reached edition 1. */
  ask(request: string): Promise<{ readonly client: RawClient; readonly arrival: RawArrival }>;
}

interface SiteOptions {
  readonly affinity?: string;
  readonly server?: string;
  readonly replicate?: (whenKnown: () => void) => void;
}

/** Edition 1 on Server01 runs and is played by the test; edition 2 on Server02 answers "new". */
async function startTwo(t: Test, options: SiteOptions = {}): Promise<Site> {
  const arrivals: RawArrival[] = [];
  const old = await RawUpstream.open(t, (arrival) => void arrivals.push(arrival));
  const young = await RawUpstream.open(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(respond("new"));
  });
  const extra = options.server === undefined ? "" : `, ${options.server}`;
  const lines: string[] = [];
  const running = await startPlane(t, {
    lines,
    settings: "router: { accessLog: { format: json } }",
    ...(options.replicate === undefined ? {} : { replicate: options.replicate }),
    domain: `
servers:
  - { name: Server01, node: node01, address: "${old.address}", route: s1${extra} }
  - { name: Server02, node: node01, address: "${young.address}", route: s2 }
applications:
  - id: shop
    contextRoots: [/]
    affinity: ${options.affinity ?? "{ style: none }"}
    traffic: { closeSpread: 0s, queueTimeout: 60s }
    editions:
      - { label: "1", targets: [{ server: Server01 }] }
      - { label: "2", targets: [{ server: Server02 }], state: distributed }
`,
  });
  return {
    running,
    arrivals,
    lines,
    submit: (command) =>
      running.submit({ origin: { actor: "test" }, application: "shop", ...command } as unknown as Command),
    ask: async (request) => {
      const client = await RawClient.open(t, running.port);
      const seen = arrivals.length;
      client.send(request);
      await until(() => arrivals.length > seen);
      return { client, arrival: arrivals[seen] as RawArrival };
    },
  };
}

const START = { kind: "start-edition", label: "2", until: "drained" };
const STOP_OLD = { kind: "undeploy-edition", choice: { kind: "old" }, isForced: false };
const CUT_OLD = { kind: "undeploy-edition", choice: { kind: "old" }, isForced: true };
const CUT_ALL = { kind: "undeploy-edition", choice: { kind: "all" }, isForced: true };

const causes = ({ running }: Site): Readonly<Record<string, number>> => running.plane.counts().causes;
const behindHead = (client: RawClient): string => client.text.slice(client.text.indexOf("\r\n\r\n") + 4);

t.test("requests in flight finish on an edition that retires, and on one that stops [E6, D12]", async (t) => {
  const site = await startTwo(t);
  const asked = [await site.ask(GET), await site.ask(POST)];
  asked[1]?.arrival.answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nold");
  site.submit(START);
  const other = await RawClient.open(t, site.running.port);
  t.equal((await other.ask(GET)).body.toString(), "new");
  site.submit(STOP_OLD);
  asked[0]?.arrival.answer(respond("old"));
  asked[1]?.arrival.answer("old");
  t.equal((await asked[0]?.client.response())?.body.toString(), "old");
  t.equal((await asked[1]?.client.response())?.body.toString(), "oldold");
  t.equal((await asked[0]?.client.ask(GET))?.body.toString(), "new", "the connection goes on");
  t.same(leftovers(site.running), []);
});

t.test(
  "tunnels and event streams stay while their edition retires, and end politely when it stops [M4, E6]",
  async (t) => {
    const site = await startTwo(t);
    const tunnel = await site.ask(UPGRADE);
    tunnel.arrival.answer(SWITCHING);
    await until(() => site.running.plane.tunnels.size === 1);
    const stream = await site.ask(GET);
    stream.arrival.answer(`${EVENTS}9\r\ndata: 1\n\n\r\n`);
    await stream.client.until(() => behindHead(stream.client).includes("data: 1"));
    site.submit(START);
    stream.arrival.answer("9\r\ndata: 2\n\n\r\n");
    await stream.client.until(() => behindHead(stream.client).includes("data: 2"));
    tunnel.arrival.answer("\x81\x01a");
    await tunnel.client.until(() => behindHead(tunnel.client) === "\x81\x01a");
    site.submit(STOP_OLD);
    await tunnel.client.ended();
    t.equal(behindHead(tunnel.client), `\x81\x01a${CLOSE}`, "1012");
    t.equal((await stream.client.response()).body.toString(), "data: 1\n\ndata: 2\n\n");
    tunnel.client.finish();
    tunnel.arrival.peer.finish();
    await quiet(site.running);
    t.equal(causes(site)["mode-closed"], 1);
  },
);

t.test("an undeployed edition's answer that has begun is cut, and logged as such [D12]", async (t) => {
  const site = await startTwo(t);
  const { client, arrival } = await site.ask(GET);
  arrival.answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nold");
  await client.until(() => behindHead(client) === "old");
  site.submit(START);
  site.submit(CUT_OLD);
  t.equal(await client.ended(), "reset", "the client sees that it is not whole");
  await arrival.peer.ended();
  await quiet(site.running);
  t.equal(causes(site)["instance-gone"], 1);
  await until(() => site.lines.length === 1);
  t.match(site.lines[0], /"cause":"instance-gone"/);
  t.match(site.lines[0], /"edition":"1"/);
});

t.test(
  "a request without an answer that may be repeated goes to the running edition [D12, W70]",
  async (t) => {
    const site = await startTwo(t);
    const { client, arrival } = await site.ask(GET);
    site.submit(START);
    site.submit(CUT_OLD);
    t.equal((await client.response()).body.toString(), "new");
    await arrival.peer.ended();
    t.equal(causes(site)["instance-gone"], 0);
    t.same(leftovers(site.running), []);
  },
);

for (const [name, request, begun] of [
  ["that may have been acted upon", POST, ""],
  ["of whose answer half a head has come", GET, "HTTP/1.1 200 OK\r\nConte"],
] as const) {
  t.test(`a request ${name} is answered 503 when its edition is undeployed [D12]`, async (t) => {
    const site = await startTwo(t);
    const { client, arrival } = await site.ask(request);
    await arrival.whole();
    if (begun !== "") {
      arrival.answer(begun);
      await until(() =>
        [...site.running.plane.connections].some(({ exchange }) => exchange?.response.hasBegun),
      );
    }
    site.submit(START);
    site.submit(CUT_OLD);
    t.equal(statusOf(await client.response()), 503);
    await arrival.peer.ended();
    t.equal(causes(site)["instance-gone"], 1);
    t.equal((await client.ask(GET)).body.toString(), "new", "the connection goes on");
    t.same(leftovers(site.running), []);
  });
}

t.test(
  "an upload under way is answered and its connection closed when its edition is undeployed [D12]",
  async (t) => {
    const site = await startTwo(t);
    const { client, arrival } = await site.ask(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf",
    );
    site.submit(START);
    site.submit(CUT_OLD);
    const response = await client.response();
    t.equal(statusOf(response), 503);
    t.match(response.head, /\r\nConnection: close\r\n/i);
    await arrival.peer.ended();
    await quiet(site.running);
  },
);

t.test(
  "with nobody left an interrupted request is told so, and so is a removed server's [D12]",
  async (t) => {
    const site = await startTwo(t);
    const first = await site.ask(GET);
    site.submit(CUT_ALL);
    t.equal(statusOf(await first.client.response()), 503);
    t.equal(causes(site)["instance-gone"], 1);
    t.same(leftovers(site.running), []);
  },
);

t.test(
  "a stream of an undeployed edition ends at an event, and is cut when none ends [D12, M4]",
  async (t) => {
    const site = await startTwo(t);
    const whole = await site.ask(GET);
    whole.arrival.answer(`${EVENTS}9\r\ndata: 1\n\n\r\n`);
    const half = await site.ask(GET);
    half.arrival.answer(`${EVENTS}4\r\ndata\r\n`);
    await half.client.until(() => behindHead(half.client).includes("data"));
    await until(() => site.running.plane.streams.size === 2);
    site.submit(START);
    site.submit(CUT_OLD);
    t.equal((await whole.client.response()).body.toString(), "data: 1\n\n");
    t.equal(await half.client.ended(), "reset");
    await quiet(site.running);
    t.equal(causes(site)["mode-closed"], 1);
    t.equal(causes(site)["instance-gone"], 1);
  },
);

t.test("an answer that is held is sent when it is whole, else the client is told [D12, A5]", async (t) => {
  const waiting: (() => void)[] = [];
  const site = await startTwo(t, {
    affinity: "{ style: learn, cookie: SID }",
    replicate: (whenKnown) => void waiting.push(whenKnown),
  });
  const whole = await site.ask(GET);
  whole.arrival.answer(respond("old", "Set-Cookie: SID=a\r\n"));
  const half = await site.ask(GET);
  half.arrival.answer("HTTP/1.1 200 OK\r\nSet-Cookie: SID=b\r\nContent-Length: 6\r\n\r\nold");
  await until(() => waiting.length === 2);
  site.submit(START);
  site.submit(CUT_OLD);
  t.equal(statusOf(await half.client.response()), 503);
  for (const whenKnown of waiting) whenKnown();
  t.equal((await whole.client.response()).body.toString(), "old");
  await quiet(site.running);
  t.equal(half.client.text, "", "nothing of what was held comes behind");
});

t.test("each who waits for a place is asked when the table changes, in order [R4, D12]", async (t) => {
  const site = await startTwo(t, { affinity: "{ style: learn, cookie: SID }", server: "maxConnections: 1" });
  const first = await site.ask(GET);
  first.arrival.answer(respond("old", "Set-Cookie: SID=a\r\n"));
  await first.client.response();
  const busy = await site.ask(GET);
  const session = "GET / HTTP/1.1\r\nHost: a\r\nCookie: SID=a\r\n\r\n";
  const clients: RawClient[] = [];
  for (const request of [session, GET]) {
    const client = await RawClient.open(t, site.running.port);
    client.send(request);
    clients.push(client);
    await until(() => site.running.plane.queues.length === clients.length);
  }
  site.submit(START);
  t.equal((await clients[1]?.response())?.body.toString(), "new", "the new user waits for nobody");
  t.equal(site.running.plane.queues.length, 1, "the session waits for its own edition");
  site.submit(STOP_OLD);
  t.equal((await clients[0]?.response())?.body.toString(), "new", "until that stops");
  busy.arrival.answer(respond("old"));
  t.equal((await busy.client.response()).body.toString(), "old");
  t.same(leftovers(site.running), []);
});
