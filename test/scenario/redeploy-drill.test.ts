// Redeploys, rollbacks and deadlines one after the other under the whole load, while processes are killed: nobody is to
// notice. Two pairs of servers take turns: one has the running edition, the next one is deployed to the other.

import t from "tap";
import { type Random, randomBelow, seededRandom } from "../../src/base/random.ts";
import type { ApplicationView } from "../../src/control/operations.ts";
import { SEED, SMALL_CROWD, startCrowd } from "../support/crowd.ts";
import { expectNothingLeft } from "../support/quiet.ts";
import { type Site, serverLines, startSite } from "../support/site.ts";
import type { ModeName } from "../support/timeline.ts";

t.setTimeout(200_000);

const ROUNDS = 8;
const PAIRS = [
  ["Server01", "Server02"],
  ["Server03", "Server04"],
] as const;

/** What happens to a redeploy once new users are on the new edition. */
const ENDINGS = ["drained", "deadline", "rolled back at once", "rolled back", "undeployed"] as const;
const VICTIMS = ["nobody", "nobody", "worker:0", "worker:1", "control"] as const;

t.test(
  `redeploys and rollbacks under the whole load, and nobody notices [E1, E2, E6, E9] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, {
      servers: [{}, {}, {}, {}],
      workers: 2,
      domain: (servers) => `servers:
${serverLines(servers).replaceAll("cluster: Apps, ", "")}
applications:
  - id: app
    contextRoots: [/app]
    affinity: { style: suffix, cookie: SID, separator: ":" }
    traffic: { retryInterval: 300ms, closeSpread: 200ms, connectTimeout: 2s }
    editions: [{ label: "0", targets: [{ server: Server01 }, { server: Server02 }] }]
`,
    });
    const drill = new Drill(site);
    drill.phase(1, "break")();
    const crowd = startCrowd(t, site, { size: SMALL_CROWD });
    const { verdict } = crowd;
    const random = seededRandom(SEED);
    await crowd.goOn(100);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const ending = ENDINGS[randomBelow(random, ENDINGS.length)] ?? "drained";
      const victim = VICTIMS[randomBelow(random, VICTIMS.length)] ?? "nobody";
      t.comment(`edition ${round}: ${ending}, killed: ${victim}`);
      await drill.redeploy(round, ending, async () => {
        await crowd.goOn(20 + randomBelow(random, 150));
        await kill(site, victim, random);
      });
      verdict.count(ending);
      verdict.count(`killed: ${victim}`);
    }
    await crowd.leave();
    t.comment(JSON.stringify(verdict.counts));
    t.same(verdict.wrong, [], `seed ${SEED}`);
    for (const kind of ["births", "kept", "logouts", "uploads", "downloads", "drips", "messages", "events"])
      t.ok(verdict.of(kind) > 0, `there were ${kind}`);
    // Users who were cut, and those whose answer a killed worker took along, leave a session behind.
    await expectNothingLeft(site, { sessions: (verdict.of("moves") + verdict.of("births lost")) * 3 });
  },
);

async function kill(site: Site, victim: string, random: Random): Promise<void> {
  if (victim === "nobody") return;
  const pid = await site.kill(victim);
  if (victim === "control") await site.until("control answers", async () => (await states(site)) !== "");
  else await site.workerServes(victim, pid);
  await new Promise((resolve) => setTimeout(resolve, randomBelow(random, 100)));
}

/** `0:retiring 1:running`, or nothing when control is not there. */
async function states(site: Site): Promise<string> {
  const { status, body } = await site.call("GET", "/v1/applications/app");
  if (status !== 200) return "";
  const { editions } = JSON.parse(body) as ApplicationView;
  return editions.map(({ label, state }) => `${label}:${state}`).join(" ");
}

/** Redeploys from pair to pair, and tells the timeline what may happen on whose servers. */
class Drill {
  readonly #site: Site;
  /** Index of the pair that has the running edition, and that edition. */
  #running = 0;
  #label = 0;

  constructor(site: Site) {
    this.#site = site;
  }

  /** As the users see it: an edition that retires is in `affinity`, one that is not served in `break`. */
  phase(pair: number, mode: ModeName): () => void {
    const sure = (PAIRS[pair] ?? []).map((server) => this.#site.timeline.modeBegins(server, mode));
    return () => {
      for (const isSet of sure) isSet();
    };
  }

  async redeploy(
    edition: number,
    ending: (typeof ENDINGS)[number],
    meanwhile: () => Promise<void>,
  ): Promise<void> {
    const [old, next] = [this.#running, 1 - this.#running];
    const isOpen = this.phase(next, "normal");
    const isRetiring = this.phase(old, "affinity");
    const mayBeClosed = ending === "deadline" ? this.phase(old, "break") : undefined;
    // Sessions whose user was lost with a worker would never drain.
    const toSeconds = ending === "drained" ? 20 : 1;
    await this.#verb("redeploy", {
      edition: String(edition),
      targets: PAIRS[next]?.map((server) => ({ server })),
      ...(ending.startsWith("rolled") || ending === "undeployed" ? {} : { toSeconds }),
    });
    isOpen();
    isRetiring();
    if (ending !== "rolled back at once") await meanwhile();
    if (ending.startsWith("rolled")) {
      const isBack = [this.phase(old, "normal"), this.phase(next, "break")];
      await this.#verb("undeploy", { choice: "new" });
      for (const isSet of isBack) isSet();
      await this.#gone(edition);
      return;
    }
    // Once drained it has no user left who could be cut: until it is gone nobody may be.
    if (ending === "drained") await this.#gone(this.#label);
    const isUndeployed = mayBeClosed ?? this.phase(old, "break");
    if (ending === "undeployed") await this.#verb("undeploy", { choice: "old" });
    await this.#gone(this.#label);
    isUndeployed();
    this.#running = next;
    this.#label = edition;
  }

  #gone(label: number): Promise<void> {
    return this.#site.until(`edition ${label} is gone`, async () => {
      const seen = await states(this.#site);
      return seen !== "" && !seen.split(" ").some((state) => state.startsWith(`${label}:`));
    });
  }

  async #verb(verb: "redeploy" | "undeploy", body: object): Promise<void> {
    const { status, body: said } = await this.#site.call("POST", `/v1/applications/app/${verb}`, body);
    if (status !== 200) throw new Error(`${verb} ${JSON.stringify(body)} answered ${status}: ${said}`);
  }
}
