// Sessions under every style in which the router keeps them, while modes flip.

import t from "tap";
import { SEED, SMALL_CROWD, startCrowd } from "../support/crowd.ts";
import { expectNothingLeft } from "../support/quiet.ts";
import { domainWith, LEARNING, ROUTELESS, startSite } from "../support/site.ts";

t.setTimeout(170_000);

const FLIPS = 9;
const STEPS = ["affinity", "break", "normal"] as const;

for (const affinity of [
  "{ style: insert, cookie: SID }",
  '{ style: rewrite, cookie: SID, separator: "." }',
  LEARNING,
]) {
  t.test(`sessions stay under ${affinity} while modes flip [A1, M1, M3] (seed ${SEED})`, async (t) => {
    const site = await startSite(t, {
      servers: ROUTELESS,
      workers: 2,
      domain: domainWith(affinity),
    });
    const crowd = startCrowd(t, site, { size: SMALL_CROWD });
    const { verdict } = crowd;
    await site.until("the crowd is at work", () => verdict.of("requests") > 200);
    for (let flip = 0; flip < FLIPS; flip += 1) {
      await site.mode(`Server0${1 + (flip % 2)}`, STEPS[flip % STEPS.length] ?? "normal");
      await crowd.goOn(80);
    }
    await crowd.leave();
    t.comment(JSON.stringify(verdict.counts));
    t.same(verdict.wrong, [], `seed ${SEED}`);
    t.ok(verdict.of("kept") > 100, "sessions went on");
    await expectNothingLeft(site, { sessions: verdict.of("moves") * 3 });
  });
}
