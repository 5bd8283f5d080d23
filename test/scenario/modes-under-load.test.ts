// Modes flipped every few hundred milliseconds under the whole load: nobody is to notice.

import t from "tap";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { SEED, startCrowd } from "../support/crowd.ts";
import { expectFlat, expectNothingLeft, residentBytes } from "../support/quiet.ts";
import { startSite } from "../support/site.ts";

t.setTimeout(170_000);

const FLIPS = 30;
const MODES = ["normal", "affinity", "break", "stop"] as const;

t.test(`modes flip under the whole load and nobody notices [M1, M3, M4] (seed ${SEED})`, async (t) => {
  const site = await startSite(t, { servers: [{}, {}, {}], workers: 2 });
  const crowd = startCrowd(t, site);
  const { verdict } = crowd;
  const random = seededRandom(SEED);
  await site.until("the crowd is at work", () => verdict.of("requests") > 500);
  let warm = await residentBytes(site);
  for (let flip = 0; flip < FLIPS; flip += 1) {
    const server = `Server0${1 + randomBelow(random, 2)}`; // the third one is always there
    const mode = MODES[randomBelow(random, MODES.length)] ?? "normal";
    await site.mode(server, mode, flip % 4 === 0 ? "cli" : "api");
    if (flip === FLIPS / 2) warm = await residentBytes(site);
    const seen = verdict.of("requests");
    await site.until("users have met the mode", () => verdict.of("requests") > seen + 80);
  }
  await crowd.leave();
  t.comment(JSON.stringify(verdict.counts));
  t.same(verdict.wrong, [], `seed ${SEED}`);
  for (const kind of ["births", "kept", "moves", "logouts", "uploads", "downloads", "drips", "messages"])
    t.ok(verdict.of(kind) > 0, `there were ${kind}`);
  t.ok(verdict.of("sockets closed by a mode") + verdict.of("streams ended by a mode") > 0, "break let go");
  // A user whose server was closed leaves a session there behind, which only its idle time ends.
  await expectNothingLeft(site, { sessions: verdict.of("moves") * 3 });
  await expectFlat(t, site, warm);
});
