// Tidegate's own processes are killed or replaced under the whole load.

import t from "tap";
import { type Crowd, SEED, SMALL_CROWD, startCrowd } from "../support/crowd.ts";
import { expectNothingLeft } from "../support/quiet.ts";
import { applicationLines, type Site, serverLines, startSite } from "../support/site.ts";

t.setTimeout(170_000);

const SERVERS = [{ route: "" }, { route: "" }, { route: "" }];

/** Sessions are known by what the workers have learned only: nothing in the cookie says where it belongs. */
function learning(servers: Site["servers"]): string {
  const application = applicationLines({ affinity: "{ style: learn, cookie: SID }" });
  return `clusters: [{ name: Apps }]\nservers:\n${serverLines(servers)}\n${application}`;
}

/** Waits until users have had so many more answers. */
async function goOn(site: Site, { verdict }: Crowd, requests: number): Promise<void> {
  const seen = verdict.of("requests");
  await site.until("users have gone on", () => verdict.of("requests") > seen + requests);
}

t.test(
  `control is killed again and again, traffic does not notice, and modes are kept [F1, F2, M2] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, { servers: SERVERS, workers: 2, domain: learning });
    const crowd = startCrowd(t, site, { size: SMALL_CROWD });
    await goOn(site, crowd, 200);
    for (const mode of ["affinity", "break", "affinity"] as const) {
      await site.mode("Server01", mode, "cli");
      await site.kill("control");
      const refused = await site.cli("mode", "Server01", "normal");
      if (refused.status !== 0) t.match(refused.err, /hint: /, "says what to do when nobody is there");
      else await site.mode("Server01", mode);
      await goOn(site, crowd, 100);
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

t.test(
  `workers are killed: their own connections are lost, and no session [F2, A5] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, { servers: SERVERS, workers: 2, domain: learning });
    const crowd = startCrowd(t, site, { size: SMALL_CROWD });
    await goOn(site, crowd, 200);
    for (let death = 0; death < 6; death += 1) {
      const address = `worker:${death % 2}`;
      await site.workerServes(address, await site.kill(address));
      await goOn(site, crowd, 100);
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

t.test(
  `workers are replaced by new processes, and nobody is refused or fails [F3, A5] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, { servers: SERVERS, workers: 2, domain: learning, stopGrace: "30s" });
    const crowd = startCrowd(t, site, { size: SMALL_CROWD });
    await goOn(site, crowd, 200);
    for (let round = 0; round < 2; round += 1) {
      const olds = [site.pidOf("worker:0"), site.pidOf("worker:1")];
      const from = site.log.all.length;
      site.keeper.kill("SIGUSR2");
      for (const old of olds)
        await site.log.find(({ msg, pid }) => msg === "A process has stopped" && pid === old, from);
      t.notOk(olds.includes(site.pidOf("worker:0")) || olds.includes(site.pidOf("worker:1")));
      await goOn(site, crowd, 100);
    }
    await crowd.leave();
    t.comment(JSON.stringify(crowd.verdict.counts));
    t.same(crowd.verdict.wrong, [], `seed ${SEED}`);
    t.equal(crowd.verdict.of("moves"), 0, "no session has moved");
    await expectNothingLeft(site);
  },
);
