// hot: bench/micro/head-parser.ts
// A parsed request head as byte offsets into the bytes it came in. One object a worker, filled anew by each parse:
// parsing, deciding and writing the upstream head happen in one turn.

/** Field names that routing or framing looks at; index into `fieldId`. 0 is any other field. */
export const FIELD = {
  other: 0,
  host: 1,
  connection: 2,
  contentLength: 3,
  transferEncoding: 4,
  cookie: 5,
  upgrade: 6,
  expect: 7,
  te: 8,
  keepAlive: 9,
  proxyConnection: 10,
  forwarded: 11,
  xForwardedFor: 12,
  xForwardedProto: 13,
  xForwardedHost: 14,
  xForwardedPort: 15,
  xRequestId: 16,
  traceparent: 17,
  via: 18,
  maxForwards: 19,
  trailer: 20,
  xFailover: 21,
  http2Settings: 22,
} as const satisfies Readonly<Record<string, number>>;
