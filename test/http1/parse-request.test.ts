import type { Test } from "tap";
import t from "tap";
import { isIdempotent } from "../../src/http1/methods.ts";
import * as is from "../../src/http1/request-head.ts";
import { fieldLines, parseRequest, textOf, withFields } from "./parsing.ts";

const HOST = "Host: shop.example\r\n";

function refuses(t: Test, status: number, cases: readonly string[]): void {
  for (const request of cases) {
    const parsed = parseRequest(request);
    t.equal(parsed.status, status, `${JSON.stringify(request).slice(0, 90)} (${parsed.why})`);
    t.not(parsed.why, "", "says why");
  }
  t.end();
}

t.test("a request is read as it stands, in its order and with its repetitions [W01] [W42]", (t) => {
  const { status, head, rest } = parseRequest(
    "POST /a%2Fb//../c;d?x=1?y HTTP/1.1\r\nHost: Shop.Example:8080\r\nX-A:1\r\nx-a: \t 2 3\t \r\n" +
      "X-Empty:\r\nX-Blank:  \r\nCookie: a=\xfc\r\nContent-Length: 12\r\n\r\nbody",
  );
  t.equal(status, 0);
  t.equal(rest, "body");
  t.equal(textOf(head, head.methodStart, head.methodEnd), "POST");
  t.equal(head.method, is.METHOD_POST);
  t.equal(textOf(head, head.targetStart, head.targetEnd), "/a%2Fb//../c;d?x=1?y", "byte for byte [W32]");
  t.equal(textOf(head, head.pathStart, head.pathEnd), "/a%2Fb//../c;d");
  t.equal(textOf(head, head.hostStart, head.hostEnd), "Shop.Example:8080");
  t.same(fieldLines(head), [
    "Host: Shop.Example:8080",
    "X-A: 1",
    "x-a: 2 3",
    "X-Empty: ",
    "X-Blank: ",
    "Cookie: a=\xfc",
    "Content-Length: 12",
  ]);
  t.same(Array.from(head.fieldId.subarray(0, 7)), [1, 0, 0, 0, 0, is.FIELD_COOKIE, is.FIELD_CONTENT_LENGTH]);
  t.equal(head.bodyLength, 12);
  t.end();
});

t.test("every method that matters is recognised, and no other is taken for one [W70]", (t) => {
  const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"];
  const numbers = methods.map((method) => parseRequest(withFields("", `${method} / HTTP/1.1`)).head.method);
  t.same(numbers, [1, 2, 3, 4, 5, 6, 7, 9]);
  t.same(numbers.map(isIdempotent), [true, true, false, true, true, true, true, false]);
  const others =
    "get GETS PROPFIND M-SEARCH PUTT HEAP PURGE CONNEXT PUX PATCZ OPTIONZ !#$%&'*+-.^_`|~9".split(" ");
  for (const method of others) {
    t.equal(parseRequest(withFields("", `${method} / HTTP/1.1`)).head.method, is.METHOD_OTHER, method);
  }
  t.end();
});

t.test("every field name that matters is recognised in any case, and no other is taken for one", (t) => {
  const names =
    "content-length cookie te keep-alive proxy-connection forwarded x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-request-id traceparent via max-forwards trailer x-failover accept".split(
      " ",
    );
  const ids = [3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22];
  for (const change of [(name: string) => name.toUpperCase(), (name: string) => name]) {
    const { head } = parseRequest(withFields(names.map((name) => `${change(name)}: 1\r\n`).join("")));
    t.same(Array.from(head.fieldId.subarray(1, 1 + ids.length)), ids);
  }
  for (const name of [
    "hosts",
    "hos",
    "cookie2",
    "content-lengthy",
    "connectiom",
    "x".repeat(64),
    "y".repeat(300),
  ]) {
    t.equal(parseRequest(withFields(`${name}: 1\r\n`)).head.fieldId[1], is.FIELD_OTHER, name);
  }
  t.end();
});

