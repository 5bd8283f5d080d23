// What the workers of a router know and count together.

import t, { type Test } from "tap";
import { clientsOnBothWorkers } from "../support/clients.ts";
import {
  applicationLines,
  domainWith,
  LEARNING,
  ROUTELESS,
  type Site,
  serverLines,
  startSite,
} from "../support/site.ts";
import { type Answer, UserClient } from "../support/user-client.ts";
import { cookieOf, read } from "../support/users.ts";

t.setTimeout(170_000);

function openClients(t: Test, site: Site, count: number): readonly UserClient[] {
  const clients = Array.from({ length: count }, () => new UserClient(site.port));
  t.teardown(() => {
    for (const client of clients) client.close();
  });
  return clients;
}

async function ask(client: UserClient, path: string, cookie = ""): Promise<Answer> {
  const outcome = await client.ask({ path, ...(cookie === "" ? {} : { headers: { cookie } }) });
  if (outcome.kind === "answer" && outcome.status === 200) return outcome;
  throw new Error(`No answer of the application: ${JSON.stringify(outcome)}`);
}

t.test("what one worker learns or ends of a session all know before the next request [A5]", async (t) => {
  const site = await startSite(t, { servers: ROUTELESS, workers: 2, domain: domainWith(LEARNING) });
  const clients = await clientsOnBothWorkers(t, site);
  let spread = 0;
  for (let round = 0; round < 60; round += 1) {
    const first = clients[round % clients.length] as UserClient;
    const begun = await ask(first, "/app/session");
    const cookie = cookieOf(begun) ?? "";
    const next = await Promise.all(clients.map((client) => ask(client, "/app/session", cookie)));
    const { session } = read(begun);
    if (!next.every((answer) => read(answer).session === session))
      return t.fail(`round ${round}: ${JSON.stringify(next.map(read))} after ${JSON.stringify(read(begun))}`);
    const last = clients[(round + 5) % clients.length] as UserClient;
    const ended = await last.ask({ method: "POST", path: "/app/logout", headers: { cookie } });
    t.match(ended, { status: 200 });
    // An ended session's cookie is nobody's: whoever brings it is sent where new users are.
    const after = await Promise.all(clients.map((client) => ask(client, "/app/plain", cookie)));
    if (new Set(after.map((answer) => read(answer).server)).size > 1) spread += 1;
  }
  t.equal(spread, 60, "after the logout nobody was tied to the session's server");
  return undefined;
});

t.test("weights hold over four workers: within 2 % over 10,000 requests [R4]", async (t) => {
  const weights = [3, 2, 1];
  const site = await startSite(t, {
    servers: [{}, {}, {}],
    workers: 4,
    domain: (servers) =>
      `clusters: [{ name: Apps }]\nservers:\n` +
      `${serverLines(
        servers,
        weights.map((weight) => `weight: ${weight}`),
      )}\n${applicationLines()}`,
  });
  const counts = new Map<string, number>();
  let left = 10_000;
  await Promise.all(
    openClients(t, site, 24).map(async (client) => {
      while (left > 0) {
        left -= 1;
        const { server } = read(await ask(client, "/app/plain"));
        counts.set(server, (counts.get(server) ?? 0) + 1);
      }
    }),
  );
  for (const [index, weight] of weights.entries()) {
    const wanted = (10_000 * weight) / 6;
    const got = counts.get(`Server0${index + 1}`) ?? 0;
    t.ok(Math.abs(got - wanted) <= wanted * 0.02, `Server0${index + 1} got ${got} instead of ${wanted}`);
  }
});

t.test(
  "maxConnections holds over two workers, exactly; who waits is served when a place is free [R4]",
  async (t) => {
    const site = await startSite(t, {
      servers: [{}, {}],
      workers: 2,
      domain: (servers) =>
        `clusters: [{ name: Apps }]\nservers:\n` +
        `${serverLines(servers, ["maxConnections: 4", "maxConnections: 4"])}\n` +
        applicationLines({ traffic: "queueTimeout: 60s" }),
    });
    const heldAt = async (port: number, method: "GET" | "POST" = "GET"): Promise<number> => {
      const direct = new UserClient(port);
      const answer = await direct.ask({ path: "/app/release?name=x", method });
      direct.close();
      return answer.kind === "answer" ? read(answer).counter : -1;
    };
    const clients = openClients(t, site, 40);
    const answers = Promise.all(clients.map((client) => ask(client, "/app/hold?name=x")));
    const queued = async (): Promise<number> => {
      const { body } = await site.call("GET", "/metrics");
      return [...body.matchAll(/^tidegate_requests_queued\{.*\} (\d+)$/gm)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    };
    let released = 0;
    const most = [0, 0];
    await site.until("every place is taken", async () => {
      const held = await Promise.all(site.servers.map(({ port }) => heldAt(port)));
      return held.every((count) => count === 4);
    });
    t.comment(`${await queued()} wait`);
    while (released < clients.length) {
      for (const [index, { port }] of site.servers.entries()) {
        const held = await heldAt(port);
        most[index] = Math.max(most[index] ?? 0, held);
        released += await heldAt(port, "POST");
      }
    }
    await answers;
    t.same(most, [4, 4], "never more than 4 at once, and 4 were possible");
    await site.until("nothing is in flight", async () => (await site.openWork()).inFlight === 0);
  },
);

t.test("what one worker finds dead the others know: one request pays for it, or two [P3]", async (t) => {
  const site = await startSite(t, {
    servers: [{}, {}, {}],
    workers: 4,
    domain: (servers) =>
      `clusters: [{ name: Apps }]\nservers:\n${serverLines(servers)}\n` +
      applicationLines().replace("retryInterval: 300ms", "retryInterval: 60s"),
  });
  const clients = openClients(t, site, 24);
  await Promise.all(clients.map((client) => ask(client, "/app/plain")));
  await site.killServer("Server01");
  const [finder] = clients as [UserClient];
  const isDown = async (): Promise<boolean> =>
    (await site.serverViews()).some(({ name, status }) => name === "Server01" && status === "down");
  await site.until("somebody has found it dead", async () => {
    await ask(finder, "/app/plain");
    return isDown();
  });
  const failures = async (): Promise<number> => {
    const { body } = await site.call("GET", "/metrics");
    const found = /^tidegate_connect_failures_total\{.*Server01.*\} (\d+)$/m.exec(body);
    return Number(found?.[1] ?? 0);
  };
  await site.until("all workers have told", async () => (await failures()) > 0);
  const before = await failures();
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all(clients.map((client) => ask(client, "/app/plain")));
    t.ok(answers.every((answer) => read(answer).server !== "Server01"));
  }
  await site.until("reports have come", async () =>
    (await site.routers()).every((router) => router.workers.every((worker) => worker.inFlight === 0)),
  );
  t.equal(await failures(), before, "nobody has tried it again");
});

t.test("connections spread over the workers: none has more than 1.3 times the mean", async (t) => {
  const site = await startSite(t, { servers: [{}], workers: 4 });
  const clients = openClients(t, site, 400);
  await Promise.all(clients.map((client) => ask(client, "/app/plain")));
  const connections = async (): Promise<readonly number[]> =>
    (await site.routers()).flatMap((router) => router.workers.map((worker) => worker.connections));
  await site.until(
    "all are counted",
    async () => (await connections()).reduce((sum, n) => sum + n, 0) === 400,
  );
  const counts = await connections();
  t.ok(Math.max(...counts) <= 1.3 * 100, counts.join(", "));
});
