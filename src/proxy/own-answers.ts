// The router's own answers: when no instance may, can or will answer. Which status and words; `http/own-answer.ts` has the bytes.

import { answerKind, ownAnswer } from "../http/own-answer.ts";
import type { CompiledApplication } from "../routing/compiled.ts";
import * as is from "../routing/decision.ts";

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

/** What is known of the request that is answered. */
export interface AnsweredRequest {
  readonly accept: string;
  readonly isHead: boolean;
  readonly clientMinor: number;
  /** Null when no application claims the request. */
  readonly application: CompiledApplication | null;
}

/** Makes own answers; `date` gives the current Date value. */
export class OwnAnswers {
  readonly #date: () => string;

  constructor(date: () => string) {
    this.#date = date;
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
        : { retryAfterSeconds: entry.retryAfterSeconds, page: entry.maintenancePage }),
    });
  }

  /** To OPTIONS with `Max-Forwards: 0`: this is as far as it goes (RFC 9110 §7.6.2). */
  #noContent(closes: boolean): Buffer {
    const close = closes ? "Connection: close\r\n" : "";
    return Buffer.from(`HTTP/1.1 204 No Content\r\nDate: ${this.#date()}\r\n${close}\r\n`, "latin1");
  }
}
