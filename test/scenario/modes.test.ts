// What a mode promises, asked of real processes with two workers.

import t, { type Test } from "tap";
import type { AppAnswer } from "../support/app-server.ts";
import { clientsOnBothWorkers, whole } from "../support/clients.ts";
import { applicationLines, type Site, serverLines, startSite } from "../support/site.ts";
import { UserClient } from "../support/user-client.ts";
import { cookieOf } from "../support/users.ts";

t.setTimeout(170_000);

const CLIENTS = 12;

/** A session on the server, begun with a new user's requests. */
async function sessionOn(client: UserClient, server: string): Promise<string> {
  for (let tries = 0; tries < 20; tries += 1) {
    const answer = await client.ask({ path: "/app/session" });
    if (whole(answer).server === server && answer.kind === "answer") return cookieOf(answer) ?? "";
  }
  throw new Error(`Nobody new comes to ${server}`);
}

t.test(
  "when the command has returned, no request is decided by the old mode, at either worker [M3]",
  async (t) => {
    const site = await startSite(t, { servers: [{}, {}], workers: 2 });
    const clients = await clientsOnBothWorkers(t, site);
    const old = await sessionOn(clients[0] as UserClient, "Server01");
    const askAll = (headers: Record<string, string>): Promise<readonly AppAnswer[]> =>
      Promise.all(clients.map(async (client) => whole(await client.ask({ path: "/app/session", headers }))));
    for (let round = 0; round < 25; round += 1) {
      const by = round % 5 === 0 ? "cli" : "api";
      // Whoever comes with it while Server01 is closed gets a session elsewhere, and this one is over.
      const lost = await sessionOn(clients[1] as UserClient, "Server01");
      await site.mode("Server01", "break", by);
      const whileClosed = await Promise.all([askAll({}), askAll({ cookie: lost })]);
      await site.mode("Server01", "affinity", by);
      const [fresh, kept] = await Promise.all([askAll({}), askAll({ cookie: old })]);
      await site.mode("Server01", "normal", by);
      const after = await askAll({});
      const servers = (answers: readonly AppAnswer[]): readonly string[] => [
        ...new Set(answers.map((answer) => answer.server)),
      ];
      t.same(servers(whileClosed.flat()), ["Server02"], "break: nothing, also not with affinity");
      t.same(servers(fresh), ["Server02"], "affinity: nobody new");
      t.same(servers(kept), ["Server01"], "affinity: its own sessions");
      t.same(servers(after).toSorted(), ["Server01", "Server02"], "normal: all");
    }
  },
);

t.test("a session whose server is closed goes to another one, which is told so [A3, M1]", async (t) => {
  const site = await startSite(t, { servers: [{}, {}], workers: 2 });
  const [client] = (await clientsOnBothWorkers(t, site)) as [UserClient];
  const cookie = await sessionOn(client, "Server02");
  t.equal(whole(await client.ask({ path: "/app/session", headers: { cookie } })).failover, "");
  await site.mode("Server02", "break");
  const moved = whole(await client.ask({ path: "/app/session", headers: { cookie } }));
  t.match(moved, { server: "Server01", failover: "true", isNew: true });
});

t.test("node modes and stop: the stricter one holds, and what stop means is said [M1]", async (t) => {
  const site = await startSite(t, { servers: [{}, {}], workers: 2 });
  const stopped = await site.cli("mode", "Server01", "stop", "--reason", "JDK update");
  t.equal(stopped.status, 0);
  t.match(
    stopped.out,
    /^Server01: mode stop \(was normal\), applied by 1 of 1 routers, 0 requests in flight; stop acts as break/,
  );
  const node = await site.cli("mode", "--node", "node01", "affinity");
  t.match(node.out, /^Server01: mode affinity \(was normal\).*\nServer02: mode affinity \(was normal\)/);
  const views = await site.serverViews();
  t.same(
    views.map(({ mode, nodeMode, effectiveMode }) => [mode, nodeMode, effectiveMode]),
    [
      ["stop", "affinity", "stop"],
      ["normal", "affinity", "affinity"],
    ],
  );
  const client = new UserClient(site.port);
  t.teardown(() => client.close());
  t.match(await client.ask({ path: "/app/plain" }), { status: 503 }, "nobody takes new users");
});

