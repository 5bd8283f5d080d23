// Makes the affinity plan of an application from its settings; once an application and table.

import { fingerprintSeed } from "../sessions/fingerprint.ts";
import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import { HashAffinity } from "./hash-affinity.ts";
import { InsertAffinity } from "./insert-affinity.ts";
import { LearnAffinity } from "./learn-affinity.ts";
import { NoAffinity } from "./no-affinity.ts";
import { ownCookie } from "./own-cookie.ts";
import { RewriteAffinity } from "./rewrite-affinity.ts";
import { type SessionIdentity, ValueWithRoutes, WholeValue } from "./session-identity.ts";
import { SessionTracker, type TrackedSession } from "./session-tracker.ts";
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
    case "suffix": {
      const separator = affinity.separator.charCodeAt(0);
      const identity = new ValueWithRoutes(separator, affinity.cacheIdLength);
      return new SuffixAffinity(context, {
        ...tracked(entry, parts, affinity, identity),
        separator,
        identity,
      });
    }
    case "rewrite":
      return new RewriteAffinity(context, {
        ...tracked(entry, parts, affinity),
        separator: affinity.separator,
      });
    case "learn":
      return new LearnAffinity(tracked(entry, parts, affinity));
    case "insert":
      return insertPlan(entry, affinity, parts);
    case "hash":
      return new HashAffinity({
        on: affinity.on,
        name: affinity.name ?? "",
        session: trackedOrNull(entry, parts, affinity),
      });
    case "none":
      return new NoAffinity(trackedOrNull(entry, parts, affinity));
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
    session: trackedOrNull(entry, parts, affinity),
    tracker: tracked(entry, parts, { cookie: affinity.routerCookie }).tracker,
    idleSeconds: entry.sessions.idleMs / 1000,
    absoluteSeconds: entry.sessions.absoluteMs / 1000,
  });
}

/** Where an application's session id stands in its requests. */
interface SessionNames {
  readonly cookie?: string;
  readonly urlParameter?: string;
}

function trackedOrNull(
  entry: ApplicationEntry,
  parts: PlanParts,
  names: SessionNames,
): TrackedSession | null {
  const { cookie } = names;
  return cookie === undefined ? null : tracked(entry, parts, { ...names, cookie });
}

function tracked(
  entry: ApplicationEntry,
  parts: PlanParts,
  names: SessionNames & { readonly cookie: string },
  identity: SessionIdentity = new WholeValue(),
): TrackedSession {
  const { cookie, urlParameter } = names;
  const { endedHeader } = entry.sessions;
  const seed = fingerprintSeed(parts.secrets.fingerprintKey, entry.id);
  return {
    tracker: new SessionTracker(parts.context, seed, { cookie, endedHeader, identity }),
    values: new SessionValues(cookie, urlParameter),
  };
}
