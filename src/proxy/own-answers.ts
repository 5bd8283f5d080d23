// The router's own answers: when no instance may, can or will answer. Which status and words; `http/own-answer.ts` has the bytes.

import { answerKind, ownAnswer, RETRY_AFTER_SECONDS } from "../http/own-answer.ts";
import type { CompiledApplication } from "../routing/compiled.ts";
import * as is from "../routing/decision.ts";
import type { ApplicationEntry } from "../routing/table.ts";
import { httpDate, utcMinute } from "../system/dates.ts";
import type { Cause } from "./causes.ts";

/** The status for a decision that forwards nothing. */
export function statusOfOutcome(outcome: number): number {
  switch (outcome) {
    case is.NO_VIRTUAL_HOST:
    case is.NO_APPLICATION:
      return 404;
    case is.BAD_PATH:
    case is.BAD_COOKIES:
      return 400;
    default:
      return 503;
  }
}

const HEAD_END = Buffer.from("\r\n\r\n", "latin1");

/** How many bytes of an own answer are its body: what follows the first empty line. */
export function bodyBytesOf(answer: Buffer): number {
  return answer.length - (answer.indexOf(HEAD_END) + HEAD_END.length);
}

/** Why the router answers by itself with this status, without an instance. */
export function causeOf(status: number): Cause {
  if (status === 503) return "unavailable";
  if (status === 404) return "no-route";
  return status < 400 ? "done" : "bad-request";
}

/** What is known of the request that is answered. */
export interface AnsweredRequest {
  readonly accept: string;
  readonly isHead: boolean;
  readonly clientMinor: number;
  /** Null when no application claims the request. */
  readonly application: CompiledApplication | null;
}

/** Makes own answers; the wall clock is for `Date` and `Retry-After`. */
export class OwnAnswers {
  readonly #epochMs: () => number;

  constructor(epochMs: () => number) {
    this.#epochMs = epochMs;
  }

  #date(): string {
    return httpDate(this.#epochMs());
  }

  /** The answer to bytes that are no request: text, and the connection closes. */
  refusal(status: number): Buffer {
    return ownAnswer({ status, kind: "text", isHead: false, closes: true, date: this.#date() });
  }

  /** The answer to a request. 503 brings the application's maintenance page and `Retry-After` (SPEC M5). */
  answer(request: AnsweredRequest, status: number, closes: boolean): Buffer {
    if (status === 204) return this.#noContent(closes);
    const entry = status === 503 ? request.application?.entry : undefined;
    return ownAnswer({
      status,
      kind: answerKind(request.accept),
      isHead: request.isHead,
      closes,
      saysKeepAlive: request.clientMinor === 0,
      date: this.#date(),
      ...(entry === undefined
        ? {}
        : {
            retryAfterSeconds: this.#retryAfterSeconds(entry),
            maintenance: this.#maintenanceTimes(entry),
            page: entry.maintenancePage,
          }),
    });
  }

  /** Seconds until the operator expects to be done, while that lies ahead. */
  #retryAfterSeconds(entry: ApplicationEntry): number {
    if (entry.retryAt === undefined) return entry.retryAfterSeconds;
    const aheadMs = entry.retryAt - this.#epochMs();
    return aheadMs > 0 ? Math.ceil(aheadMs / 1000) : RETRY_AFTER_SECONDS; // overdue: nobody knows
  }

  /** What the built-in page says. An end that is past says nothing; who set the mode is no affair of the public's. */
  #maintenanceTimes({ maintenanceSince, retryAt }: ApplicationEntry): {
    readonly since: string;
    readonly until: string;
  } {
    const isAhead = retryAt !== undefined && retryAt > this.#epochMs();
    return {
      since: maintenanceSince === undefined ? "" : utcMinute(maintenanceSince),
      until: isAhead ? utcMinute(retryAt) : "",
    };
  }

  /** To OPTIONS with `Max-Forwards: 0`: this is as far as it goes (RFC 9110 §7.6.2). */
  #noContent(closes: boolean): Buffer {
    const close = closes ? "Connection: close\r\n" : "";
    return Buffer.from(`HTTP/1.1 204 No Content\r\nDate: ${this.#date()}\r\n${close}\r\n`, "latin1");
  }
}
