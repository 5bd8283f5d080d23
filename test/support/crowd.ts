// Everybody who uses a site in a scenario, from one seed.

import { seededRandom } from "../../src/base/random.ts";
import type { Site } from "./site.ts";
import { runDownloader, runDripReader, runEventReader, runUploader, runWebSocketUser } from "./streams.ts";
import { runSessionUser, runStatelessUser } from "./users.ts";
import { type Company, Verdict } from "./verdict.ts";

/** How many of each kind. */
export interface CrowdSize {
  readonly sessions: number;
  readonly stateless: number;
  readonly uploads: number;
  readonly downloads: number;
  readonly drips: number;
  readonly sockets: number;
  readonly events: number;
}

/** The crowd of the scenarios. */
export const WHOLE_CROWD: CrowdSize = {
  ...{ sessions: 50, stateless: 8, uploads: 4, downloads: 4, drips: 4, sockets: 6, events: 4 },
};

/** Half of it, for tests in which processes start: they share the processors with the users. */
export const SMALL_CROWD: CrowdSize = {
  ...{ sessions: 25, stateless: 4, uploads: 2, downloads: 2, drips: 2, sockets: 4, events: 3 },
};

/** The seed of this run: `TIDEGATE_SEED`, else by chance. A failing test names it. */
export const SEED: number = Number(process.env["TIDEGATE_SEED"] ?? Date.now() % 1_000_000);

const RUNS = {
  sessions: runSessionUser,
  stateless: runStatelessUser,
  uploads: runUploader,
  downloads: runDownloader,
  drips: runDripReader,
  sockets: runWebSocketUser,
  events: runEventReader,
} as const;

/** A crowd under way. */
export interface Crowd {
  readonly verdict: Verdict;
  /** Waits until users have had so many more answers. */
  goOn(requests: number): Promise<void>;
  /** Lets everybody finish, and judges what they have seen. */
  leave(): Promise<void>;
}

/** Sends the users in; they leave with the test at the latest. */
export function startCrowd(
  t: { teardown(end: () => unknown): void },
  site: Site,
  options: { readonly size?: Partial<CrowdSize>; readonly mayMirrorClose?: boolean } = {},
): Crowd {
  const { size = WHOLE_CROWD, mayMirrorClose = false } = options;
  const verdict = new Verdict();
  const company: Company = { site, verdict, isOver: false, mayMirrorClose };
  const users = Object.entries(RUNS).flatMap(([kind, run], kindIndex) =>
    Array.from({ length: size[kind as keyof CrowdSize] ?? 0 }, (_, index) =>
      run(company, `${kind}-${index}`, seededRandom(SEED + kindIndex * 1000 + index)),
    ),
  );
  const everybody = Promise.all(users);
  everybody.catch(() => undefined); // seen where it is awaited
  t.teardown(() => {
    company.isOver = true;
  });
  return {
    verdict,
    goOn(requests) {
      const seen = verdict.of("requests");
      return site.until("users have gone on", () => verdict.of("requests") > seen + requests);
    },
    async leave() {
      company.isOver = true;
      await everybody;
      verdict.judgeOrders(company);
    },
  };
}
