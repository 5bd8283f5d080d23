// Everything at once, from a seed: clients of every kind, servers of every bad habit, modes that flip (SPEC's promise, F5).
// What may go wrong is what a server did wrong to that very request; the rest must be as if nothing had happened.

import t from "tap";
import { seededRandom } from "../../src/base/random.ts";
import { systemClock } from "../../src/system/clock.ts";
import { RawClient, RawUpstream, statusOf } from "../support/raw.ts";
import { leftovers, quiet, startShop, until } from "../support/shop-plane.ts";
import { Chaos } from "./chaos/chaos.ts";
import { ChaosClient } from "./chaos/clients.ts";
import { behave, MortalServer } from "./chaos/servers.ts";

const CLIENTS = 10;
const STEPS = 100;
const RUN_MS_MAX = 6000;
const MODES = ["normal", "normal", "affinity", "break"] as const;

t.setTimeout(120_000);

for (const seed of [20_251, 7]) {
  t.test(
    `no request is lost, doubled, mixed up or left behind in chaos, seed ${seed} [F5, W70, W75]`,
    { timeout: 60_000 },
    async (t) => {
      const chaos = new Chaos(seededRandom(seed), () => systemClock.monotonicMs());
      const mortal = await MortalServer.open(t, chaos);
      const others = await Promise.all(
        [1, 2].map(() => RawUpstream.open(t, (arrival) => behave(chaos, arrival))),
      );
      const lines: string[] = [];
      const running = await startShop(t, {
        addresses: [`127.0.0.1:${mortal.port}`, ...others.map((one) => one.address)],
        traffic: "{ closeSpread: 50ms, retryInterval: 100ms }",
        settings: "router: { accessLog: { format: json } }",
        lines,
      });
      const dying = mortal.live();
      const flipping = (async () => {
        // The third server takes part in everything but this: somebody is always there.
        while (!chaos.isOver) {
          await chaos.pause(60 + chaos.below(120));
          running.setMode(`Server0${1 + chaos.below(2)}`, MODES[chaos.below(MODES.length)] ?? "normal");
        }
      })();
      const cancel = systemClock.alarm(RUN_MS_MAX, () => {
        chaos.isOver = true;
      });
      const clients = Array.from({ length: CLIENTS }, () => new ChaosClient(t, chaos, running.port));
      await Promise.all(clients.map((client) => client.run(STEPS)));
      chaos.isOver = true;
      cancel();
      await Promise.all([dying, flipping]);
      t.comment(JSON.stringify(Object.fromEntries(chaos.outcomes)));
      t.same(chaos.wrongs, [], "nothing went wrong without a server's doing");
      t.ok((chaos.outcomes.get("200") ?? 0) > 200, "most were served");
      running.setMode("Server01", "normal");
      running.setMode("Server02", "normal");
      await quiet(running);
      t.same(leftovers(running), [], "all claims, queues, tunnels and streams are back at zero");
      await until(() => running.plane.connections.size === 0);
      await servesAll(t, running.port);
      running.plane.accessLog.flush();
      for (const line of lines) JSON.parse(line);
      t.equal(
        lines.length,
        Object.values(running.plane.counts().causes).reduce((sum, count) => sum + count, 0),
      );
    },
  );
}

/** No pooled connection is deaf and no server forgotten: many requests, one after the other, are all answered. */
async function servesAll(t: Parameters<typeof RawClient.open>[0], port: number): Promise<void> {
  const client = await RawClient.open(t, port);
  for (let round = 0; round < 150; round += 1) {
    const response = await client.ask(`GET /r/9${round} HTTP/1.1\r\nHost: a\r\n\r\n`);
    if (statusOf(response) !== 200) t.fail(`${response.start} afterwards`);
  }
  client.socket.destroy();
}
