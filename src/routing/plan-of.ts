// Makes affinity plans from the settings of applications; those of a table with the same settings share one.

import type { AffinityContext, AffinityPlan } from "./affinity-plan.ts";
import { HashAffinity } from "./hash-affinity.ts";
import { InsertAffinity } from "./insert-affinity.ts";
import { LearnAffinity } from "./learn-affinity.ts";
import { NoAffinity } from "./no-affinity.ts";
import { RewriteAffinity } from "./rewrite-affinity.ts";
import { type SessionIdentity, ValueWithRoutes, WholeValue } from "./session-identity.ts";
import { SessionTracker, type TrackedSession } from "./session-tracker.ts";
import { SessionValues } from "./session-values.ts";
import { SuffixAffinity } from "./suffix-affinity.ts";
import type { ApplicationEntry } from "./table.ts";
import type { Tokens } from "./tokens.ts";

/** What all plans of a table share. */
export interface PlanParts {
  readonly context: AffinityContext;
  readonly tokens: Tokens;
}

/** The plans of a table that is compiled. */
export class Plans {
  readonly #parts: PlanParts;
  readonly #bySettings = new Map<string, AffinityPlan>();

  constructor(parts: PlanParts) {
    this.#parts = parts;
  }

  /** The plan of one application; what it keeps while it reads is good for a turn only, so that others may use it too. */
  of(entry: ApplicationEntry): AffinityPlan {
    const settings = JSON.stringify([entry.affinity, entry.sessions]);
    let plan = this.#bySettings.get(settings);
    if (plan === undefined) {
      plan = planOf(entry, this.#parts);
      this.#bySettings.set(settings, plan);
    }
    return plan;
  }
}

function planOf(entry: ApplicationEntry, parts: PlanParts): AffinityPlan {
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
    tokens: parts.tokens,
    cookie: affinity.routerCookie,
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
  return {
    tracker: new SessionTracker(parts.context, { cookie, endedHeader, identity }),
    values: new SessionValues(cookie, urlParameter),
  };
}
