// The router's own answers, whole: head and body in one buffer, ready for one write. Nothing of the request goes into
// them (W79). Cold: a site that works sends none.

import { builtInPage } from "./answer-page.ts";

/** In which form a client wants to read an answer. */
export type AnswerKind = "html" | "json" | "text";

/** An answer to make. */
export interface OwnAnswer {
  /** One of the statuses that `ANSWERS` explains; any other is answered as 500. */
  readonly status: number;
  readonly kind: AnswerKind;
  /** The request was HEAD: the head says what GET would get, and no body follows (RFC 9110 §9.3.2). */
  readonly isHead: boolean;
  /** The connection ends after this answer. */
  readonly closes: boolean;
  /** An HTTP/1.0 client asked to keep the connection, and gets it. Ignored when it closes. */
  readonly saysKeepAlive?: boolean;
  /** IMF-fixdate for the Date field (RFC 9110 §6.6.1); empty leaves it out. */
  readonly date: string;
  /** Seconds for Retry-After; 503 always has one, `RETRY_AFTER_SECONDS` when none is given (M5, W79). */
  readonly retryAfterSeconds?: number;
  /** When the maintenance began and when it is expected to end, such as `2026-01-31 14:00 UTC`; empty says nothing. */
  readonly maintenance?: { readonly since: string; readonly until: string };
  /** The operator's own HTML for clients that want HTML, such as an application's maintenance page; empty for ours. */
  readonly page?: string;
}

/** What Retry-After says with a 503 when nobody knows better. */
export const RETRY_AFTER_SECONDS = 10;

interface Explanation {
  readonly reason: string;
  /** Heading and text for people; they say what to do, not what is inside. */
  readonly title: string;
  readonly detail: string;
}

const ANSWERS: Readonly<Record<number, Explanation>> = {
  400: {
    reason: "Bad Request",
    title: "The request could not be read",
    detail: "What the client sent is not a request that can be understood in one way.",
  },
  403: {
    reason: "Forbidden",
    title: "Not allowed",
    detail: "This address may not be used from here.",
  },
  404: {
    reason: "Not Found",
    title: "There is nothing here",
    detail: "No application answers at this address.",
  },
  408: {
    reason: "Request Timeout",
    title: "The request took too long",
    detail: "The request did not arrive in time. Please try again.",
  },
  413: {
    reason: "Content Too Large",
    title: "The upload is too large",
    detail: "The request is larger than this site accepts.",
  },
  414: {
    reason: "URI Too Long",
    title: "The address is too long",
    detail: "The address is longer than this site accepts.",
  },
  417: {
    reason: "Expectation Failed",
    title: "The expectation cannot be met",
    detail: "The request expects something that this site does not do.",
  },
  429: {
    reason: "Too Many Requests",
    title: "Too many requests",
    detail: "Please wait a moment and try again.",
  },
  431: {
    reason: "Request Header Fields Too Large",
    title: "The request is too large",
    detail:
      "The header of the request is larger than this site accepts. Deleting this site's cookies may help.",
  },
  500: {
    reason: "Internal Server Error",
    title: "Something went wrong",
    detail: "The request could not be completed. Please try again.",
  },
  501: {
    reason: "Not Implemented",
    title: "Not supported",
    detail: "This site does not support the method or coding of the request.",
  },
  502: {
    reason: "Bad Gateway",
    title: "The application did not answer properly",
    detail: "The application behind this address gave no usable answer. Please try again.",
  },
  503: {
    reason: "Service Unavailable",
    title: "We will be right back",
    detail: "This application is being maintained or is busy at the moment. Please try again shortly.",
  },
  504: {
    reason: "Gateway Timeout",
    title: "The application took too long",
    detail: "The application behind this address did not answer in time. Please try again.",
  },
  508: {
    reason: "Loop Detected",
    title: "The request goes in circles",
    detail:
      "The request has come back to where it was before. The site's operator has to correct its routes.",
  },
  505: {
    reason: "HTTP Version Not Supported",
    title: "Version not supported",
    detail: "This site speaks HTTP/1.0 and HTTP/1.1 on this connection.",
  },
};

