// Makes the affinity plan of an application from its settings; once an application and table.

import { fingerprintSeed } from "../sessions/fingerprint.ts";
import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import { NoAffinity } from "./no-affinity.ts";
import { SessionTracker } from "./session-tracker.ts";
import { SessionValues } from "./session-values.ts";
import { SuffixAffinity } from "./suffix-affinity.ts";
import type { ApplicationEntry, TableSecrets } from "./table.ts";

/** The plan of one application. */
export function planOf(
  entry: ApplicationEntry,
  secrets: TableSecrets,
  context: AffinityContext,
): AffinityPlan {
  const { affinity } = entry;
  const trackerOf = (cookie: string): SessionTracker =>
    new SessionTracker(context, fingerprintSeed(secrets.fingerprintKey, entry.id), {
      cookie,
      endedHeader: entry.sessions.endedHeader,
    });
  switch (affinity.style) {
    case "suffix":
      return new SuffixAffinity(context, {
        tracker: trackerOf(affinity.cookie),
        values: new SessionValues(affinity.cookie, affinity.urlParameter),
        separator: affinity.separator,
        cacheIdLength: affinity.cacheIdLength,
      });
    default:
      return affinity.cookie === undefined
        ? new NoAffinity(null, null)
        : new NoAffinity(trackerOf(affinity.cookie), new SessionValues(affinity.cookie, undefined));
  }
}