t.test("one empty line before a request is skipped, a second one is refused [W04]", (t) => {
  t.equal(parseRequest(`\r\n${withFields("")}`).status, 0);
  t.equal(parseRequest(`\r\n\r\n${withFields("")}`).status, 400);
  t.equal(parseRequest(`\n${withFields("")}`).status, 400);
  t.equal(parseRequest(`\r${withFields("")}`).status, 400);
  t.equal(parseRequest("\r\n").status, null);
  t.equal(parseRequest("\r").status, null);
  t.equal(parseRequest("").status, null);
  t.end();
});

t.test("a bare CR or LF anywhere in a head is refused with 400 [W02] [W03] [W08]", (t) => {
  refuses(t, 400, [
    `GET / HTTP/1.1\n${HOST}\r\n`,
    `GET / HTTP/1.1\r${HOST}\r\n`,
    `GET / HTTP/1.1\r\r\n${HOST}\r\n`,
    "GET / HTTP/1.1\r\nHost: shop.example\n\r\n",
    `GET / HTTP/1.1\r\n${HOST}\n`,
    `GET / HTTP/1.1\r\n${HOST}\rX: 1\r\n\r\n`,
    withFields("X: a\rb\r\n"),
    withFields("X: a\nb\r\n"),
    withFields("X: a\r\r\n"),
    withFields("X: a\nContent-Length: 5\r\n"),
    withFields("X\n: a\r\n"),
    withFields("X\r\n: a\r\n"),
    withFields("X:\nTransfer-Encoding: chunked\r\n"),
    `GET /a\rb HTTP/1.1\r\n${HOST}\r\n`,
    `GET /a\nb HTTP/1.1\r\n${HOST}\r\n`,
    `GE\rT / HTTP/1.1\r\n${HOST}\r\n`,
  ]);
});

t.test("white space before the first field, and folded lines, are refused with 400 [W05] [W07]", (t) => {
  refuses(t, 400, [
    `GET / HTTP/1.1\r\n ${HOST}\r\n`,
    `GET / HTTP/1.1\r\n\t${HOST}\r\n`,
    `GET / HTTP/1.1\r\n \r\n${HOST}\r\n`,
    withFields("X: a\r\n b\r\n"),
    withFields("X: a\r\n\tb\r\n"),
    withFields("X: a\r\n \r\n"),
    withFields("Content-Length:\r\n 5\r\n"),
    withFields("Transfer-Encoding:\r\n\tchunked\r\n"),
  ]);
});

t.test("white space between a field's name and its colon is refused with 400 [W06]", (t) => {
  refuses(t, 400, [
    withFields("X : a\r\n"),
    withFields("X\t: a\r\n"),
    withFields("Content-Length : 5\r\n"),
    withFields("Transfer-Encoding : chunked\r\n"),
    withFields("Transfer Encoding: chunked\r\n"),
  ]);
});

t.test("NUL and other controls in a value are refused, tabs and octets above 127 are not [W08]", (t) => {
  for (let octet = 0; octet < 256; octet += 1) {
    const isBad = (octet < 32 && octet !== 9) || octet === 127;
    for (const around of ["", "aaaa", "aaaaaa"]) {
      const { status } = parseRequest(withFields(`X: ${around}${String.fromCharCode(octet)}${around}\r\n`));
      if (status !== (isBad ? 400 : 0)) t.fail(`octet ${octet} in a value: ${status}`);
    }
  }
  t.equal(parseRequest(withFields("X: \0\r\n")).status, 400);
  t.end();
});

t.test("only token characters make a field name or method [W13]", (t) => {
  for (let octet = 0; octet < 256; octet += 1) {
    const character = String.fromCharCode(octet);
    const isToken = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character);
    const name = parseRequest(withFields(`X${character}y: a\r\n`)).status;
    if (name !== (isToken || character === ":" ? 0 : 400)) t.fail(`octet ${octet} in a name: ${name}`);
    const method = parseRequest(withFields("", `G${character}T / HTTP/1.1`)).status;
    // A space ends the method, and "T / HTTP/1.1" is no target and version.
    if (method !== (isToken ? 0 : 400)) t.fail(`octet ${octet} in a method: ${method}`);
  }
  t.equal(parseRequest(withFields(": a\r\n")).status, 400);
  t.equal(parseRequest(withFields("X\r\n")).status, 400);
  t.end();
});