const INTERNAL_ERROR = 500;
const UNAVAILABLE = 503;

const CONTENT_TYPES: Readonly<Record<AnswerKind, string>> = {
  html: "text/html; charset=utf-8",
  json: "application/problem+json",
  text: "text/plain; charset=utf-8",
};

/** Makes an answer: status line, fields with the body's right length, and the body unless the request was HEAD. */
export function ownAnswer(answer: OwnAnswer): Buffer {
  const known = ANSWERS[answer.status];
  const status = known === undefined ? INTERNAL_ERROR : answer.status;
  const explanation = known ?? (ANSWERS[INTERNAL_ERROR] as Explanation);
  const retryAfter = retryAfterOf(answer, status);
  const body = Buffer.from(bodyOf(answer, status, explanation, retryAfter), "utf8");
  const lines = [`HTTP/1.1 ${status} ${explanation.reason}`];
  if (answer.date !== "") lines.push(`Date: ${answer.date}`);
  lines.push(
    `Content-Type: ${CONTENT_TYPES[answer.kind]}`,
    `Content-Length: ${body.length}`,
    "Cache-Control: no-store",
  );
  if (retryAfter !== undefined) lines.push(`Retry-After: ${retryAfter}`);
  if (answer.closes) lines.push("Connection: close");
  else if (answer.saysKeepAlive === true) lines.push("Connection: keep-alive");
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return answer.isHead ? head : Buffer.concat([head, body]);
}

function retryAfterOf(answer: OwnAnswer, status: number): number | undefined {
  const seconds = answer.retryAfterSeconds;
  if (seconds === undefined) return status === UNAVAILABLE ? RETRY_AFTER_SECONDS : undefined;
  return Math.min(Math.max(1, Math.ceil(seconds)), 86_400 * 365);
}

function bodyOf(
  answer: OwnAnswer,
  status: number,
  explanation: Explanation,
  retryAfter: number | undefined,
): string {
  const { title, detail } = explanation;
  switch (answer.kind) {
    case "html":
      if (answer.page !== undefined && answer.page !== "") return answer.page;
      return builtInPage({
        status,
        title,
        detail,
        retryAfterSeconds: retryAfter,
        maintenance: answer.maintenance,
      });
    case "json": {
      const problem = { type: "about:blank", title: explanation.reason, status, detail };
      return `${JSON.stringify(retryAfter === undefined ? problem : { ...problem, retryAfter })}\n`;
    }
    case "text":
      return `${status} ${explanation.reason}\n${detail}\n`;
  }
}

interface Preference {
  readonly kind: AnswerKind;
  readonly quality: number;
}

/** Media ranges of one Accept field that are looked at. */
const RANGES_MAX = 32;

/**
 * The form that an Accept field's value asks for: HTML where it is preferred, as by browsers; problem details where JSON
 * is, as by scripts; else plain text, also for clients such as curl that take anything. The first of equals counts.
 */
export function answerKind(accept: string): AnswerKind {
  let best: Preference = { kind: "text", quality: 0 };
  for (const range of accept.split(",", RANGES_MAX)) {
    const preference = readRange(range);
    if (preference !== undefined && preference.quality > best.quality) best = preference;
  }
  return best.kind;
}

function readRange(range: string): Preference | undefined {
  const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const kind = kindOf(type ?? "");
  if (kind === undefined) return undefined;
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return Number.isNaN(quality) ? undefined : { kind, quality };
}

function kindOf(type: string): AnswerKind | undefined {
  if (type === "text/html" || type === "application/xhtml+xml") return "html";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  return type === "text/plain" || type === "text/*" || type === "*/*" ? "text" : undefined;
}
