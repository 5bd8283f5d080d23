import t from "tap";
import type { OwnAnswer } from "../../src/http/own-answer.ts";
import { answerKind, ownAnswer, RETRY_AFTER_SECONDS } from "../../src/http/own-answer.ts";

const STATUSES = [400, 403, 404, 408, 413, 414, 417, 429, 431, 500, 501, 502, 503, 504, 505];
const PLAIN: OwnAnswer = { status: 503, kind: "text", isHead: false, closes: false, date: "" };

function read(answer: OwnAnswer): { head: string; fields: Map<string, string>; body: Buffer } {
  const bytes = ownAnswer(answer);
  const headEnd = bytes.indexOf("\r\n\r\n");
  const [line = "", ...rest] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const fields = new Map(rest.map((field) => field.split(": ", 2) as [string, string]));
  if (fields.size !== rest.length) throw new Error("a field stands twice");
  return { head: line, fields, body: bytes.subarray(headEnd + 4) };
}

t.test("every own answer has the right length, is not stored, and HEAD gets its head alone [W79]", (t) => {
  for (const status of STATUSES) {
    for (const kind of ["html", "json", "text"] as const) {
      const get = read({ ...PLAIN, status, kind });
      const head = read({ ...PLAIN, status, kind, isHead: true });
      const name = `${status} ${kind}`;
      t.match(get.head, new RegExp(`^HTTP/1\\.1 ${status} [A-Z][A-Za-z -]+$`), name);
      t.equal(get.fields.get("Content-Length"), String(get.body.length), name);
      t.ok(get.body.length > 20, name);
      t.equal(get.fields.get("Cache-Control"), "no-store", name);
      t.equal(head.body.length, 0, name);
      t.same([...head.fields], [...get.fields], name);
    }
  }
  t.end();
});

t.test("a 503 says when to try again [M5] [W79]", (t) => {
  t.equal(read(PLAIN).fields.get("Retry-After"), String(RETRY_AFTER_SECONDS));
  t.equal(read({ ...PLAIN, retryAfterSeconds: 119.2 }).fields.get("Retry-After"), "120");
  t.equal(read({ ...PLAIN, retryAfterSeconds: -5 }).fields.get("Retry-After"), "1");
  t.notOk(read({ ...PLAIN, status: 502 }).fields.has("Retry-After"));
  t.end();
});

t.test("an own answer says whether the connection ends [W71]", (t) => {
  t.equal(read({ ...PLAIN, closes: true, saysKeepAlive: true }).fields.get("Connection"), "close");
  t.equal(read({ ...PLAIN, saysKeepAlive: true }).fields.get("Connection"), "keep-alive");
  t.notOk(read(PLAIN).fields.has("Connection"));
  t.end();
});

t.test("the date is the caller's, in front of the other fields", (t) => {
  const date = "Tue, 14 Nov 2023 22:13:20 GMT";
  t.equal([...read({ ...PLAIN, date }).fields][0]?.join(": "), `Date: ${date}`);
  t.end();
});

t.test("people see a page, programs see problem details, others see text [M5]", (t) => {
  const page = read({ ...PLAIN, kind: "html", retryAfterSeconds: 90 });
  t.equal(page.fields.get("Content-Type"), "text/html; charset=utf-8");
  t.match(page.body.toString(), /^<!doctype html>.*We will be right back.*1 min 30 s.*<\/html>\n$/s);
  t.match(page.body.toString(), /prefers-color-scheme: dark/);
  t.notMatch(page.body.toString(), /<script|<link|src=|url\(|https?:/i, "needs nothing from elsewhere");
  const json = read({ ...PLAIN, kind: "json", retryAfterSeconds: 90 });
  t.equal(json.fields.get("Content-Type"), "application/problem+json");
  t.match(JSON.parse(json.body.toString()), {
    type: "about:blank",
    title: "Service Unavailable",
    status: 503,
    retryAfter: 90,
  });
  t.match(read({ ...PLAIN, status: 404 }).body.toString(), /^404 Not Found\n[A-Z].*\.\n$/);
  t.end();
});

t.test("an application's own maintenance page is shown to those who want HTML only [M5]", (t) => {
  const page = "<h1>Zurück um 12:30 Uhr</h1>";
  const html = read({ ...PLAIN, kind: "html", page });
  t.equal(html.body.toString(), page);
  t.equal(html.fields.get("Content-Length"), String(Buffer.byteLength(page)));
  t.match(read({ ...PLAIN, kind: "html", page: "" }).body.toString(), /We will be right back/);
  t.equal(JSON.parse(read({ ...PLAIN, kind: "json", page }).body.toString()).status, 503);
  t.end();
});

t.test("the built-in page says when the maintenance began and is expected to end [M5]", (t) => {
  const page = (since: string, until: string) =>
    read({ ...PLAIN, kind: "html", maintenance: { since, until } }).body.toString();
  const both = page("2026-01-31 22:00 UTC", "2026-01-31 23:00 UTC");
  t.match(
    both,
    "<p>Maintenance began at 2026-01-31 22:00 UTC. It is expected to end at 2026-01-31 23:00 UTC.</p>",
  );
  t.notMatch(page("2026-01-31 22:00 UTC", ""), /expected to end/);
  t.notMatch(page("", ""), /Maintenance began|<p><\/p>/);
  t.end();
});

t.test("a status that has no explanation is answered as 500", (t) => {
  for (const status of [0, 42, 200, 421, 999, Number.NaN]) {
    t.equal(read({ ...PLAIN, status }).head, "HTTP/1.1 500 Internal Server Error", String(status));
  }
  t.end();
});

t.test("Accept decides the form of an own answer [M5]", (t) => {
  const cases: readonly (readonly [accept: string, kind: string])[] = [
    ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "html"],
    ["application/json, text/plain, */*", "json"],
    ["application/problem+json", "json"],
    ["application/vnd.api+json;q=0.5, text/html;q=0.4", "json"],
    ["text/html;q=0.4, application/json;q=0.5", "json"],
    ["TEXT/HTML", "html"],
    ["*/*", "text"],
    ["", "text"],
    ["image/png", "text"],
    ["text/html;q=0", "text"],
    ["text/html;q=x, application/json", "json"],
    ["text/html; level=1 ; Q=0.7, text/*;q=0.3", "html"],
    [`${"x/y,".repeat(5000)}text/html`, "text"],
    [",;,=;q=", "text"],
  ];
  for (const [accept, kind] of cases) t.equal(answerKind(accept), kind, accept.slice(0, 60));
  t.end();
});
