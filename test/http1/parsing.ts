// Parses a head in the worst place for it: bytes of others before and behind it, and every prefix of it first.

import { INCOMPLETE } from "../../src/http1/parse-fields.ts";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import { parseResponseHead } from "../../src/http1/parse-response.ts";
import { METHOD_GET, RequestHead } from "../../src/http1/request-head.ts";
import { ResponseHead } from "../../src/http1/response-head.ts";

const BEFORE = "0123456789";

/** Stale bytes behind the end, which would complete or change a head that read them. */
const BEHIND = [
  "\r\n\r\n",
  "\n\r\n\r\n",
  " HTTP/1.1\r\nHost: stale\r\n\r\n",
  "x: y\r\n\r\n",
  ": \r\n\r\n",
] as const;

/** Default of `headMax`. */
export const HEAD_MAX = 16_384;

/** What a parse answered. */
export interface Parsed<Head> {
  /** 0 when it is accepted whole, else the status; null while it is incomplete. */
  readonly status: number | null;
  readonly head: Head;
  /** What follows the head in the input. */
  readonly rest: string;
  readonly why: string;
}

/** Parses a request head; throws when a prefix or the bytes behind the end change the answer. */
export function parseRequest(text: string, headMax: number = HEAD_MAX): Parsed<RequestHead> {
  return parseEverywhere(text, new RequestHead(), (head, bytes, from, end) =>
    parseRequestHead(head, bytes, from, end, headMax),
  );
}

/** Parses a response head, as `parseRequest`. */
export function parseResponse(
  text: string,
  method: number = METHOD_GET,
  headMax: number = HEAD_MAX,
): Parsed<ResponseHead> {
  return parseEverywhere(text, new ResponseHead(), (head, bytes, from, end) =>
    parseResponseHead(head, bytes, from, end, headMax, method),
  );
}

function parseEverywhere<Head extends { readonly refusal: string }>(
  text: string,
  head: Head,
  parse: (head: Head, bytes: Buffer, from: number, end: number) => number,
): Parsed<Head> {
  const from = BEFORE.length;
  const whole = Buffer.from(`${BEFORE}${text}${BEHIND[0]}`, "latin1");
  const end = from + text.length;
  const result = parse(head, whole, from, end);
  for (let length = 0; length <= text.length; length += 1) {
    const behind = BEHIND[length % BEHIND.length] ?? "";
    const bytes = Buffer.from(`${BEFORE}${text.slice(0, length)}${behind}`, "latin1");
    const early = parse(head, bytes, from, from + length);
    if (early !== INCOMPLETE && early !== result) {
      throw new Error(`${JSON.stringify(text)}: ${early} after ${length} bytes, ${result} at last`);
    }
  }
  parse(head, whole, from, end);
  return {
    status: result === INCOMPLETE ? null : Math.max(0, -result),
    head,
    rest: result > 0 ? whole.toString("latin1", result, end) : "",
    why: result < 0 ? head.refusal : "",
  };
}

/** The octets `[start, end)` of a parsed head. */
export function textOf(head: { readonly bytes: Buffer }, start = 0, end = 0): string {
  return head.bytes.toString("latin1", start, end);
}

/** The fields of a parsed head as `name: value` lines. */
export function fieldLines(head: RequestHead | ResponseHead): string[] {
  return Array.from({ length: head.fieldCount }, (_, field) => {
    const name = textOf(head, head.nameStart[field], head.nameEnd[field]);
    return `${name}: ${textOf(head, head.valueStart[field], head.valueEnd[field])}`;
  });
}

/** A request with a valid Host and these field lines. */
export function withFields(fields: string, line = "GET / HTTP/1.1"): string {
  return `${line}\r\nHost: shop.example\r\n${fields}\r\n`;
}
