// An application: what hosts and context roots lead to; it has editions, of which the newest running one gets new users.

import { fault } from "../base/fault.ts";
import type { ApplicationDeclaration } from "./command.ts";
import { checkContextRoots } from "./context-roots.ts";
import type { Draft } from "./draft.ts";
import { differences } from "./draft.ts";
import type { Edition } from "./edition.ts";
import { checkTargets, declareEditions } from "./edition.ts";
import { membersOf } from "./instance.ts";
import type { ApplicationId, VirtualHostName } from "./names.ts";
import { checkRoutes } from "./route-ids.ts";

/** Longest maintenance page in characters: every worker holds it, and sends it whole. */
export const MAINTENANCE_PAGE_LENGTH_MAX: number = 256 * 1024;

/** How a request finds the instance that owns its session (SPEC A1). `cookie` is the application's own session cookie. */
export type Affinity =
  | {
      readonly style: "suffix";
      readonly cookie: string;
      /** One character between session id and route ids, such as `:`, `+`, `.` or `!`. */
      readonly separator: string;
      readonly urlParameter?: string;
      /** Length of WebSphere's cache id in front of the session id, which is not part of its identity; 0 for none. */
      readonly cacheIdLength: number;
    }
  | {
      readonly style: "rewrite";
      readonly cookie: string;
      readonly separator: string;
      readonly urlParameter?: string;
    }
  | {
      readonly style: "insert";
      readonly cookie?: string;
      readonly routerCookie: string;
      readonly urlParameter?: string;
    }
  | { readonly style: "learn"; readonly cookie: string; readonly urlParameter?: string }
  | {
      readonly style: "hash";
      readonly on: "address" | "header" | "cookie";
      readonly name?: string;
      readonly cookie?: string;
      readonly urlParameter?: string;
    }
  | { readonly style: "none"; readonly cookie?: string; readonly urlParameter?: string };

/** When a session is over (SPEC A4); times in ms. */
export interface SessionSettings {
  readonly idleMs: number;
  /** 0 means no absolute limit. */
  readonly absoluteMs: number;
  /** A response with this header set to 1 ends the session, in lower case. */
  readonly endedHeader: string;
}

/** Timeouts and limits of an application's traffic; times in ms, sizes in bytes (SPEC P3, P4). */
export interface TrafficSettings {
  readonly connectMs: number;
  /** `serverIOTimeout`: to the first byte of the response head. */
  readonly firstByteMs: number;
  readonly betweenBytesMs: number;
  readonly tunnelIdleMs: number;
  /** From mark-down to the next trial. */
  readonly retryIntervalMs: number;
  readonly postBufferBytes: number;
  /** Requests that wait when every server is at its `maxConnections`, and for how long. */
  readonly queueLimit: number;
  readonly queueMs: number;
  /** Over how long closing of tunnels is spread when a server goes to `break`. */
  readonly closeSpreadMs: number;
  /** Response header that tells which server and edition answered; empty is off. */
  readonly servedByHeader: string;
}

/** An application as declared, with its editions as they are. */
export interface Application {
  readonly id: ApplicationId;
  readonly virtualHosts: readonly VirtualHostName[];
  /** Prefixes by whole segments, such as `/shop`; `/` is the root. */
  readonly contextRoots: readonly string[];
  /** Further patterns as in plugin-cfg.xml: `/hello` exact, `/a/*` prefix, `*.jsp` extension, `/*`. */
  readonly paths: readonly string[];
  readonly affinity: Affinity;
  readonly sessions: SessionSettings;
  readonly traffic: TrafficSettings;
  /** When no instance of a session's edition is left: move it to the running edition, or answer an error (SPEC A3). */
  readonly onInstanceLost: "move" | "error";
  /** HTML shown with 503 when no server is left; empty means the built-in page (SPEC M5). */
  readonly maintenancePage: string;
  /** In order of declaration, oldest first. */
  readonly editions: readonly Edition[];
}

