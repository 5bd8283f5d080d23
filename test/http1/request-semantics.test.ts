import type { Test } from "tap";
import t from "tap";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import * as is from "../../src/http1/request-head.ts";
import { readSmallNumber } from "../../src/http1/request-semantics.ts";
import { HEAD_MAX, parseRequest, withFields } from "./parsing.ts";

const HOST = "Host: shop.example\r\n";

function refuses(t: Test, status: number, cases: readonly string[]): void {
  for (const request of cases) {
    const parsed = parseRequest(request);
    t.equal(parsed.status, status, `${JSON.stringify(request).slice(0, 90)} (${parsed.why})`);
    t.not(parsed.why, "", "says why");
  }
  t.end();
}

t.test("HTTP/1.1 needs exactly one valid Host, HTTP/1.0 none or one [W09]", (t) => {
  const hosts =
    'a/b a?b a@b user:pw@a http://a :80 a:b a:80:90 a:99999 a:65536 a:000080 a:+80 [::1 ::1 [::1]x [::1]:x [] [:] [x] a] a\\b a"b a<b a\xe4 a% a%2 a%zz'.split(
      " ",
    );
  refuses(t, 400, [
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nX-Host: a\r\n\r\n",
    `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`,
    `GET / HTTP/1.1\r\n${HOST}Host: other.example\r\n\r\n`,
    `GET / HTTP/1.1\r\n${HOST}host:\r\n\r\n`,
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\tb\r\n\r\n",
    ...hosts.map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  ]);
});

t.test("every host that RFC 3986 knows is accepted [W09]", (t) => {
  const hosts =
    "a A.b-C.example a.:80 a: a:0 a:65535 127.0.0.1:8080 [::1] [::] [::ffff:1.2.3.4]:443 a_b x--y %41b".split(
      " ",
    );
  for (const host of ["", ...hosts]) {
    t.equal(parseRequest(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).status, 0, host);
  }
  t.equal(parseRequest("GET / HTTP/1.0\r\n\r\n").status, 0);
  t.end();
});

t.test("a body has one length or is chunked, and every method keeps its own [W30]", (t) => {
  for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"]) {
    const line = `${method} / HTTP/1.1`;
    t.equal(parseRequest(withFields("", line)).head.bodyLength, 0);
    t.equal(parseRequest(withFields("Content-Length: 7\r\n", line)).head.bodyLength, 7);
    t.equal(parseRequest(withFields("Transfer-Encoding: chunked\r\n", line)).head.bodyLength, is.CHUNKED);
  }
  t.equal(parseRequest(withFields("Transfer-Encoding: \tchunked \r\n")).head.bodyLength, is.CHUNKED);
  t.equal(parseRequest(withFields("Transfer-Encoding: ChunkED \r\n")).head.bodyLength, is.CHUNKED);
  t.equal(
    parseRequest(withFields("Content-Length: 999999999999999\r\n")).head.bodyLength,
    999_999_999_999_999,
  );
  t.equal(parseRequest(withFields("Content-Length: 007\r\n")).head.bodyLength, 7);
  t.equal(parseRequest(withFields("Content-Length: 5\r\n", "POST / HTTP/1.0")).head.bodyLength, 5);
  t.end();
});

