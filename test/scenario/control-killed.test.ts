// Control is killed under load: the data plane is not concerned.

import t from "tap";
import { SEED, SMALL_CROWD, startCrowd } from "../support/crowd.ts";
import { expectNothingLeft } from "../support/quiet.ts";
import { domainWith, LEARNING, ROUTELESS, startSite } from "../support/site.ts";

t.setTimeout(170_000);

t.test(
  `control is killed again and again, traffic does not notice, and modes are kept [F1, F2, M2] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, { servers: ROUTELESS, workers: 2, domain: domainWith(LEARNING) });
    const crowd = startCrowd(t, site, { size: SMALL_CROWD });
    await crowd.goOn(200);
    for (const mode of ["break", "affinity"] as const) {
      await site.mode("Server01", mode, "cli");
      await site.kill("control");
      const refused = await site.cli("mode", "Server01", "normal");
      if (refused.status !== 0) t.match(refused.err, /hint: /, "says what to do when nobody is there");
      else await site.mode("Server01", mode);
      await crowd.goOn(100);
      await site.until("control is back", async () => (await site.call("GET", "/readyz")).status === 200);
      const view = (await site.serverViews()).find(({ name }) => name === "Server01");
      t.equal(view?.mode, mode, "the mode is kept");
    }
    await crowd.leave();
    t.comment(JSON.stringify(crowd.verdict.counts));
    t.same(crowd.verdict.wrong, [], `seed ${SEED}`);
    await expectNothingLeft(site, { sessions: crowd.verdict.of("moves") * 3 });
  },
);