const APPLICATION_WORDS = {
  virtualHosts: "virtual hosts",
  contextRoots: "context roots",
  paths: "paths",
  affinity: "affinity",
  sessions: "sessions",
  traffic: "traffic",
  onInstanceLost: "onInstanceLost",
  maintenancePage: "maintenance page",
} as const;

/** Declares an application or changes one, with its editions. What editions are doing is left as it is. */
export function declareApplication(draft: Draft, declaration: ApplicationDeclaration): void {
  const { editions: declared, ...settings } = declaration;
  const { id } = declaration;
  const before = draft.applications.get(id);
  if (before === undefined) {
    draft.events.push({
      kind: "application.declared",
      subject: id,
      message: `${id}: declared on ${settings.virtualHosts.join(" ")} at ${[...settings.contextRoots, ...settings.paths].join(" ")}`,
    });
    draft.applications.set(id, { ...settings, editions: declareEditions(draft, id, [], declared) });
    return;
  }
  const changes = differences(before, { ...settings, editions: before.editions }, APPLICATION_WORDS);
  if (changes.length > 0) {
    draft.events.push({
      kind: "application.changed",
      subject: id,
      message: `${id}: ${changes.join(", ")}`,
    });
  }
  draft.applications.set(id, {
    ...settings,
    editions: declareEditions(draft, id, before.editions, declared),
  });
}

/** Refuses applications that lead nowhere, that refer to what is not there, or whose claims clash with another's. */
export function checkApplications(draft: Draft, declared: ReadonlySet<ApplicationId>): void {
  const members = membersOf(draft.servers);
  for (const application of draft.applications.values()) {
    checkWays(draft, application);
    for (const edition of application.editions) checkTargets(draft, application.id, edition);
    checkRoutes(draft, application, members);
  }
  checkContextRoots(draft, declared);
}

function checkWays(draft: Draft, application: Application): void {
  const what = `Cannot declare application "${application.id}"`;
  if (application.virtualHosts.length === 0) {
    draft.faults.push(fault("BAD_COMMAND", `${what}: it has no virtual host`));
  }
  if (application.contextRoots.length + application.paths.length === 0) {
    draft.faults.push(fault("BAD_COMMAND", `${what}: it has neither a context root nor a path`));
  }
  for (const name of application.virtualHosts) {
    if (draft.virtualHosts.has(name)) continue;
    draft.faults.push(fault("BROKEN_REFERENCE", `${what}: there is no virtual host "${name}"`));
  }
}

/** Removes an application with all its editions; its servers stay. */
export function removeApplication(draft: Draft, id: ApplicationId): void {
  if (!draft.applications.delete(id)) {
    draft.faults.push(
      fault("APPLICATION_UNKNOWN", `Cannot remove application "${id}": there is no such application`),
    );
    return;
  }
  draft.events.push({ kind: "application.removed", subject: id, message: `${id}: removed` });
}

/** Records that a session is to be forgotten. The domain does not know sessions; routers do, and act on the command. */
export function endSession(
  draft: Draft,
  wish: { readonly application: ApplicationId; readonly fingerprint: string },
): void {
  const { application, fingerprint } = wish;
  if (!draft.applications.has(application)) {
    draft.faults.push(
      fault(
        "APPLICATION_UNKNOWN",
        `Cannot end session "${fingerprint}" of "${application}": there is no such application`,
      ),
    );
    return;
  }
  if (!/^[0-9a-f]{16}$/.test(fingerprint)) {
    draft.faults.push(
      fault("BAD_COMMAND", `Cannot end session "${fingerprint}": its fingerprint is not 16 hex digits`, {
        hint: `\`tidegate sessions ${application}\` lists the fingerprints`,
      }),
    );
    return;
  }
  draft.events.push({
    kind: "session.ended",
    subject: application,
    message: `${application}: session ${fingerprint} ended`,
    detail: { fingerprint },
  });
}
