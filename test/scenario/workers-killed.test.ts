// Workers are killed under load: only what they carried is lost.

import t from "tap";
import { SEED, SMALL_CROWD, startCrowd } from "../support/crowd.ts";
import { expectNothingLeft } from "../support/quiet.ts";
import { domainWith, LEARNING, ROUTELESS, startSite } from "../support/site.ts";

t.setTimeout(170_000);

t.test(
  `workers are killed: their own connections are lost, and no session [F2, A5] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, { servers: ROUTELESS, workers: 2, domain: domainWith(LEARNING) });
    const crowd = startCrowd(t, site, { size: SMALL_CROWD });
    await crowd.goOn(200);
    for (let death = 0; death < 4; death += 1) {
      const address = `worker:${death % 2}`;
      await site.workerServes(address, await site.kill(address));
      await crowd.goOn(100);
    }
    await crowd.leave();
    t.comment(JSON.stringify(crowd.verdict.counts));
    t.same(crowd.verdict.wrong, [], `seed ${SEED}`);
    t.ok(crowd.verdict.of("excused: its worker was killed") > 0, "connections were lost");
    t.equal(crowd.verdict.of("moves"), 0, "no session has moved");
    // A user who never heard of the session that was begun leaves it behind in both workers and control.
    await expectNothingLeft(site, { sessions: crowd.verdict.of("births lost") * 3 });
  },
);
