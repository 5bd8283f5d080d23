// A redeploy as an operator does it, asked of real processes with two workers.

import t from "tap";
import { clientsOnBothWorkers, whole } from "../support/clients.ts";
import { onFirstServer, startSite } from "../support/site.ts";
import type { UserClient } from "../support/user-client.ts";
import { cookieOf } from "../support/users.ts";

t.setTimeout(170_000);

const ROUNDS = 3;

t.test(
  "when the command has returned, new users are on the new edition and old ones on theirs, at either worker [E1, E9, R3]",
  async (t) => {
    const site = await startSite(t, {
      servers: [{}, {}],
      workers: 2,
      domain: onFirstServer,
    });
    const clients = await clientsOnBothWorkers(t, site);
    /** Which servers answer all clients. */
    const askAll = async (cookie?: string): Promise<readonly string[]> => {
      const headers = cookie === undefined ? {} : { cookie };
      const asked = clients.map(async (client) => whole(await client.ask({ path: "/app/session", headers })));
      return [...new Set((await Promise.all(asked)).map(({ server }) => server))];
    };
    const newSession = async (client: UserClient): Promise<string> => {
      const answer = await client.ask({ path: "/app/session" });
      return answer.kind === "answer" ? (cookieOf(answer) ?? "") : "";
    };
    const verb = async (...args: readonly string[]): Promise<void> => {
      const { status, err } = await site.cli(...args);
      if (status !== 0) throw new Error(err);
    };
    const [client] = clients as [UserClient];
    const old = await newSession(client);
    for (let round = 0; round < ROUNDS; round += 1) {
      t.same(await askAll(), ["Server01"]);
      await verb("redeploy", "app", "--edition", "2", "--target", "Server02");
      const young = await newSession(client);
      t.same(await askAll(), ["Server02"], "nobody new comes to the old edition");
      t.same(await askAll(old), ["Server01"], "and nobody leaves it");
      t.same(await askAll(young), ["Server02"]);
      await verb("undeploy", "app", "--new", "--force");
      t.same(await askAll(), ["Server01"], "rolled back");
      t.same(await askAll(old), ["Server01"]);
      t.same(await askAll(young), ["Server01"], "the new edition's users are cut, and go on here");
    }
  },
);

t.test("an edition whose server is dead moves nobody; one that dies is rolled back [D2, E9]", async (t) => {
  const site = await startSite(t, {
    servers: [{}, {}],
    workers: 2,
    domain: ([one, two]) => `servers:
  - { name: Server01, node: node01, address: "127.0.0.1:${one?.port}", route: s1 }
  - { name: Server02, node: node01, address: "127.0.0.1:${two?.port}", route: s2 }
applications:
  - id: app
    contextRoots: [/app]
    affinity: { style: suffix, cookie: SID, separator: ":" }
    editions: [{ label: "1", targets: [{ server: Server01 }] }, { label: "2", targets: [{ server: Server02 }] }]
`,
  });
  const [client] = (await clientsOnBothWorkers(t, site)) as [UserClient];
  const server = async (): Promise<string> => whole(await client.ask({ path: "/app/session" })).server;
  t.equal(await server(), "Server01", "whose session keeps edition 1, to be rolled back to");
  t.equal((await site.cli("start", "app")).status, 0);
  t.equal(await server(), "Server02");
  await site.killServer("Server02");
  t.match(await client.ask({ path: "/app/session" }), { status: /50[234]/ });
  t.equal((await site.cli("undeploy", "app", "--new", "--force")).status, 0);
  t.equal(await server(), "Server01");
  t.match(await site.cli("redeploy", "app", "--edition", "3", "--target", "Server02,route=s3"), {
    status: 1,
    err: /not ready on "Server02" at 127\.0\.0\.1:\d+: connection refused; it is distributed now/,
  });
  t.equal(await server(), "Server01");
});
