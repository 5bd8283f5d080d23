// Application servers that die and come back: what was in flight there may fail, and nothing else.

import t from "tap";
import { SEED, startCrowd } from "../support/crowd.ts";
import { expectFlat, expectNothingLeft, residentBytes } from "../support/quiet.ts";
import { startSite } from "../support/site.ts";

t.setTimeout(170_000);

const DEATHS = 6;

t.test(
  `application servers die and come back: only what was in flight there fails, and says so [A3, P3] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, { servers: [{}, {}, {}], workers: 2 });
    const crowd = startCrowd(t, site);
    const { verdict } = crowd;
    await site.until("the crowd is at work", () => verdict.of("requests") > 500);
    let warm = await residentBytes(site);
    for (let death = 0; death < DEATHS; death += 1) {
      const name = `Server0${1 + (death % 2)}`; // the third one is always there
      if (death === DEATHS / 2) warm = await residentBytes(site);
      await site.killServer(name);
      await crowd.goOn(150);
      await site.server(name).start();
      await site.until(`${name} is up again`, async () => {
        const view = (await site.serverViews()).find((server) => server.name === name);
        return view?.status === "up";
      });
      await crowd.goOn(100);
    }
    await crowd.leave();
    t.comment(JSON.stringify(verdict.counts));
    t.same(verdict.wrong, [], `seed ${SEED}`);
    t.ok(verdict.of("moves") > 0, "sessions of the dead have moved");
    await expectNothingLeft(site, { sessions: verdict.of("moves") * 3 });
    await expectFlat(t, site, warm);
  },
);
