// A drain from the redeploy to the end, asked of real processes with two workers: never early, hardly late.

import { once } from "node:events";
import t, { type Test } from "tap";
import { WebSocket } from "ws";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import type { DrainedAnswer } from "../../src/control/operations.ts";
import type { AppAnswer } from "../support/app-server.ts";
import { clientsOnBothWorkers, whole } from "../support/clients.ts";
import { SEED } from "../support/crowd.ts";
import { onFirstServer, type Site, startSite } from "../support/site.ts";
import { UserClient } from "../support/user-client.ts";
import { cookieOf } from "../support/users.ts";

t.setTimeout(170_000);

const USERS = 20;
const ROUNDS = 3;
/** For so many the end of each is waited for: workers tell of one that is not the last with their next beat only. */
const LAST = 3;
/** Promised are 250 ms; the machine of a test has other things to do as well. A drain that is noticed by the next beat of
 * a worker, once a second, is later than this in some of the rounds. */
const LATE_MS_MAX = 500;

const random = seededRandom(SEED);

/** A site with edition 1 on Server01, and clients at both workers. */
async function start(t: Test): Promise<{ readonly site: Site; readonly clients: readonly UserClient[] }> {
  t.comment(`TIDEGATE_SEED=${SEED}`);
  const site = await startSite(t, {
    servers: [{}, {}],
    workers: 2,
    domain: onFirstServer,
  });
  return { site, clients: await clientsOnBothWorkers(t, site) };
}

/** Somebody or something that stays on an edition until it ends. */
interface Stayer {
  readonly kind: "requests" | "sessions" | "webSockets";
  /** Goes on, and throws when that is not on the server where it began. */
  check(): Promise<void>;
  end(): Promise<void>;
}

/** A user with a session; each request is made by any of the clients, at either worker. */
async function logIn(clients: readonly UserClient[], server: string): Promise<Stayer> {
  const any = (): UserClient => clients[randomBelow(random, clients.length)] as UserClient;
  const first = await any().ask({ path: "/app/session" });
  if (whole(first).server !== server || first.kind !== "answer") throw new Error(`It began elsewhere`);
  const headers = { cookie: cookieOf(first) ?? "" };
  const { session } = whole(first);
  let { counter } = whole(first);
  return {
    kind: "sessions",
    async check() {
      const answer: AppAnswer = whole(await any().ask({ path: "/app/session", headers }));
      counter += 1;
      if (answer.server !== server || answer.session !== session || answer.counter !== counter) {
        throw new Error(`A user of ${server} got ${JSON.stringify(answer)}`);
      }
    },
    async end() {
      whole(await any().ask({ method: "POST", path: "/app/logout", headers }));
    },
  };
}

/** A response that does not come before its end. */
async function askSlowly(t: Test, site: Site, server: string, name: string): Promise<Stayer> {
  const client = new UserClient(site.port);
  const direct = new UserClient(site.server(server).port);
  t.teardown(() => {
    client.close();
    direct.close();
  });
  const answer = client.ask({ path: `/app/hold?name=${name}` });
  await site.until("the request is there", async () => {
    return whole(await direct.ask({ path: `/app/release?name=${name}` })).counter === 1;
  });
  return {
    kind: "requests",
    async check() {},
    async end() {
      await direct.ask({ method: "POST", path: `/app/release?name=${name}` });
      if (whole(await answer).server !== server) throw new Error("It was answered elsewhere");
    },
  };
}

async function openSocket(t: Test, site: Site, server: string): Promise<Stayer> {
  const socket = new WebSocket(`ws://127.0.0.1:${site.port}/app/socket`);
  t.teardown(() => socket.terminate());
  const [hello] = await once(socket, "message");
  if (JSON.parse(String(hello)).server !== server) throw new Error("It was opened elsewhere");
  return {
    kind: "webSockets",
    async check() {
      socket.send("still there");
      const [echo] = await once(socket, "message");
      if (String(echo) !== "still there") throw new Error(`The WebSocket said ${echo}`);
    },
    async end() {
      socket.close();
      await once(socket, "close");
    },
  };
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}

function drained(site: Site, label: string, waitSeconds: number): Promise<DrainedAnswer> {
  return site.get(`/v1/applications/app/editions/${label}/drained?waitSeconds=${waitSeconds}`);
}

