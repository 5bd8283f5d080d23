// Makes the affinity plan of an application from its settings; once an application and table.

import { fingerprintSeed } from "../sessions/fingerprint.ts";
import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import { HashAffinity, type TrackedCookie } from "./hash-affinity.ts";
import { InsertAffinity } from "./insert-affinity.ts";
import { LearnAffinity } from "./learn-affinity.ts";
import { NoAffinity } from "./no-affinity.ts";
import { ownCookie } from "./own-cookie.ts";
import { RewriteAffinity } from "./rewrite-affinity.ts";
import { SessionTracker } from "./session-tracker.ts";
import { SessionValues } from "./session-values.ts";
import { SuffixAffinity } from "./suffix-affinity.ts";
import type { ApplicationEntry, TableSecrets } from "./table.ts";
import type { Tokens } from "./tokens.ts";

/** What all plans of a table share. */
export interface PlanParts {
  readonly context: AffinityContext;
  readonly secrets: TableSecrets;
  readonly tokens: Tokens;
}

/** The plan of one application. */
export function planOf(entry: ApplicationEntry, parts: PlanParts): AffinityPlan {
  const { affinity } = entry;
  const { context } = parts;
  switch (affinity.style) {
    case "suffix":
      return new SuffixAffinity(context, {
        ...tracked(entry, parts, affinity.cookie, affinity.urlParameter),
        separator: affinity.separator,
        cacheIdLength: affinity.cacheIdLength,
      });
    case "rewrite":
      return new RewriteAffinity(context, {
        ...tracked(entry, parts, affinity.cookie, affinity.urlParameter),
        separator: affinity.separator,
      });
    case "learn":
      return new LearnAffinity(context, tracked(entry, parts, affinity.cookie, affinity.urlParameter));
    case "insert":
      return insertPlan(entry, affinity, parts);
    case "hash":
      return new HashAffinity(context, {
        on: affinity.on,
        name: affinity.name ?? "",
        session: trackedOrNull(entry, parts, affinity.cookie),
      });
    case "none": {
      const session = trackedOrNull(entry, parts, affinity.cookie);
      return new NoAffinity(session?.tracker ?? null, session?.values ?? null);
    }
  }
}

function insertPlan(
  entry: ApplicationEntry,
  affinity: Extract<ApplicationEntry["affinity"], { readonly style: "insert" }>,
  parts: PlanParts,
): AffinityPlan {
  return new InsertAffinity(parts.context, {
    application: entry.id,
    tokens: parts.tokens,
    cookie: ownCookie(affinity.routerCookie, entry),
    values: new SessionValues(affinity.routerCookie, undefined),
    session: trackedOrNull(entry, parts, affinity.cookie, affinity.urlParameter),
    tracker: tracked(entry, parts, affinity.routerCookie).tracker,
    idleSeconds: entry.sessions.idleMs / 1000,
    absoluteSeconds: entry.sessions.absoluteMs / 1000,
  });
}

function trackedOrNull(
  entry: ApplicationEntry,
  parts: PlanParts,
  cookie: string | undefined,
  parameter?: string,
): TrackedCookie | null {
  return cookie === undefined ? null : tracked(entry, parts, cookie, parameter);
}

function tracked(
  entry: ApplicationEntry,
  parts: PlanParts,
  cookie: string,
  parameter?: string,
): TrackedCookie {
  const seed = fingerprintSeed(parts.secrets.fingerprintKey, entry.id);
  return {
    tracker: new SessionTracker(parts.context, seed, { cookie, endedHeader: entry.sessions.endedHeader }),
    values: new SessionValues(cookie, parameter),
  };
}
