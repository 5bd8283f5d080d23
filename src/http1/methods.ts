// hot: bench/micro/head-parser.ts
// The methods that the proxy treats in a way of their own (RFC 9110 §9); every other token is forwarded as it came.

import { word } from "./octets.ts";
import * as is from "./request-head.ts";

const GET = word("GET");
const PUT = word("PUT");
const POST = word("POST");
const HEAD = word("HEAD");
const PATCH = word("PATCH");
const TRACE = word("TRACE");
const DELETE = word("DELETE");
const CONNECT = word("CONNECT");
const OPTIONS = word("OPTIONS");
const UPPER_C = 0x43;
const UPPER_G = 0x47;
const UPPER_P = 0x50;

/** The number of the method in `bytes[start, end)`. Methods are case-sensitive (RFC 9110 §9.1). */
export function methodOf(bytes: Uint8Array, start: number, end: number): number {
  switch (end - start) {
    case 3:
      if (bytes[start] === UPPER_G) return isWord(bytes, start, GET) ? is.METHOD_GET : is.METHOD_OTHER;
      return isWord(bytes, start, PUT) ? is.METHOD_PUT : is.METHOD_OTHER;
    case 4:
      if (bytes[start] === UPPER_P) return isWord(bytes, start, POST) ? is.METHOD_POST : is.METHOD_OTHER;
      return isWord(bytes, start, HEAD) ? is.METHOD_HEAD : is.METHOD_OTHER;
    case 5:
      if (bytes[start] === UPPER_P) return isWord(bytes, start, PATCH) ? is.METHOD_PATCH : is.METHOD_OTHER;
      return isWord(bytes, start, TRACE) ? is.METHOD_TRACE : is.METHOD_OTHER;
    case 6:
      return isWord(bytes, start, DELETE) ? is.METHOD_DELETE : is.METHOD_OTHER;
    case 7:
      if (bytes[start] === UPPER_C)
        return isWord(bytes, start, CONNECT) ? is.METHOD_CONNECT : is.METHOD_OTHER;
      return isWord(bytes, start, OPTIONS) ? is.METHOD_OPTIONS : is.METHOD_OTHER;
    default:
      return is.METHOD_OTHER;
  }
}

function isWord(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  for (let at = 0; at < expected.length; at += 1) {
    if (bytes[start + at] !== expected[at]) return false;
  }
  return true;
}

/** True for methods that may be sent again without asking (RFC 9110 §9.2.2). */
export function isIdempotent(method: number): boolean {
  return (
    method === is.METHOD_GET ||
    method === is.METHOD_HEAD ||
    method === is.METHOD_PUT ||
    method === is.METHOD_DELETE ||
    method === is.METHOD_OPTIONS ||
    method === is.METHOD_TRACE
  );
}
