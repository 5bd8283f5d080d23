import type { Test } from "tap";
import t from "tap";
import { parseResponseHead } from "../../src/http1/parse-response.ts";
import { CHUNKED, FIELDS_MAX, METHOD_GET, METHOD_HEAD } from "../../src/http1/request-head.ts";
import { UNTIL_CLOSE } from "../../src/http1/response-head.ts";
import { fieldLines, HEAD_MAX, parseResponse, textOf } from "./parsing.ts";

function answer(fields: string, line = "HTTP/1.1 200 OK"): string {
  return `${line}\r\n${fields}\r\n`;
}

function refuses(t: Test, cases: readonly string[], method = METHOD_GET): void {
  for (const response of cases) {
    const parsed = parseResponse(response, method);
    t.equal(parsed.status, 502, `${JSON.stringify(response).slice(0, 90)} (${parsed.why})`);
    t.not(parsed.why, "", "says why");
  }
  t.end();
}

t.test("a response is read as it stands, in its order and with its repetitions [W42]", (t) => {
  const { status, head, rest } = parseResponse(
    "HTTP/1.1 404 Not \xe4\tFound\r\nSet-Cookie: a=1\r\nX:y \r\nset-cookie: b=2\r\nContent-Length: 3\r\n\r\nabc",
  );
  t.equal(status, 0);
  t.equal(rest, "abc");
  t.equal(head.status, 404);
  t.equal(textOf(head, head.reasonStart, head.reasonEnd), "Not \xe4\tFound");
  t.same(fieldLines(head), ["Set-Cookie: a=1", "X: y", "set-cookie: b=2", "Content-Length: 3"]);
  t.same(Array.from(head.fieldId.subarray(0, 4)), [8, 0, 8, 2]);
  t.match(head, { bodyLength: 3, isPersistent: true, hasSetCookie: true, hasDate: false });
  t.end();
});

t.test("every field name that matters is recognised in any case, and no other is taken for one", (t) => {
  const names =
    "connection keep-alive proxy-connection upgrade te set-cookie date cache-control content-type trailer".split(
      " ",
    );
  const ids = [1, 4, 5, 6, 7, 8, 9, 10, 11, 12];
  for (const change of [(name: string) => name.toUpperCase(), (name: string) => name]) {
    const { head } = parseResponse(answer(names.map((name) => `${change(name)}: 1\r\n`).join("")));
    t.same(Array.from(head.fieldId.subarray(0, ids.length)), ids);
  }
  for (const name of ["set-cookie2", "content_length", "Content_Type", "dates"]) {
    const { status, head } = parseResponse(answer(`${name}: 1\r\n`));
    t.equal(status, 0);
    t.equal(head.fieldId[0], 0, name);
  }
  t.end();
});

t.test("a status line needs a version that we speak and three digits from 100 to 599", (t) => {
  for (const line of [
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 ",
    "HTTP/1.1 200",
    "HTTP/1.0 599 x y",
    "HTTP/1.1 100 Continue",
  ]) {
    t.equal(parseResponse(answer("", line)).status, 0, line);
  }
  t.equal(parseResponse(answer("", "HTTP/1.1 204")).head.status, 204);
  const bad =
    "HTTP/1.1 20 OK|HTTP/1.1 2000 OK|HTTP/1.1 099 OK|HTTP/1.1 600 OK|HTTP/1.1 999 OK|HTTP/1.1 2x0 OK|HTTP/1.1 200OK|HTTP/1.1  200 OK|HTTP/1.1\t200 OK|HTTP/1.1 200\tOK|HTTP/1.1 +20 OK|HTTP/1.2 200 OK|HTTP/2.0 200 OK|HTTP/0.9 200 OK|http/1.1 200 OK|ICY 200 OK|HTTP/1.1|<html>| HTTP/1.1 200 OK|HTTP/1.1 200 O\x07K|HTTP/1.1 200 O\0K".split(
      "|",
    );
  refuses(
    t,
    bad.map((line) => answer("", line)),
  );
});

t.test("a bare CR or LF, and an empty line in front, are refused [W02] [W03] [W28]", (t) => {
  refuses(t, [
    "HTTP/1.1 200 OK\nX: y\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\r\n\n",
    "HTTP/1.1 200 OK\rX: y\r\n\r\n",
    answer("X: a\rb\r\n"),
    answer("X: a\nb\r\n"),
    answer("X: a\0b\r\n"),
    `\r\n${answer("")}`,
  ]);
});