t.test("a target has visible ASCII only and no fragment [W13]", (t) => {
  for (let octet = 0; octet < 256; octet += 1) {
    const isGood = octet > 32 && octet < 127 && octet !== 35;
    const { status } = parseRequest(withFields("", `GET /a${String.fromCharCode(octet)}b HTTP/1.1`));
    if (status !== (isGood ? 0 : 400)) t.fail(`octet ${octet} in a target: ${status}`);
  }
  t.equal(parseRequest(withFields("", "GET /#top HTTP/1.1")).status, 400);
  t.end();
});

t.test("a name with _ that an application cannot tell from one that matters is refused [W13]", (t) => {
  refuses(t, 400, [
    withFields("Content_Length: 5\r\n"),
    withFields("Transfer_Encoding: chunked\r\n"),
    withFields("X_Forwarded-For: 10.0.0.1\r\n"),
    withFields("X_FORWARDED_PROTO: https\r\n"),
    withFields("Proxy_Connection: close\r\n"),
  ]);
});

t.test("other names with _ pass [W13]", (t) => {
  for (const name of ["my_field", "_", "ho_st", "x_y_z", "content-length_", "_content-length"]) {
    t.equal(parseRequest(withFields(`${name}: 1\r\n`)).status, 0, name);
  }
  t.end();
});

