// The requests that the load generator sends: a bare head, and the head of a current desktop browser with its cookies.

import type { Work } from "./messages.ts";

/** What a Chromium sends for a page of a shop; with a session cookie it comes to about 900 bytes. */
const BROWSER_FIELDS = [
  "Connection: keep-alive",
  'sec-ch-ua: "Chromium";v="136", "Google Chrome";v="136", "Not.A/Brand";v="99"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Windows"',
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-User: ?1",
  "Sec-Fetch-Dest: document",
  "Referer: https://shop.example.com/catalogue/garden?page=2",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
];
const OTHER_COOKIES = "_ga=GA1.1.1182735642.1719825501; consent=v2.1719825533.all";

type HttpWork = Extract<Work, { readonly kind: "http" }>;

/** The bytes of one request. `cookies` are those that a first visit brought; `query` is put behind the path. */
export function requestBytes(
  work: HttpWork,
  visit: { readonly cookies: string; readonly query: string },
): Buffer {
  const lines = [`${work.method} ${work.path}${visit.query} HTTP/1.1`, "Host: shop.example.com"];
  if (work.head === "browser") {
    lines.push(...BROWSER_FIELDS);
    lines.push(`Cookie: ${visit.cookies === "" ? OTHER_COOKIES : `${OTHER_COOKIES}; ${visit.cookies}`}`);
  }
  if (work.uploadBytes > 0) {
    lines.push("Content-Type: application/octet-stream", `Content-Length: ${work.uploadBytes}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${"x".repeat(work.uploadBytes)}`, "latin1");
}

/** The visit that brings a session cookie, for work that needs one. */
export function firstVisit(work: HttpWork): HttpWork {
  return { ...work, method: "GET", path: "/small", uploadBytes: 0, responseBytes: 200 };
}

/** The opening request of a WebSocket. */
export function handshakeBytes(): Buffer {
  const lines = [
    "GET /ws HTTP/1.1",
    "Host: shop.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
