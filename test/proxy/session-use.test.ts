// SPEC A4: for as long as a tunnel or a response is open its session is not idle, on any worker; then its idle time begins.

import t, { type Test } from "tap";
import { SILENT_LOG } from "../../src/base/log.ts";
import { workerAddress } from "../../src/base/worker-address.ts";
import { InstanceStates } from "../../src/routing/instance-states.ts";
import { type SessionMessage, SessionReplicator } from "../../src/sessions/replication.ts";
import { SessionSweep } from "../../src/sessions/session-sweep.ts";
import { SessionTable } from "../../src/sessions/session-table.ts";
import { recordsOf } from "../sessions/table-support.ts";
import type { RunningPlane } from "../support/data-plane.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type RawArrival, RawClient, RawUpstream, respond } from "../support/raw.ts";
import { leftovers, quiet, startShop, until } from "../support/shop-plane.ts";

const IDLE_SECONDS = 60;
/** A session whose worker was killed may end so much too early. */
const WORD_SECONDS = 15;
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
const EVENTS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/** A worker with real sockets and its sessions told to another process, all by one clock that the test moves. */
interface TwoProcesses {
  readonly running: RunningPlane;
  readonly clock: FakeClock;
  readonly arrivals: RawArrival[];
  /** Tables of the worker and of the other process. */
  readonly tables: readonly [SessionTable, SessionTable];
  client(): Promise<RawClient>;
  /** Lets time pass; both processes sweep once a second. */
  pass(seconds: number): void;
  /** From now on nothing of the worker is heard. */
  kill(): void;
}

async function start(t: Test, affinity = "{ style: learn, cookie: SID }"): Promise<TwoProcesses> {
  const arrivals: RawArrival[] = [];
  const up = await RawUpstream.open(t, async (arrival) => {
    await arrival.whole();
    if (arrival.start.includes("/login")) arrival.answer(respond("in", "Set-Cookie: SID=one\r\n"));
    else if (arrival.start.includes("/plain")) arrival.answer(respond("plain"));
    else arrivals.push(arrival);
  });
  const clock = new FakeClock();
  const running = await startShop(t, {
    addresses: [up.address],
    affinity,
    clock,
    traffic: "{ serverIOTimeout: 10m }",
    application: `    sessions: { idleTimeout: ${IDLE_SECONDS}s }`,
  });
  const slots = new InstanceStates();
  const epochSeconds = (): number => Math.floor(clock.epochMs() / 1000);
  const other = new SessionTable({ sessionsMax: 1000, epochSeconds, slots });
  let isAlive = true;
  const make = (
    pid: number,
    table: SessionTable,
    registry: InstanceStates,
    to: () => SessionReplicator | undefined,
  ) =>
    new SessionReplicator({
      self: workerAddress({ slot: pid, pid }),
      table,
      slots: registry,
      send: (_to, message: SessionMessage) => {
        if (isAlive) to()?.receive(message);
      },
      clock,
      log: SILENT_LOG,
    });
  const replicators: SessionReplicator[] = [];
  replicators.push(make(0, running.sessions, running.router.states, () => replicators[1]));
  replicators.push(make(1, other, slots, () => replicators[0]));
  t.teardown(() => {
    for (const replicator of replicators) replicator.close();
  });
  const sweeps = [new SessionSweep(running.sessions), new SessionSweep(other)];
  clock.advance(1000);
  return {
    running,
    clock,
    arrivals,
    tables: [running.sessions, other],
    client: () => RawClient.open(t, running.port),
    pass(seconds) {
      for (let second = 0; second < seconds; second += 1) {
        clock.advance(1000);
        for (const sweep of sweeps)
          sweep.sweep(epochSeconds(), 1e6, () => ({ idleSeconds: IDLE_SECONDS, absoluteSeconds: 0 }));
      }
    },
    kill() {
      isAlive = false;
    },
  };
}

function live(site: TwoProcesses): readonly number[] {
  return site.tables.map((table) => table.size);
}

async function login(site: TwoProcesses): Promise<void> {
  await (await site.client()).ask("GET /login HTTP/1.1\r\nHost: a\r\n\r\n");
  site.pass(2);
  await quiet(site.running);
}

