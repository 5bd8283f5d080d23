// Micro bench of the head parser: nanoseconds per parse. `node dist/bench/micro/head-parser.js` prints a table.

import { pathToFileURL } from "node:url";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import { parseResponseHead } from "../../src/http1/parse-response.ts";
import { METHOD_GET, RequestHead } from "../../src/http1/request-head.ts";
import { ResponseHead } from "../../src/http1/response-head.ts";

/** One measured operation. */
export interface MicroResult {
  readonly name: string;
  readonly nsPerOp: number;
}

const HEAD_MAX = 16_384;

const SHORT_REQUEST = "GET /shop/ HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";

const BROWSER_REQUEST = [
  "GET /shop/catalogue/items?category=shoes&page=3&sort=price HTTP/1.1",
  "Host: shop.example.com",
  "Connection: keep-alive",
  "Cache-Control: max-age=0",
  'sec-ch-ua: "Chromium";v="126", "Google Chrome";v="126", "Not-A.Brand";v="8"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Dest: document",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
  "Cookie: JSESSIONID=0000A2MB4IJozU_VM8IffsMNfdR:s1; theme=dark; _ga=GA1.2.1234567890.1700000000; consent=yes; cart=3f2504e0-4f89-11d3-9a0c-0305e82c3301; lang=en-GB; last=/shop/catalogue/items/4711; ab=B",
  "",
  "",
].join("\r\n");

const RESPONSE = [
  "HTTP/1.1 200 OK",
  "Date: Tue, 14 Nov 2023 22:13:20 GMT",
  "Content-Type: text/html; charset=utf-8",
  "Content-Length: 1024",
  "Cache-Control: no-cache",
  'ETag: W/"400-18bd0f"',
  "Set-Cookie: JSESSIONID=0000A2MB4IJozU_VM8IffsMNfdR:s1; Path=/shop; HttpOnly",
  "Keep-Alive: timeout=5",
  "Connection: keep-alive",
  "",
  "",
].join("\r\n");

/** Nanoseconds per call: the best of several rounds, so that what else the machine does counts least. */
function measure(name: string, operation: () => number): MicroResult {
  const CALLS = 50_000;
  let best = Number.POSITIVE_INFINITY;
  let checksum = 0;
  for (let round = 0; round < 12; round += 1) {
    const startedAt = process.hrtime.bigint();
    for (let call = 0; call < CALLS; call += 1) checksum += operation();
    const nsPerOp = Number(process.hrtime.bigint() - startedAt) / CALLS;
    best = Math.min(best, nsPerOp);
  }
  if (checksum <= 0) throw new Error(`The bench head of "${name}" is refused`);
  return { name, nsPerOp: Math.round(best) };
}

/** Parses a short, a browser-like and a response head, and says how long each takes. */
export function bench(): MicroResult[] {
  const request = new RequestHead();
  const response = new ResponseHead();
  const short = Buffer.from(SHORT_REQUEST, "latin1");
  const browser = Buffer.from(BROWSER_REQUEST, "latin1");
  const answer = Buffer.from(RESPONSE, "latin1");
  return [
    measure(`request head, short (${short.length} bytes)`, () =>
      parseRequestHead(request, short, 0, short.length, HEAD_MAX),
    ),
    measure(`request head, browser (${browser.length} bytes)`, () =>
      parseRequestHead(request, browser, 0, browser.length, HEAD_MAX),
    ),
    measure(`response head (${answer.length} bytes)`, () =>
      parseResponseHead(response, answer, 0, answer.length, HEAD_MAX, METHOD_GET),
    ),
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, nsPerOp } of bench()) {
    console.log(`${name.padEnd(44)} ${String(nsPerOp).padStart(6)} ns`);
  }
}
