// Clients of a site with two workers, for tests in which it matters who decides.

import type { Test } from "tap";
import type { AppAnswer } from "./app-server.ts";
import type { Site } from "./site.ts";
import { type Answer, type Broken, UserClient } from "./user-client.ts";
import { read } from "./users.ts";

const CLIENTS = 12;

/** Clients with a kept connection each, so many that both workers have some. */
export async function clientsOnBothWorkers(t: Test, site: Site): Promise<readonly UserClient[]> {
  const clients: UserClient[] = [];
  t.teardown(() => {
    for (const client of clients) client.close();
  });
  await site.until("both workers have connections", async () => {
    const more = Array.from({ length: CLIENTS }, () => new UserClient(site.port));
    clients.push(...more);
    for (const answer of await Promise.all(more.map((client) => client.ask({ path: "/app/plain" }))))
      whole(answer);
    await site.until("the connections are counted", async () => {
      const { connections } = await site.openWork();
      return connections >= clients.length;
    });
    const workers = (await site.routers()).flatMap((router) => router.workers);
    return workers.length === 2 && workers.every((worker) => worker.connections > 0);
  });
  return clients;
}

/** The application's answer; throws when it is anything else. */
export function whole(outcome: Answer | Broken | undefined): AppAnswer {
  if (outcome?.kind !== "answer" || outcome.status !== 200)
    throw new Error(`No answer of the application: ${JSON.stringify(outcome)}`);
  return read(outcome);
}
