// What the chaos test shares between its clients and its servers: what was asked, what was done, and whose fault it was.

import type { Random } from "../../../src/base/random.ts";

/** How a server treats one request. */
export type Fault = "" | "die-early" | "die-late" | "truncate" | "early" | "garbage";

const FAULTS: readonly Fault[] = ["die-early", "die-late", "truncate", "early", "garbage"];
const FAULT_SHARE = 0.1;
/** A server's close explains the failure of a request that was sent this long after it, or before it. */
const CLOSE_WINDOW_MS = 400;

/** Methods of this test that may be sent again. */
export const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "PUT", "DELETE"]);

/** The books of one run. */
export class Chaos {
  readonly random: Random;
  readonly nowMs: () => number;
  /** Times that a request's head reached a server, by id. */
  readonly arrivals: Map<string, number> = new Map();
  /** Faults that were given, by id; each request gets at most one, however often it comes. */
  readonly faults: Map<string, Fault> = new Map();
  /** What went wrong that nobody but the router can be blamed for. */
  readonly wrongs: string[] = [];
  readonly outcomes: Map<string, number> = new Map();
  isOver = false;
  #lastCloseMs = Number.NEGATIVE_INFINITY;
  #ids = 0;

  /** Requests whose answer has a body that lasts until the close. */
  readonly untilClose: Set<string> = new Set();
  #lastDeathMs = Number.NEGATIVE_INFINITY;

  constructor(random: Random, nowMs: () => number) {
    this.random = random;
    this.nowMs = nowMs;
  }

  nextId(): string {
    this.#ids += 1;
    return String(this.#ids);
  }

  below(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  /** A request has reached a server; answers what becomes of it there. */
  arrived(method: string, id: string): Fault {
    const times = (this.arrivals.get(id) ?? 0) + 1;
    this.arrivals.set(id, times);
    if (times > 1 && !IDEMPOTENT.has(method)) this.wrong(`${method} ${id} came to servers ${times} times`);
    if (times > 1 || this.isOver || !this.chance(FAULT_SHARE)) return "";
    const fault = FAULTS[this.below(FAULTS.length)] ?? "";
    this.faults.set(id, fault);
    return fault;
  }

  /** A server has closed a connection, or all of them. */
  closed(): void {
    this.#lastCloseMs = this.nowMs();
  }

  /** A server has died with all its connections. */
  died(): void {
    this.closed();
    this.#lastDeathMs = this.nowMs();
  }

  /**
   * What came of a body that lasts until the close may be cut: its server has died since the request was sent, which looks
   * just like the end of the body.
   */
  mayBeCut(id: string, body: string, sentMs: number): boolean {
    const isPart = bodyOf(id, 2).startsWith(body);
    return isPart && this.untilClose.has(id) && this.#lastDeathMs >= sentMs;
  }

  /** A server closed a connection at about the time of a request that was sent at `sentMs`. */
  mayHaveCrossed(sentMs: number): boolean {
    return this.#lastCloseMs > sentMs - CLOSE_WINDOW_MS;
  }

  count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  wrong(what: string): void {
    this.wrongs.push(what);
  }

  async pause(ms: number): Promise<void> {
    if (ms <= 0) await new Promise((resolve) => setImmediate(resolve));
    else await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

const SIZES = [0, 10, 300, 5000, 70_000, 200_000];

/** The body that a request with this id has, or its answer: as long as the id says, of a text that names it. */
export function bodyOf(id: string, salt: number): string {
  const number = Number(id) * 7 + salt;
  const size = SIZES[number % SIZES.length] as number;
  return `<${id}.${salt}>`.repeat(Math.ceil((size + 8) / (id.length + 4)));
}