t.test("when no server is left users get a page that says when to come back [M5]", async (t) => {
  const site = await startSite(t, { servers: [{}, {}], workers: 2 });
  const until = await site.cli("mode", "--node", "node01", "break", "--until", "30m");
  t.equal(until.status, 0);
  const clients = await openRefused(t, site);
  for (const client of clients) {
    const page = await client.ask({ path: "/app/plain", headers: { accept: "text/html,*/*;q=0.8" } });
    if (page.kind !== "answer") throw new Error(page.cause);
    t.equal(page.status, 503);
    t.match(page.headers["content-type"], /^text\/html/);
    t.match(
      page.body.toString(),
      /Maintenance began at \d{4}-.* UTC\. It is expected to end at \d{4}-.* UTC\./,
    );
    t.equal(page.headers["cache-control"], "no-store");
    const seconds = Number(page.headers["retry-after"]);
    t.ok(seconds > 1700 && seconds <= 1800, `Retry-After is ${seconds}`);
    const json = await client.ask({ path: "/app/plain", headers: { accept: "application/json" } });
    if (json.kind !== "answer") throw new Error(json.cause);
    t.match(json.headers["content-type"], /^application\/(problem\+)?json/);
    t.type(JSON.parse(json.body.toString()), "object");
  }
});

/** Connections to both workers while nobody serves. */
async function openRefused(t: Test, site: Site): Promise<readonly UserClient[]> {
  const clients = Array.from({ length: CLIENTS }, () => new UserClient(site.port));
  t.teardown(() => {
    for (const client of clients) client.close();
  });
  const answers = await Promise.all(clients.map((client) => client.ask({ path: "/app/plain" })));
  t.ok(answers.every((answer) => answer.kind === "answer" && answer.status === 503));
  return clients;
}

t.test("modes outlive every restart of everything [M2]", async (t) => {
  const site = await startSite(t, { servers: [{}, {}, {}], workers: 2 });
  await site.mode("Server01", "break", "cli");
  await site.mode("Server02", "affinity", "cli");
  const modes = async (): Promise<readonly string[]> => (await site.serverViews()).map((view) => view.mode);
  const restarts = [async () => t.equal(await site.stop(), 0), () => site.killKeeper()];
  for (const restart of restarts) {
    await restart();
    await site.run();
    t.same(await modes(), ["break", "affinity", "normal"]);
    const clients = await clientsOnBothWorkers(t, site);
    for (const client of clients) t.equal(whole(await client.ask({ path: "/app/plain" })).server, "Server03");
    for (const client of clients) client.close();
  }
});

t.test("a server in maintenance is still probed, dies, and comes back into its mode [M2]", async (t) => {
  const site = await startSite(t, {
    servers: [{}, {}],
    workers: 2,
    domain: (servers) => `clusters:
  - name: Apps
    probe: { type: http, path: /app/health, interval: 100ms, timeout: 2s, fall: 2, rise: 1 }
servers:
${serverLines(servers)}
${applicationLines()}`,
  });
  const isSeen = (name: string, status: string) => async (): Promise<boolean> =>
    (await site.serverViews()).some((view) => view.name === name && view.status === status);
  await site.until("probes have found it", isSeen("Server02", "up"));
  await site.mode("Server02", "affinity");
  await site.killServer("Server02");
  await site.until("probes have missed it", isSeen("Server02", "down"));
  await site.server("Server02").start();
  await site.until("probes have found it again", isSeen("Server02", "up"));
  const view = (await site.serverViews()).find(({ name }) => name === "Server02");
  t.match(view, { mode: "affinity", status: "up" });
  const clients = await clientsOnBothWorkers(t, site);
  for (const client of clients) t.equal(whole(await client.ask({ path: "/app/plain" })).server, "Server01");
});