/** What is left by kind, and nothing of another kind. */
function countOf(stayers: readonly Stayer[], kind: Stayer["kind"]): number {
  return stayers.filter((stayer) => stayer.kind === kind).length;
}

async function redeploy(site: Site, label: string, server: string): Promise<void> {
  const { status, err } = await site.cli("redeploy", "app", "--edition", label, "--target", server);
  if (status !== 0) throw new Error(err);
}

t.test(
  "the old edition keeps its users and connections, and is undeployed when the last of them is gone, not before [E1, E2, E6, E7]",
  async (t) => {
    const { site, clients } = await start(t);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const [old, young] = round % 2 === 1 ? ["Server01", "Server02"] : ["Server02", "Server01"];
      const label = String(round);
      const users = await Promise.all(Array.from({ length: USERS }, () => logIn(clients, old)));
      const others = [await askSlowly(t, site, old, `r${round}`), await openSocket(t, site, old)];
      await redeploy(site, String(round + 1), young);
      let isDrained = false;
      const end = drained(site, label, 120).then((answer) => {
        isDrained = true;
        return { answer, at: performance.now() };
      });
      const left = shuffled([...users, ...others]);
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        await Promise.all([next, ...left].map((stayer) => stayer.check()));
        const fresh = await (clients[0] as UserClient).ask({ path: "/app/plain" });
        t.equal(whole(fresh).server, young, "new users are on the new edition");
        t.notOk(isDrained, `${left.length + 1} are left`);
        await next.end();
        if (left.length === 0) break;
        if (left.length > LAST) continue;
        await site.until("the end is known", async () => {
          const now = await drained(site, label, 0);
          const { requests, sessions, webSockets, streams, tunnels } = now.left;
          if (now.state !== "retiring") throw new Error(`It is ${now.state} while ${left.length} are left`);
          const counts = { requests, sessions, webSockets };
          return (
            streams + tunnels === 0 &&
            Object.entries(counts).every(([kind, count]) => count === countOf(left, kind as Stayer["kind"]))
          );
        });
      }
      const endedAt = performance.now();
      const { answer, at } = await end;
      t.match(answer, { drained: true, state: "undeployed" });
      t.comment(`drained ${Math.round(at - endedAt)} ms after the last one was gone`);
      t.ok(at - endedAt < LATE_MS_MAX, `${at - endedAt} ms`);
    }
    const { out } = await site.cli("drain", "app", "--wait");
    t.equal(out, 'No edition of "app" retires or stops\n');
  },
);

t.test(
  "a worker and a control that die in mid-drain take no session with them, and the drain still ends [E6, F1, F2]",
  async (t) => {
    const { site } = await start(t);
    const client = new UserClient(site.port);
    t.teardown(() => client.close());
    const users = await Promise.all(Array.from({ length: USERS }, () => logIn([client], "Server01")));
    await redeploy(site, "2", "Server02");
    for (const address of ["worker:0", "control", "worker:1"]) {
      const victim = await site.kill(address);
      if (address !== "control") await site.workerServes(address, victim);
      await site.until("control is back", async () => (await site.call("GET", "/readyz")).status === 200);
      const one = users.pop();
      await one?.end();
      await site.until("the end is known", async () => {
        const now = await drained(site, "1", 0);
        if (now.state !== "retiring") throw new Error(`It is ${now.state} while ${users.length} are left`);
        return now.left.sessions === users.length;
      });
    }
    for (const user of users) {
      await user.check();
      await user.end();
    }
    t.match(await drained(site, "1", 60), { drained: true, state: "undeployed" });
  },
);

t.test("a restart of everything in mid-drain does not take silent users for gone [E6, F2]", async (t) => {
  const { site, clients } = await start(t);
  const silent = await logIn(clients, "Server01");
  await redeploy(site, "2", "Server02");
  t.equal(await site.stop(), 0);
  await site.run();
  t.match(await drained(site, "1", 1), { drained: false }, "nobody has come yet, and nobody is given up");
  await silent.check();
  await site.until("its session counts again", async () => (await drained(site, "1", 0)).left.sessions === 1);
});
