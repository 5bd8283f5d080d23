// Makes messages: mostly valid ones, then damaged at a few places with what is known to confuse parsers.

import type { Random } from "../../src/base/random.ts";
import { randomBelow } from "../../src/base/random.ts";

/** One of these, at random. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[randomBelow(random, items.length)] as T;
}

function chance(random: Random, share: number): boolean {
  return random.next() < share;
}

function repeat(random: Random, most: number, make: () => string): string {
  let text = "";
  for (let count = randomBelow(random, most + 1); count > 0; count -= 1) text += make();
  return text;
}

// Methods that llhttp knows: for all others it answers an error, and we forward them.
const METHODS =
  "GET GET GET HEAD POST POST PUT DELETE OPTIONS TRACE PATCH PROPFIND PURGE M-SEARCH REPORT".split(" ");

const TARGETS =
  "/ /a /a/b?c=d /?x=/y%20z //a//b /a;b=c http://other.example/a http://other.example http://[::1]:80/?a * /%zz /a?b?c /~!$&'()*+,;=:@ /..%2f../a".split(
    " ",
  );

const NAMES = "X-A x-b Accept User-Agent Cookie ETag Referer X!#$%&'*+-.^_`|~1 Trailer TE Via Range".split(
  " ",
);

const VALUES = [
  "",
  "a",
  "a b",
  "\ta \t",
  "a=b; c=d",
  '"quoted"',
  "\xe4\xff",
  "a,b, c",
  ":",
  "0",
  "x".repeat(70),
  "é",
];

const CONNECTIONS = "keep-alive close Keep-Alive,x-hop upgrade te ,,close closed,keep-alive".split(" ");

const SPACES = ["", " ", " ", " ", "  ", "\t"];

function field(random: Random, name: string, value: string): string {
  return `${name}:${pick(random, SPACES)}${value}${chance(random, 0.1) ? pick(random, SPACES) : ""}\r\n`;
}

function anyField(random: Random): string {
  if (chance(random, 0.1)) return field(random, "Connection", pick(random, CONNECTIONS));
  if (chance(random, 0.05)) return field(random, "Upgrade", pick(random, ["websocket", "h2c", "x, y"]));
  return field(random, pick(random, NAMES), pick(random, VALUES));
}

function data(random: Random): string {
  return pick(random, [
    "",
    "a",
    "hello",
    "0\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "\0\r\n",
    "x".repeat(randomBelow(random, 300)),
  ]);
}

function chunked(random: Random): string {
  const extension = (): string =>
    chance(random, 0.15) ? pick(random, [";a", ";a=b", ';a="b;c"', ";a=b;c"]) : "";
  const chunks = repeat(random, 4, () => {
    const chunk = data(random);
    const digits = chunk.length.toString(16);
    const size = chance(random, 0.2) ? `0${digits.toUpperCase()}` : digits;
    return chunk === "" ? "" : `${size}${extension()}\r\n${chunk}\r\n`;
  });
  const trailers = chance(random, 0.15)
    ? repeat(random, 3, () => field(random, pick(random, ["X-Sum", "X-b", "Host"]), "1"))
    : "";
  return `${chunks}0${extension()}\r\n${trailers}\r\n`;
}

/** Field lines that frame a body, with the body; other fields around them. */
function framed(random: Random, fields: string): string {
  const before = repeat(random, 3, () => anyField(random));
  const after = repeat(random, 3, () => anyField(random));
  if (chance(random, 0.35)) return `${fields}${before}${after}\r\n`;
  if (chance(random, 0.5)) {
    const line = field(
      random,
      pick(random, ["Transfer-Encoding", "transfer-encoding"]),
      pick(random, ["chunked", "Chunked"]),
    );
    return `${fields}${before}${line}${after}\r\n${chunked(random)}`;
  }
  const body = data(random);
  return `${fields}${before}${field(random, "Content-Length", String(body.length))}${after}\r\n${body}`;
}

/** A valid request with its body. */
export function request(random: Random): string {
  const method = pick(random, METHODS);
  const target = pick(random, TARGETS);
  const isStar = target === "*";
  const version = chance(random, 0.12) ? "1.0" : "1.1";
  const host = pick(random, ["shop.example", "a:80", "[::1]:8080", "a", "a b".slice(0, 1)]);
  const line = `${isStar ? "OPTIONS" : method} ${target} HTTP/${version}\r\n`;
  return `${chance(random, 0.03) ? "\r\n" : ""}${line}${framed(random, field(random, "Host", host))}`;
}

const STATUSES =
  "200 OK|200 OK|200 OK|200|404 Not Found|204 No Content|304 Not Modified|500 |302 Fo und\xe4|599 x".split(
    "|",
  );

/** A valid response with its body, sometimes after interim ones. */
export function response(random: Random): string {
  const interim = repeat(
    random,
    chance(random, 0.1) ? 2 : 0,
    () => `HTTP/1.1 ${pick(random, ["100 Continue", "103 Early Hints"])}\r\nLink: a\r\n\r\n`,
  );
  const version = chance(random, 0.15) ? "1.0" : "1.1";
  return `${interim}HTTP/${version} ${pick(random, STATUSES)}\r\n${framed(random, chance(random, 0.3) ? "Keep-Alive: timeout=5\r\n" : "")}`;
}

const DAMAGE = [
  ...'\r|\n|\r\n|\0| |\t|:|,|;|\x0b|\x7f|\xff|\x80|"|\\|#|?|/|0|5|a|A|-|+|=|_'.split("|"),
  ...[
    "\r\n\r\n",
    "\r\n ",
    "\n\n",
    " :",
    "chunked",
    ", chunked",
    "identity",
    "0x",
    "0\r\n\r\n",
    "close",
    "*",
    "@",
  ],
  ...[
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Host: b\r\n",
    "X: y\r\n",
  ],
  ...[
    "Connection: close\r\n",
    "Connection: upgrade\r\nUpgrade: x\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    " HTTP/1.1",
  ],
  ...[
    "content-length:",
    "transfer-encoding:",
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.0",
    "Expect: 100-continue\r\n",
  ],
] as const;

/** Damages a message at up to `most` places. */
export function damage(random: Random, message: string, most: number): string {
  let text = message;
  for (let count = randomBelow(random, most + 1); count > 0; count -= 1) {
    // Most places that matter are in the head.
    const reach = chance(random, 0.7) ? Math.min(text.length, 200) : text.length;
    const at = randomBelow(random, reach + 1);
    const length = 1 + randomBelow(random, chance(random, 0.8) ? 2 : 30);
    switch (randomBelow(random, 4)) {
      case 0:
        text = text.slice(0, at) + pick(random, DAMAGE) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(at + length);
        break;
      case 2:
        text = text.slice(0, at) + pick(random, DAMAGE) + text.slice(at + length);
        break;
      default:
        text = text.slice(0, at) + text.slice(at, at + length) + text.slice(at);
    }
  }
  return text;
}
