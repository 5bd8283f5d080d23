// Everything that the connections of one run count together.

import { Histogram } from "./histogram.ts";
import type { Errors } from "./messages.ts";

/** A kind of error. */
export type ErrorKind = "status" | "length" | "affinity" | "lost" | "timeout";

/** Counters of a run. They are cleared when the window opens, but for errors, which count from the first request. */
export class Tally {
  readonly latency: Histogram = new Histogram();
  requests = 0;
  bodyBytes = 0;
  readonly #errors = { status: 0, length: 0, affinity: 0, lost: 0, timeout: 0, reconnects: 0, first: "" };

  answered(us: number, bodyBytes: number): void {
    this.requests += 1;
    this.bodyBytes += bodyBytes;
    this.latency.record(us);
  }

  failed(kind: ErrorKind, words: string): void {
    this.#errors[kind] += 1;
    if (this.#errors.first === "") this.#errors.first = words;
  }

  reconnected(): void {
    this.#errors.reconnects += 1;
  }

  openWindow(): void {
    this.latency.clear();
    this.requests = 0;
    this.bodyBytes = 0;
  }

  errors(): Errors {
    return { ...this.#errors };
  }
}
