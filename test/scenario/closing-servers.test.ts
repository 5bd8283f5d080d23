// Application servers that close kept connections at the worst moment: no request is lost.

import t from "tap";
import { SEED, startCrowd } from "../support/crowd.ts";
import { expectFlat, expectNothingLeft, residentBytes } from "../support/quiet.ts";
import { startSite } from "../support/site.ts";

t.setTimeout(170_000);

const REQUESTS = 4000;

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