t.test("Content-Length together with Transfer-Encoding is refused with 400 in any order [W20]", (t) => {
  refuses(t, 400, [
    withFields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    withFields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
    withFields("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
    withFields("transfer-encoding: gzip, chunked\r\ncontent-length: 5\r\n"),
  ]);
});

t.test(
  "a transfer coding that does not end with chunked, or is no list of codings, is refused with 400 [W21]",
  (t) => {
    const values = [
      ...[
        "",
        "gzip",
        "chunked, gzip",
        "chunked, identity",
        "identity",
        "chunked, chunked",
        "xchunked",
        "chunkedx",
      ],
      ...[
        "chunked;q=1",
        '"chunked"',
        "'chunked'",
        ",chunked",
        "chunked,",
        "gzip,,chunked",
        "chunked chunked",
      ],
      ...[
        "\x0bchunked",
        "chunked\0",
        "gzip;chunked",
        "chunke\xe4",
        "cow",
        "chunked, gzip, chunked",
        "chunked\t",
        "chunked \t ",
      ],
    ];
    refuses(t, 400, [
      ...values.map((value) => withFields(`Transfer-Encoding: ${value}\r\n`)),
      withFields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      withFields("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
      withFields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
    ]);
  },
);

t.test("a transfer coding before chunked is not implemented: 501 [W21]", (t) => {
  const values = ["gzip, chunked", "gzip,chunked", "deflate ,\tgzip , Chunked"];
  refuses(
    t,
    501,
    values.map((value) => withFields(`Transfer-Encoding: ${value}\r\n`)),
  );
});

t.test("Transfer-Encoding in HTTP/1.0 is refused with 400 [W22]", (t) => {
  refuses(t, 400, [
    withFields("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"),
    withFields("Transfer-Encoding: identity\r\n", "POST / HTTP/1.0"),
    withFields("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "POST / HTTP/1.0"),
  ]);
});

t.test("a Content-Length that is no plain number, or stands twice, is refused with 400 [W23]", (t) => {
  const values = [
    ...[
      "",
      "+5",
      "-5",
      "-0",
      "0x5",
      "5 5",
      "5,5",
      "5, 5",
      "5,6",
      "5;",
      "5.0",
      "5e1",
      "five",
      "5\x0b",
      "\xb2",
      "1_0",
    ],
    ...['"5"', "9007199254740993", "18446744073709551621", "99999999999999999999999", "0000000000000005"],
  ];
  refuses(t, 400, [
    ...values.map((value) => withFields(`Content-Length: ${value}\r\n`)),
    withFields("Content-Length: 5x\r\n", "GET / HTTP/1.0"),
    withFields("Content-Length: 5\r\nContent-Length: 6\r\n"),
    withFields("Content-Length: 5\r\nContent-Length: 5\r\n"),
    withFields("Content-Length: 5\r\ncontent-length: \r\n"),
  ]);
});

t.test(
  "close ends the connection whatever else Connection says, keep-alive keeps an HTTP/1.0 one [W71] [W12]",
  (t) => {
    const cases: readonly (readonly [version: string, fields: string, isPersistent: boolean])[] = [
      ["1.1", "", true],
      ["1.1", "Connection: keep-alive\r\n", true],
      ["1.1", "Connection: close\r\n", false],
      ["1.1", "Connection: CLOSE , keep-alive\r\n", false],
      ["1.1", "Connection: keep-alive, close\r\n", false],
      ["1.1", "Connection: close\r\nConnection: keep-alive\r\n", false],
      ["1.1", "Connection: closed\r\n", true],
      ["1.1", "Connection: ,, ,close\r\n", false],
      ["1.1", "Proxy-Connection: close\r\n", true],
      ["1.0", "", false],
      ["1.0", "Connection: Keep-Alive\r\n", true],
      ["1.0", "Connection: close, keep-alive\r\n", false],
      ["1.0", "Connection: keep-alive\r\nConnection: close\r\n", false],
      ["1.0", "Proxy-Connection: keep-alive\r\n", false],
    ];
    for (const [version, fields, isPersistent] of cases) {
      const { head } = parseRequest(withFields(fields, `GET / HTTP/${version}`));
      t.equal(head.isPersistent, isPersistent, `${version} ${fields}`);
    }
    t.end();
  },
);

t.test("fields that Connection names are known, and those that protect may not be named [W40]", (t) => {
  t.ok(parseRequest(withFields("Connection: x-hop\r\nX-Hop: 1\r\n")).head.hasConnectionOptions);
  t.notOk(
    parseRequest(withFields("Connection: keep-alive, Upgrade, TE, close\r\n")).head.hasConnectionOptions,
  );
  const named =
    "content-length|Host|keep-alive, Transfer-Encoding|cookie|X-Forwarded-For|x-forwarded-anything|authorization|via";
  const many = Array.from({ length: 17 }, (_, index) => `a${index}`).join(",");
  refuses(
    t,
    400,
    [...named.split("|"), many].map((options) => withFields(`Connection: ${options}\r\n`)),
  );
});

t.test("an upgrade is asked for by both fields together, in HTTP/1.1, and never to h2c [W63]", (t) => {
  const asks = (fields: string, version = "1.1"): boolean =>
    parseRequest(withFields(fields, `GET / HTTP/${version}`)).head.upgradeField >= 0;
  t.ok(asks("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  t.ok(asks("Upgrade: websocket\r\nConnection: keep-alive, upgrade\r\n"));
  t.notOk(asks("Upgrade: websocket\r\n"));
  t.notOk(asks("Connection: upgrade\r\n"));
  t.notOk(asks("Connection: Upgrade\r\nUpgrade: websocket\r\n", "1.0"));
  t.notOk(asks("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"));
  t.notOk(asks("Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n"));
  const { head } = parseRequest(withFields("Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: x\r\n"));
  t.equal(head.upgradeField, 2, "the first one");
  t.end();
});

t.test("100-continue is the only expectation, ignored in HTTP/1.0 and without a body [W61]", (t) => {
  const expects = (fields: string, version = "1.1"): boolean =>
    parseRequest(withFields(fields, `PUT / HTTP/${version}`)).head.expectsContinue;
  t.ok(expects("Expect: 100-continue\r\nContent-Length: 5\r\n"));
  t.ok(expects("Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n"));
  t.notOk(expects("Expect: 100-continue\r\n"));
  t.notOk(expects("Expect: 100-continue\r\nContent-Length: 0\r\n"));
  t.notOk(expects("Expect: 100-continue\r\nContent-Length: 5\r\n", "1.0"));
  const others = ["", "100-continued", "100-continue, x", "200-ok"];
  refuses(
    t,
    417,
    others.map((value) => withFields(`Expect: ${value}\r\n`)),
  );
});

t.test("Max-Forwards is a small number or none [W44]", (t) => {
  const read = (text: string): number => readSmallNumber(Buffer.from(text), 0, text.length);
  t.same(["0", "7", "010", "999999999"].map(read), [0, 7, 10, 999_999_999]);
  t.same(["", "-1", "+1", "1 ", "0x1", "1000000000", "a"].map(read), [-1, -1, -1, -1, -1, -1, -1]);
  t.end();
});

t.test("nothing of one request is left for the next", (t) => {
  const { head } = parseRequest(
    withFields(
      "Connection: close, upgrade, x\r\nUpgrade: websocket\r\nExpect: 100-continue\r\nContent-Length: 5\r\n",
      "PUT http://b/?q HTTP/1.1",
    ),
  );
  t.match(head, { isPersistent: false, hasConnectionOptions: true, expectsContinue: true, isAbsolute: true });
  t.match(head, { bodyLength: 5, upgradeField: 2, fieldCount: 5, minor: 1 });
  const bytes = Buffer.from("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  t.equal(parseRequestHead(head, bytes, 0, bytes.length, HEAD_MAX), bytes.length);
  t.match(head, {
    isPersistent: true,
    hasConnectionOptions: false,
    expectsContinue: false,
    isAbsolute: false,
  });
  t.match(head, { bodyLength: 0, upgradeField: -1, fieldCount: 1, hostStart: 0, hostEnd: 0, minor: 0 });
  t.end();
});
