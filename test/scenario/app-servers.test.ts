// Application servers that behave badly, or die: what was in flight there may fail, and nothing else.

import t from "tap";
import { SEED, startCrowd } from "../support/crowd.ts";
import { expectFlat, expectNothingLeft, residentBytes } from "../support/quiet.ts";
import { startSite } from "../support/site.ts";

t.setTimeout(150_000);

const REQUESTS = 5000;
const DEATHS = 8;

t.test(
  `application servers close kept connections at the worst moment, and no request is lost [P3, W70, W76] (seed ${SEED})`,
  async (t) => {
    const worst = { dropsShare: 0.05, closesShare: 0.1, saysCloseShare: 0.1, isSecretive: true };
    const site = await startSite(t, {
      servers: [
        { ...worst, keepAliveMs: [5, 50], seed: SEED },
        { ...worst, keepAliveMs: [5, 50], seed: SEED + 1 },
        { ...worst, keepAliveMs: [200, 400], seed: SEED + 2 },
      ],
      workers: 2,
    });
    const crowd = startCrowd(t, site, { mayMirrorClose: true });
    const { verdict } = crowd;
    await site.until("workers are warm", () => verdict.of("requests") > REQUESTS / 2);
    const warm = await residentBytes(site);
    await site.until("enough was asked", () => verdict.of("requests") > REQUESTS);
    await crowd.leave();
    t.comment(JSON.stringify(verdict.counts));
    t.same(verdict.wrong, [], `seed ${SEED}`);
    t.equal(verdict.of("moves"), 0, "no session has moved");
    t.ok(
      site.servers.every((server) => server.dropped().size > 0),
      "every server has dropped orders",
    );
    await expectNothingLeft(site);
    await expectFlat(t, site, warm);
    const metrics = await site.call("GET", "/metrics");
    t.match(metrics.body, /tidegate_retries_total\{.*\} [1-9]/, "requests were sent again");
  },
);

t.test(
  `application servers die and come back: only what was in flight there fails, and says so [A3, P3] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, { servers: [{}, {}, {}], workers: 2 });
    const crowd = startCrowd(t, site);
    const { verdict } = crowd;
    const after = (requests: number): Promise<void> => {
      const seen = verdict.of("requests");
      return site.until("users have gone on", () => verdict.of("requests") > seen + requests);
    };
    await site.until("the crowd is at work", () => verdict.of("requests") > 500);
    let warm = await residentBytes(site);
    for (let death = 0; death < DEATHS; death += 1) {
      const name = `Server0${1 + (death % 2)}`; // the third one is always there
      if (death === DEATHS / 2) warm = await residentBytes(site);
      await site.killServer(name);
      await after(150);
      await site.server(name).start();
      await site.until(`${name} is up again`, async () => {
        const view = (await site.serverViews()).find((server) => server.name === name);
        return view?.status === "up";
      });
      await after(100);
    }
    await crowd.leave();
    t.comment(JSON.stringify(verdict.counts));
    t.same(verdict.wrong, [], `seed ${SEED}`);
    t.ok(verdict.of("moves") > 0, "sessions of the dead have moved");
    await expectNothingLeft(site, { sessions: verdict.of("moves") * 3 });
    await expectFlat(t, site, warm);
  },
);
