// What the harness tells the load process, and what it answers, over the channel between parent and child.

/** How one connection of the load generator behaves. */
export type Work =
  | {
      readonly kind: "http";
      readonly method: "GET" | "POST";
      readonly path: string;
      /** A bare head of two lines, or what a browser sends (about 900 bytes) with the session cookie of a first visit. */
      readonly head: "short" | "browser";
      readonly uploadBytes: number;
      readonly responseBytes: number;
    }
  | { readonly kind: "web-socket"; readonly payloadBytes: number };

/** One measurement: `warmMs` of load that is not counted, then a window that ends by time or count. */
export interface LoadOrder {
  readonly kind: "load";
  readonly work: Work;
  readonly port: number;
  readonly connections: number;
  readonly warmMs: number;
  readonly windowMs: number;
  readonly countMax: number;
  /** The process whose tree is charged. */
  readonly rootPid: number;
  /** Whether every answer must come from the upstream of the first visit. */
  readonly sticky: boolean;
  /**
   * Sessions ask for the route ids `s1` to `sN`, spread evenly, of which the odd ones are at the first upstream;
   * 0 leaves the choice to proxy and upstream.
   */
  readonly routes: number;
}

/** Opens idle connections, each of which makes one request and then stays open until `close-idle`. */
export interface OpenIdleOrder {
  readonly kind: "open-idle";
  readonly port: number;
  readonly connections: number;
}

export type Order = LoadOrder | OpenIdleOrder | { readonly kind: "close-idle" };

/** What a window gave. */
export interface Outcome {
  readonly requests: number;
  readonly seconds: number;
  /** Processor time of the proxy's whole process tree. */
  readonly cpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly bodyBytes: number;
  readonly errors: Errors;
}

/** Everything that went wrong, by kind; `reconnects` counts connections closed between requests and is no error. */
export interface Errors {
  readonly status: number;
  readonly length: number;
  readonly affinity: number;
  readonly lost: number;
  readonly timeout: number;
  readonly reconnects: number;
  /** The first error in words, or empty. */
  readonly first: string;
}

/** What the load process says: its upstream ports at the start, then one answer to each order. */
export type Answer =
  | { readonly kind: "ready"; readonly upstreamPorts: readonly [number, number] }
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "idle"; readonly open: number; readonly failed: number }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly message: string };
