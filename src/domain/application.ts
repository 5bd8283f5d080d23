// An application: what hosts and context roots lead to; it has editions, of which the newest running one gets new users.

import type { Edition } from "./edition.ts";
import type { ApplicationId, VirtualHostName } from "./names.ts";

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
    }
  | { readonly style: "none"; readonly cookie?: string };

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