t.test(
  "white space before a colon is taken out of a response's name, and the field still counts [W06]",
  (t) => {
    const { status, head } = parseResponse(answer("Content-Length : 5\r\nX \t : a\r\n"));
    t.equal(status, 0);
    t.equal(head.bodyLength, 5);
    t.same(fieldLines(head), ["Content-Length: 5", "X: a"]);
    t.equal(parseResponse(answer("Transfer-Encoding\t: chunked\r\n")).head.bodyLength, CHUNKED);
    refuses(t, [
      answer("Content-Length : 5\r\nContent-Length: 6\r\n"),
      answer("X y: a\r\n"),
      answer("X \r\n"),
      answer(" : a\r\n"),
    ]);
  },
);

t.test("folded lines and malformed names of a response are refused with 502 [W05] [W07]", (t) => {
  refuses(t, [
    answer(" X: a\r\n"),
    answer("X: a\r\n b\r\n"),
    answer("X: a\r\n\tb\r\n"),
    answer("Content-Length:\r\n 5\r\n"),
    answer(": a\r\n"),
    answer("X\r\n"),
    answer("X(y): a\r\n"),
  ]);
});

t.test("a response's body has a length, is chunked, or lasts until the connection closes [W24]", (t) => {
  const cases: readonly (readonly [
    fields: string,
    line: string,
    bodyLength: number,
    isPersistent: boolean,
  ])[] = [
    ["Content-Length: 0\r\n", "HTTP/1.1 200 OK", 0, true],
    ["Content-Length: 999999999999999\r\n", "HTTP/1.1 200 OK", 999_999_999_999_999, true],
    ["Content-Length: 5\r\nContent-Length: 5\r\n", "HTTP/1.1 200 OK", 5, true],
    ["Content-Length: 5\r\n", "HTTP/1.0 200 OK", 5, false],
    ["Content-Length: 5\r\nConnection: keep-alive\r\n", "HTTP/1.0 200 OK", 5, true],
    ["Content-Length: 5\r\nConnection: keep-alive, close\r\n", "HTTP/1.0 200 OK", 5, false],
    ["Content-Length: 5\r\nConnection: close\r\n", "HTTP/1.1 200 OK", 5, false],
    ["transfer-encoding: Chunked\r\n", "HTTP/1.1 200 OK", CHUNKED, true],
    ["", "HTTP/1.1 200 OK", UNTIL_CLOSE, false],
    ["Connection: keep-alive\r\n", "HTTP/1.1 200 OK", UNTIL_CLOSE, false],
    ["Transfer-Encoding: identity\r\n", "HTTP/1.1 200 OK", UNTIL_CLOSE, false],
    ["", "HTTP/1.0 500 x", UNTIL_CLOSE, false],
  ];
  for (const [fields, line, bodyLength, isPersistent] of cases) {
    const { status, head } = parseResponse(answer(fields, line));
    t.equal(status, 0, fields);
    t.match(head, { bodyLength, isPersistent }, `${line} ${fields}`);
  }
  t.end();
});

