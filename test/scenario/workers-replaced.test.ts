// Workers are replaced by new processes under load: nothing is lost.

import t from "tap";
import { SEED, SMALL_CROWD, startCrowd } from "../support/crowd.ts";
import { expectNothingLeft } from "../support/quiet.ts";
import { domainWith, LEARNING, ROUTELESS, startSite } from "../support/site.ts";

t.setTimeout(170_000);

t.test(
  `workers are replaced by new processes, and nobody is refused or fails [F3, A5] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, {
      servers: ROUTELESS,
      workers: 2,
      domain: domainWith(LEARNING),
      stopGrace: "30s",
    });
    const crowd = startCrowd(t, site, { size: SMALL_CROWD });
    await crowd.goOn(200);
    for (let round = 0; round < 2; round += 1) {
      const olds = [site.pidOf("worker:0"), site.pidOf("worker:1")];
      const from = site.log.all.length;
      site.keeper.kill("SIGUSR2");
      for (const old of olds)
        await site.log.find(({ msg, pid }) => msg === "A process has stopped" && pid === old, from);
      t.notOk(olds.includes(site.pidOf("worker:0")) || olds.includes(site.pidOf("worker:1")));
      await crowd.goOn(100);
    }
    await crowd.leave();
    t.comment(JSON.stringify(crowd.verdict.counts));
    t.same(crowd.verdict.wrong, [], `seed ${SEED}`);
    t.equal(crowd.verdict.of("moves"), 0, "no session has moved");
    await expectNothingLeft(site);
  },
);