t.test("a malformed request line is refused with 400, never repaired [W14] [W12]", (t) => {
  refuses(t, 400, [
    `GET  / HTTP/1.1\r\n${HOST}\r\n`,
    `GET /  HTTP/1.1\r\n${HOST}\r\n`,
    `GET\t/ HTTP/1.1\r\n${HOST}\r\n`,
    `GET /\tHTTP/1.1\r\n${HOST}\r\n`,
    ` GET / HTTP/1.1\r\n${HOST}\r\n`,
    `GET / HTTP/1.1 \r\n${HOST}\r\n`,
    `GET / HTTP/1.1x\r\n${HOST}\r\n`,
    `GET / HTTP/1.1 x\r\n${HOST}\r\n`,
    `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
    `GET HTTP/1.1\r\n${HOST}\r\n`,
    `/ HTTP/1.1\r\n${HOST}\r\n`,
    `GET a HTTP/1.1\r\n${HOST}\r\n`,
    `GET ?a HTTP/1.1\r\n${HOST}\r\n`,
    `GET * HTTP/1.1\r\n${HOST}\r\n`,
    `OPTIONS ** HTTP/1.1\r\n${HOST}\r\n`,
    "GET /\r\n",
    "GET /\r\n\r\n",
    "\x16\x03\x01\x02\0\x01",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ]);
});

t.test("only HTTP/1.0 and HTTP/1.1 are spoken [W12]", (t) => {
  t.equal(parseRequest(withFields("", "GET / HTTP/1.0")).head.minor, 0);
  t.equal(parseRequest(withFields("", "GET / HTTP/1.1")).head.minor, 1);
  for (const version of ["HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/9.9", "HTTP/1.2", "HTTP/1.9"]) {
    t.equal(parseRequest(withFields("", `GET / ${version}`)).status, 505, version);
  }
  const malformed =
    "http/1.1 HTTP/1 HTTP/1. HTTP/11 HTTP/1.10 HTTP/1,1 HTTPS/1.1 HTTP/01.1 HTTP/1.x HTTP/x.1 ICE/1.0 HTTP/-1.1".split(
      " ",
    );
  for (const version of malformed) {
    t.equal(parseRequest(withFields("", `GET / ${version}`)).status, 400, version);
  }
  t.end();
});

t.test("what is too long is refused with the status that says so, without waiting for its end [W11]", (t) => {
  const line = "GET / HTTP/1.1\r\n";
  const fits = `${line}${HOST}X: ${"a".repeat(200 - line.length - HOST.length - 7)}\r\n\r\n`;
  t.equal(fits.length, 200);
  t.equal(parseRequest(fits, 200).status, 0);
  t.equal(parseRequest(`\r\n${fits}`, 200).status, 0, "the skipped line does not count");
  t.equal(parseRequest(fits, 199).status, 431);
  t.equal(parseRequest(`${line}${"a".repeat(300)}`, 200).status, 431);
  t.equal(parseRequest(`GET /${"a".repeat(300)}`, 200).status, 414);
  t.equal(parseRequest(`GET /${"a".repeat(300)} HTTP/1.1\r\n${HOST}\r\n`, 200).status, 414);
  t.equal(parseRequest(`GET /${"a".repeat(300)} HTTP/1.1\r\n${HOST}\r\n`).status, 0);
  t.equal(parseRequest(`${"M".repeat(32)} / HTTP/1.1\r\n${HOST}\r\n`).status, 0);
  t.equal(parseRequest(`${"M".repeat(33)} / HTTP/1.1\r\n${HOST}\r\n`).status, 501);
  t.equal(parseRequest("M".repeat(100)).status, 501);
  t.equal(parseRequest(withFields("a: b\r\n".repeat(is.FIELDS_MAX - 1))).status, 0);
  t.equal(parseRequest(withFields("a: b\r\n".repeat(is.FIELDS_MAX))).status, 431);
  t.end();
});

t.test("the authority of an absolute target routes the request, never a conflicting Host [W10]", (t) => {
  const cases: readonly (readonly [target: string, host: string, path: string])[] = [
    ["http://other.example/a?b", "other.example", "/a"],
    ["HTTP://other.example:81/", "other.example:81", "/"],
    ["https://other.example", "other.example", ""],
    ["http://other.example?x=/y", "other.example", ""],
    ["http://[::1]:80/x", "[::1]:80", "/x"],
    ["http://other.example//evil/..", "other.example", "//evil/.."],
  ];
  for (const [target, host, path] of cases) {
    const { status, head } = parseRequest(withFields("", `GET ${target} HTTP/1.1`));
    t.equal(status, 0, target);
    t.ok(head.isAbsolute);
    t.equal(textOf(head, head.hostStart, head.hostEnd), host);
    t.equal(textOf(head, head.pathStart, head.pathEnd), path);
    t.equal(textOf(head, head.targetStart, head.targetEnd), target);
  }
  t.notOk(parseRequest(withFields("")).head.isAbsolute);
  t.end();
});

t.test(
  "an absolute target without a plain host is refused, and so is a bad Host beside a good one [W10]",
  (t) => {
    const targets =
      "http:///a http:// http://:80/ http://u@a/ http://u:p@a/ http:/a http:a ftp://a/ ws://a/ http://a:b/ http://a\\b/ http://[::1/".split(
        " ",
      );
    refuses(t, 400, [
      ...targets.map((target) => withFields("", `GET ${target} HTTP/1.1`)),
      "GET http://a/ HTTP/1.1\r\n\r\n",
      "GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n",
      `GET http://a/ HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    ]);
  },
);

t.test("OPTIONS may ask for the whole server, CONNECT must name one [W10]", (t) => {
  const { head } = parseRequest(withFields("", "OPTIONS * HTTP/1.1"));
  t.equal(head.pathStart, head.pathEnd);
  t.equal(textOf(head, head.hostStart, head.hostEnd), "shop.example");
  t.equal(parseRequest(withFields("", "CONNECT a.example:443 HTTP/1.1")).head.method, is.METHOD_CONNECT);
  for (const target of ["/", "http://a/", "a:b", "a/b"]) {
    t.equal(parseRequest(withFields("", `CONNECT ${target} HTTP/1.1`)).status, 400, target);
  }
  t.end();
});
