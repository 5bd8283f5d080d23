// What `tidegate.yaml` says, complete with defaults: the settings of one process tree. Times in ms, sizes in bytes.

/** Where the data plane listens; `address` is `host:port`, `[v6]:port` or `unix:/path`. */
export interface ListenerSettings {
  readonly name: string;
  readonly address: string;
  /** Every request belongs to this virtual host, whatever its Host field says; absent: the Host field decides. */
  readonly virtualHost?: string;
  /** Port used for virtual host matching when the Host field has none; default the listener's own. */
  readonly port: number;
  /** It shows what users cannot see yet (SPEC E3). */
  readonly isPreview: boolean;
}

/** Where operators reach control, and who may. */
export interface AdminSettings {
  /** `host:port`, or empty for the Unix socket only. */
  readonly listen: string;
  /** Absolute path; default `control.sock` under the data directory. */
  readonly socket: string;
  /** File with one `name role token` a line; empty: loopback and socket callers are administrators (SPEC C2). */
  readonly tokensFile: string;
}

/** The access log: its format and where it goes. */
export interface AccessLogSettings {
  readonly format: "off" | "json" | "combined";
  /** A file, or `stdout`. */
  readonly path: string;
}

/** Limits and clocks of the client side (SPEC P4, F4); an application's `TrafficSettings` hold those of the upstream side. */
export interface ClientSettings {
  readonly headBytes: number;
  /** First byte of a request to its whole head. */
  readonly headMs: number;
  /** Longest pause of a request body, and of a client that does not read its response. */
  readonly stallMs: number;
  readonly idleMs: number;
  /** Requests on one connection before it is let go gently; 0 is no limit. */
  readonly requestsMax: number;
  readonly connectionsMax: number;
  /** Per client address; 0 is no limit. */
  readonly connectionsPerAddress: number;
}

/** Connections to instances that are kept for the next request. */
export interface UpstreamSettings {
  /** Idle connections kept for each instance by each worker. */
  readonly idleConnections: number;
  /** Idle connections are closed after this time, or the server's hint less a margin (W76). */
  readonly idleMs: number;
  /** A request that is not idempotent takes no connection that has been idle for longer (keep-alive race). */
  readonly freshMs: number;
}

/** All that the data plane of a process tree needs to know. */
export interface RouterSettings {
  readonly workers: number;
  readonly listeners: readonly ListenerSettings[];
  readonly client: ClientSettings;
  readonly upstream: UpstreamSettings;
  readonly accessLog: AccessLogSettings;
  /** CIDR blocks whose `X-Forwarded-*` and `Forwarded` fields are believed and added to (W47). */
  readonly trustedProxies: readonly string[];
  /** Also write RFC 7239 `Forwarded`. */
  readonly forwarded: boolean;
  /** Make an `X-Request-Id` where the client (or trusted proxy) gave none. */
  readonly requestId: boolean;
  /** Start a W3C `traceparent` where there is none. */
  readonly traceparent: boolean;
  /** Pseudonym in `Via` (W43). */
  readonly via: string;
  /** Most sessions that a worker tracks; beyond, the least recently seen are forgotten. */
  readonly sessionsMax: number;
}

/** What a process tree does: write the domain, carry traffic, run servers. */
export type Role = "master" | "router" | "agent";

/** The whole `tidegate.yaml`. */
export interface ProcessSettings {
  readonly domain: string;
  readonly node: string;
  readonly roles: readonly Role[];
  /** Absolute path of the data directory. */
  readonly dataDir: string;
  readonly admin: AdminSettings;
  readonly router: RouterSettings;
  /** Absolute path of a `domain.yaml` applied at boot; empty for none. */
  readonly include: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** How long a stopping worker lets exchanges finish. */
  readonly stopGraceMs: number;
}