t.test("a response with two framings or a wrong length is refused [W20] [W22] [W23] [W24]", (t) => {
  const lengths = [
    "",
    "+5",
    "-5",
    "0x5",
    "5,5",
    "5, 6",
    "5 5",
    "five",
    "9007199254740993",
    "99999999999999999999",
  ];
  refuses(t, [
    ...lengths.map((length) => answer(`Content-Length: ${length}\r\n`)),
    answer("Content-Length: 5\r\nContent-Length: 6\r\n"),
    answer("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    answer("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
    answer("Transfer-Encoding: identity\r\nContent-Length: 5\r\n"),
    answer("Transfer-Encoding: chunked\r\n", "HTTP/1.0 200 OK"),
    answer("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    ...["gzip", "gzip, chunked", "chunked, gzip", "chunked,", "", "xchunked", '"chunked"', "chunked\t"].map(
      (coding) => answer(`Transfer-Encoding: ${coding}\r\n`),
    ),
  ]);
});

t.test("1xx, 204, 304 and answers to HEAD have no body whatever their fields say [W29]", (t) => {
  const framings = ["", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"];
  const both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
  for (const fields of [...framings, both]) {
    for (const status of ["100 Continue", "103 Early Hints", "204 No Content", "304 Not Modified"]) {
      const parsed = parseResponse(answer(fields, `HTTP/1.1 ${status}`));
      t.equal(parsed.status, 0, `${status} ${fields}`);
      t.equal(parsed.head.bodyLength, 0, `${status} ${fields}`);
    }
    const head = parseResponse(answer(fields), METHOD_HEAD);
    t.equal(head.status, 0, `HEAD ${fields}`);
    t.match(head.head, { bodyLength: 0, isPersistent: true }, `HEAD ${fields}`);
  }
  t.end();
});

t.test("a server that announces a body with 204 is not trusted with another request [W28] [W29]", (t) => {
  const persists = (fields: string): boolean =>
    parseResponse(answer(fields, "HTTP/1.1 204 No Content")).head.isPersistent;
  t.ok(persists(""));
  t.ok(persists("Content-Length: 0\r\n"));
  t.notOk(persists("Content-Length: 5\r\n"));
  t.notOk(persists("Transfer-Encoding: chunked\r\n"));
  t.ok(parseResponse(answer("Content-Length: 5\r\n", "HTTP/1.1 304 Not Modified")).head.isPersistent);
  t.end();
});

t.test("a 101 says what it switches to, other statuses do not switch [W63]", (t) => {
  const fields = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const switching = parseResponse(answer(fields, "HTTP/1.1 101 Switching Protocols")).head;
  t.match(switching, { upgradeField: 0, bodyLength: 0, hasConnectionOptions: false });
  t.equal(parseResponse(answer(`${fields}Content-Length: 0\r\n`)).head.upgradeField, -1);
  t.equal(parseResponse(answer(fields, "HTTP/1.1 426 Upgrade Required")).head.upgradeField, -1);
  t.end();
});

t.test("fields that Connection names are known, and those that protect may not be named [W40]", (t) => {
  t.ok(parseResponse(answer("Connection: x-hop\r\nX-Hop: 1\r\n")).head.hasConnectionOptions);
  t.notOk(parseResponse(answer("Connection: keep-alive\r\n")).head.hasConnectionOptions);
  refuses(
    t,
    ["Set-Cookie", "content-length", "close, Transfer-Encoding", "cache-control"].map((option) =>
      answer(`Connection: ${option}\r\n`),
    ),
  );
});

t.test("the server's own idle timeout is understood [W76]", (t) => {
  const hint = (value: string): number => parseResponse(answer(`Keep-Alive: ${value}\r\n`)).head.keepAliveMs;
  t.same(["timeout=5", "max=100, timeout=5", "Timeout=5,max=9", "timeout=0", ", timeout=15 "].map(hint), [
    ...[5000, 5000, 5000, 0, 15_000],
  ]);
  t.equal(hint("timeout=999999999"), 86_400_000, "no longer than a day");
  const none = [
    "",
    "timeout",
    "timeout=",
    "timeout=-1",
    "timeout=5s",
    "max=5",
    "xtimeout=5",
    "timeouts=5",
    "5",
  ];
  t.same(
    none.map(hint),
    none.map(() => -1),
  );
  t.equal(parseResponse(answer("")).head.keepAliveMs, -1);
  t.end();
});

t.test("an event stream is recognised by its media type", (t) => {
  const isStream = (type: string): boolean =>
    parseResponse(answer(`Content-Type: ${type}\r\n`)).head.isEventStream;
  t.same(["text/event-stream", "Text/Event-Stream ; charset=utf-8", "text/event-stream;"].map(isStream), [
    true,
    true,
    true,
  ]);
  t.same(["text/event-streams", "text/html", "", "x;text/event-stream"].map(isStream), [
    false,
    false,
    false,
    false,
  ]);
  t.end();
});

t.test("a response head that is too large is refused [F4]", (t) => {
  const fits = answer(`X: ${"a".repeat(200 - 17 - 7)}\r\n`);
  t.equal(fits.length, 200);
  t.equal(parseResponse(fits, METHOD_GET, 200).status, 0);
  t.equal(parseResponse(fits, METHOD_GET, 199).status, 502);
  t.equal(parseResponse(`HTTP/1.1 200 ${"a".repeat(300)}`, METHOD_GET, 200).status, 502);
  t.equal(parseResponse(answer("a: b\r\n".repeat(FIELDS_MAX))).status, 0);
  t.equal(parseResponse(answer("a: b\r\n".repeat(FIELDS_MAX + 1))).status, 502);
  t.end();
});

t.test("nothing of one response is left for the next", (t) => {
  const { head } = parseResponse(
    answer(
      "Connection: close, x\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a=1\r\nDate: x\r\nContent-Type: text/event-stream\r\nUpgrade: y\r\n",
      "HTTP/1.1 101 Switching Protocols",
    ),
  );
  t.match(head, { isPersistent: false, hasConnectionOptions: true, keepAliveMs: 5000, hasSetCookie: true });
  t.match(head, { hasDate: true, isEventStream: true, upgradeField: 5, status: 101 });
  const bytes = Buffer.from("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n");
  t.equal(parseResponseHead(head, bytes, 0, bytes.length, HEAD_MAX, METHOD_GET), bytes.length);
  t.match(head, { isPersistent: true, hasConnectionOptions: false, keepAliveMs: -1, hasSetCookie: false });
  t.match(head, { hasDate: false, isEventStream: false, upgradeField: -1, bodyLength: 1, status: 200 });
  t.equal(head.reasonStart, head.reasonEnd);
  t.end();
});