/** Sends a request that the test answers itself. */
async function open(site: TwoProcesses, fields: string): Promise<{ client: RawClient; arrival: RawArrival }> {
  const before = site.arrivals.length;
  const client = await site.client();
  client.send(`GET /open HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  await until(() => site.arrivals.length > before);
  return { client, arrival: site.arrivals[before] as RawArrival };
}

const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
const COOKIE = "Cookie: SID=one\r\n";

async function openTunnel(site: TwoProcesses, setCookie = ""): Promise<RawClient> {
  const { client, arrival } = await open(site, UPGRADE + (setCookie === "" ? COOKIE : ""));
  arrival.answer(`${SWITCHING}${setCookie}\r\n`);
  await until(() => site.running.plane.tunnels.size > 0);
  return client;
}

t.test(
  "a session with nothing but an open WebSocket lives on every worker, and its idle time begins when that ends [A4]",
  async (t) => {
    const site = await start(t);
    await login(site);
    const client = await openTunnel(site);
    site.pass(10 * IDLE_SECONDS);
    t.same(live(site), [1, 1], "ten idle times later");
    client.reset();
    await quiet(site.running);
    site.pass(IDLE_SECONDS - 1);
    t.same(live(site), [1, 1], "the idle time counts from the end of the tunnel");
    site.pass(3);
    t.same(live(site), [0, 0]);
  },
);

t.test("a session that a 101 begins lives with its tunnel [A4]", async (t) => {
  const site = await start(t);
  const client = await openTunnel(site, "Set-Cookie: SID=two\r\n");
  site.pass(3 * IDLE_SECONDS);
  t.same(live(site), [1, 1]);
  client.reset();
  await quiet(site.running);
  site.pass(IDLE_SECONDS + 2);
  t.same(live(site), [0, 0]);
});

t.test(
  "a session of the router's own cookie is still known by it after a long tunnel [A2, A4]",
  async (t) => {
    const site = await start(t, "{ style: insert }");
    const first = await (await site.client()).ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
    const cookie = /Set-Cookie: ([^;]*)/.exec(first.head)?.[1] ?? "";
    const { client, arrival } = await open(site, `${UPGRADE}Cookie: ${cookie}\r\n`);
    arrival.answer(`${SWITCHING}\r\n`);
    await until(() => site.running.plane.tunnels.size > 0);
    site.pass(3 * IDLE_SECONDS);
    client.reset();
    await quiet(site.running);
    const again = await (await site.client()).ask(
      `GET /plain HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\n\r\n`,
    );
    t.match(again.head, "Set-Cookie: ", "it is renewed");
    t.same(live(site)[0], 1, "for the same session: no other one has begun");
  },
);

for (const [name, head] of [
  ["a stream of events", EVENTS],
  ["a long download", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"],
  ["a request that is not answered yet", ""],
] as const) {
  t.test(
    `a session with nothing but ${name} lives, and its idle time begins when that ends [A4]`,
    async (t) => {
      const site = await start(t);
      await login(site);
      const { client, arrival } = await open(site, COOKIE);
      if (head !== "") {
        arrival.answer(head);
        await client.until(() => client.text.length >= head.length - 20);
      }
      site.pass(3 * IDLE_SECONDS);
      t.same(live(site), [1, 1]);
      client.reset();
      await quiet(site.running);
      site.pass(IDLE_SECONDS - 1);
      t.same(live(site), [1, 1], "counted from its end");
      site.pass(3);
      t.same(live(site), [0, 0]);
    },
  );
}

t.test("the session of a worker that was killed ends by itself elsewhere [A4, F1]", async (t) => {
  const site = await start(t);
  await login(site);
  await openTunnel(site);
  site.pass(2 * IDLE_SECONDS);
  t.same(live(site), [1, 1]);
  site.kill();
  site.pass(IDLE_SECONDS - WORD_SECONDS - 2);
  t.equal(live(site)[1], 1, "at most so much too early");
  site.pass(WORD_SECONDS + 4);
  t.equal(live(site)[1], 0);
});

t.test("a session that has ended is not brought back by its open tunnel [A4]", async (t) => {
  const site = await start(t);
  await login(site);
  const client = await openTunnel(site);
  const [session] = recordsOf(site.tables[0]);
  site.running.router.endSession(session?.high ?? 0, session?.low ?? 0);
  site.pass(2 * IDLE_SECONDS);
  t.same(live(site), [0, 0]);
  client.reset();
  await quiet(site.running);
  site.pass(2);
  t.same(live(site), [0, 0]);
  t.same(leftovers(site.running), []);
});

t.test("the bytes of a tunnel cost its session nothing [A4, A5]", async (t) => {
  const site = await start(t);
  await login(site);
  const client = await openTunnel(site);
  let words = 0;
  const { router } = site.running;
  const keep = router.keepSession.bind(router);
  router.keepSession = (high, low) => {
    words += 1;
    keep(high, low);
  };
  const { peer } = site.arrivals[0] as RawArrival;
  const before = peer.text.length;
  for (let piece = 1; piece <= 50; piece += 1) {
    client.send("\x81\x80mask");
    await peer.until(() => peer.text.length === before + 6 * piece);
  }
  t.equal(words, 0);
  site.pass(10 * WORD_SECONDS);
  t.ok(words >= 9 && words <= 11, `${words} words in ${10 * WORD_SECONDS} s`);
});
