// What the users of a test have seen, judged against what the test did to its site.

import type { Site } from "./site.ts";
import type { Answer, Broken } from "./user-client.ts";

/** What users of a scenario have in common. */
export interface Company {
  readonly site: Site;
  readonly verdict: Verdict;
  /** Set when everybody is to finish. */
  isOver: boolean;
  /** The servers close kept connections without a word: a request that may not be repeated can be told of it. */
  readonly mayMirrorClose?: boolean;
}

/** A request with an id that is to be executed once. */
interface Ordered {
  readonly id: string;
  readonly outcome: "answered" | "told";
}

const WRONG_MAX = 20;

/** A kept connection to a server that was killed may carry one more request until its worker has read of the end. */
const NOTICE_MS = 250;

/** Counts, and whatever was wrong in words. */
export class Verdict {
  readonly wrong: string[] = [];
  readonly #counts = new Map<string, number>();
  readonly #orders: Ordered[] = [];
  #wrongs = 0;

  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort());
  }

  /** Something that must not be; the first ones are kept. */
  blame(sentence: string): void {
    this.#wrongs += 1;
    if (this.#wrongs <= WRONG_MAX) this.wrong.push(sentence);
    else this.wrong[WRONG_MAX] = `and ${this.#wrongs - WRONG_MAX} more`;
  }

  /** A request with an id has come to its end. */
  ordered(id: string, outcome: Ordered["outcome"]): void {
    this.#orders.push({ id, outcome });
  }

  /**
   * Holds the orders against what the servers have written down: answered ones executed once, no one twice. Where servers
   * close only before they execute (`mayMirrorClose`), what was told to have failed was not executed at all.
   */
  judgeOrders({ site, mayMirrorClose }: Company): void {
    const executed = new Map<string, number>();
    for (const server of site.servers) {
      for (const [id, times] of server.executed()) executed.set(id, (executed.get(id) ?? 0) + times);
    }
    for (const { id, outcome } of this.#orders) {
      const times = executed.get(id) ?? 0;
      if (times > 1) this.blame(`${id} was executed ${times} times`);
      if (outcome === "told" && times > 0 && mayMirrorClose === true)
        this.blame(`${id} was told to have failed and executed all the same`);
      if (outcome === "answered" && times !== 1) this.blame(`${id} was answered and executed ${times} times`);
    }
    this.count("orders", this.#orders.length);
  }
}

/** Who the user expects to be answered by, if anybody. */
export interface Expected {
  readonly who: string;
  readonly isIdempotent: boolean;
  /** Its session's server. */
  readonly home?: { readonly server: string; readonly pid: number };
}

/**
 * True for a whole answer of the application. Everything else is either excused by what the test has done meanwhile, and
 * counted, or blamed.
 */
export function isAnswered(
  company: Company,
  outcome: Answer | Broken,
  expected: Expected,
): outcome is Answer {
  const { verdict } = company;
  verdict.count("requests");
  if (outcome.kind === "answer" && outcome.status === 200) return true;
  const excuse = excuseOf(company, outcome, expected);
  if (excuse !== null) {
    verdict.count(`excused: ${excuse}`);
    return false;
  }
  const { startedAt, endedAt, isReused } = outcome;
  const what =
    outcome.kind === "answer"
      ? `${outcome.status} ${outcome.body.toString().slice(0, 200)}`
      : `${outcome.cause}${outcome.hadHead ? " after the head" : ""}`;
  const took = `from ${Math.round(startedAt)} to ${Math.round(endedAt)}; ${company.site.timeline.lastDeath(endedAt)}`;
  verdict.blame(`${expected.who} got ${what}${isReused ? " on a kept connection" : ""}, ${took}`);
  return false;
}

/** Why a request may fail; null when it may not. */
function excuseOf(company: Company, outcome: Answer | Broken, expected: Expected): string | null {
  const { timeline } = company.site;
  const { startedAt, endedAt, openedAt } = outcome;
  if (outcome.kind === "broken" && timeline.couldBreak(openedAt, endedAt)) return "its worker was killed";
  const isLost =
    expected.home === undefined
      ? timeline.someoneDied(startedAt - (expected.isIdempotent ? 0 : NOTICE_MS), endedAt)
      : timeline.hasDied(expected.home.pid, endedAt) || timeline.someoneDied(startedAt, endedAt);
  const saysSo = outcome.kind === "broken" ? outcome.hadHead : outcome.status === 502;
  const mirrorsClose = outcome.kind === "broken" && !outcome.hadHead && outcome.isReused;
  // What is idempotent is sent again elsewhere, unless a part of the answer is out.
  if (isLost && saysSo && (!expected.isIdempotent || outcome.kind === "broken"))
    return "its server was killed";
  if (isLost && mirrorsClose && !expected.isIdempotent) return "its server was killed, told by closing";
  if (company.mayMirrorClose !== true || expected.isIdempotent) return null;
  if (mirrorsClose) return "its server closed, told by closing";
  return outcome.kind === "answer" && outcome.status === 502 ? "its server closed, told by 502" : null;
}
