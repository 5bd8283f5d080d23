import t from "tap";
import type { EpochMs } from "../../src/base/units.ts";
import { CookieMatch, findCookie, nextCookie, readSetCookie, SetCookie } from "../../src/http/cookies.ts";

const NOW = 1_700_000_000_000 as EpochMs; // 2023-11-14

/** All values of the cookie, and the field with them left out. */
function search(field: string, name: string): { values: string[]; rest: string } {
  const bytes = Buffer.from(`<<${field}>>`, "latin1");
  const end = bytes.length - 2;
  const match = new CookieMatch();
  const values: string[] = [];
  let rest = "";
  let kept = 2;
  const wanted = Buffer.from(name, "latin1");
  let found = findCookie(bytes, 2, end, wanted, match);
  while (found) {
    values.push(bytes.toString("latin1", match.valueStart, match.valueEnd));
    if (match.stripStart < kept || match.stripEnd < match.pairEnd || match.stripEnd > end)
      throw new Error("overlap");
    rest += bytes.toString("latin1", kept, match.stripStart);
    kept = match.stripEnd;
    found = nextCookie(bytes, end, wanted, match);
  }
  return { values, rest: rest + bytes.toString("latin1", kept, end) };
}

t.test("a cookie is found whatever oddities stand around it [W48]", (t) => {
  const long = "x".repeat(5000);
  const cases: readonly (readonly [field: string, values: readonly string[]])[] = [
    ["s=1", ["1"]],
    ["a=b; s=1", ["1"]],
    ["a=b;s=1;c", ["1"]],
    ["a=b;  s=1  ; c=d", ["1"]],
    ["a=b;\ts = 1 2\t", ["1 2"]],
    ["s=1; s=2;s=3", ["1", "2", "3"]],
    ['s="quoted:s1"', ["quoted:s1"]],
    ['s="', ['"']],
    ['s="a;b"', ['"a']],
    ["s=a=b==", ["a=b=="]],
    ["s=", [""]],
    ["s=;s=2", ["", "2"]],
    [`a=${long}; s=1`, ["1"]],
    [`s=${long}; a=1`, [long]],
    ["a=\xe4\xf6\xff; s=\xfc", ["\xfc"]],
    ["a=1, s=2; s=3", ["3"]],
    [";;; s=1;;", ["1"]],
    ["$Version=1; s=1; $Path=/", ["1"]],
  ];
  for (const [field, values] of cases) t.same(search(field, "s").values, values, field.slice(0, 60));
  t.end();
});

t.test("what only resembles the cookie is not taken for it [W48]", (t) => {
  const cases = [
    "",
    "s",
    " s ",
    "S=1",
    "ss=1",
    "as=1",
    "a s=1",
    "a=s=1",
    "a=1,s=1",
    "s;=1",
    '"s"=1',
    "=s",
    "s\x01=1",
  ];
  for (const field of cases) t.same(search(field, "s").values, [], field);
  t.same(search("__Host-x=1; x=2", "x").values, ["2"]);
  t.same(search("tg=1", "tg_long_name").values, []);
  t.end();
});

t.test("leaving a cookie out leaves every other pair as it came [W48]", (t) => {
  const cases: readonly (readonly [field: string, rest: string])[] = [
    ["s=1", ""],
    [" s=1 ", ""],
    ["s=1; s=2", ""],
    [";s=1;;s=2", ""],
    ["a=1; s=1", "a=1"],
    ["s=1; a=1", "a=1"],
    ["s=1;a=1", "a=1"],
    ["a=1; s=1; b=2", "a=1; b=2"],
    ["a=1;s=1;b=2", "a=1;b=2"],
    ["s=1; s=2; a=1", "a=1"],
    ["a=1; s=1; s=2", "a=1"],
    ['a=1; s=1; b; s=2; c=\xff"', 'a=1; b; c=\xff"'],
    ["s=1; a=1; s=2; s=3; b=1; s=4", "a=1; b=1"],
    ["a=1", "a=1"],
    ["a=b;c ;d = e", "a=b;c ;d = e"],
  ];
  for (const [field, rest] of cases) t.equal(search(field, "s").rest, rest, field);
  t.end();
});

t.test("a search never reads beyond the field", (t) => {
  const bytes = Buffer.from("a=1; s=1; s=2", "latin1");
  const match = new CookieMatch();
  t.notOk(findCookie(bytes, 0, 6, Buffer.from("s"), match), "the pair is cut before its =");
  t.ok(findCookie(bytes, 0, 8, Buffer.from("s"), match));
  t.equal(match.valueEnd, 8);
  t.notOk(nextCookie(bytes, 8, Buffer.from("s"), match));
  t.end();
});

interface Read {
  readonly name: string;
  readonly value: string;
  readonly path: string | null;
  readonly domain: string | null;
  readonly flags: string;
}

const cookie = new SetCookie();

function read(field: string): Read | null {
  const bytes = Buffer.from(`..${field}Max-Age=0`, "latin1");
  if (!readSetCookie(bytes, 2, 2 + Buffer.byteLength(field, "latin1"), NOW, cookie)) return null;
  const text = (start: number, end: number): string | null =>
    start < 0 ? null : bytes.toString("latin1", start, end);
  return {
    name: text(cookie.nameStart, cookie.nameEnd) ?? "",
    value: text(cookie.valueStart, cookie.valueEnd) ?? "",
    path: text(cookie.pathStart, cookie.pathEnd),
    domain: text(cookie.domainStart, cookie.domainEnd),
    flags: [
      cookie.isSecure ? "secure" : "",
      cookie.isHttpOnly ? "httponly" : "",
      cookie.isPersistent ? "persistent" : "",
    ]
      .join(" ")
      .trim(),
  };
}

t.test("a Set-Cookie is read as clients read it", (t) => {
  const plain = { path: null, domain: null, flags: "" };
  t.same(read("s=1"), { ...plain, name: "s", value: "1" });
  t.same(read(" s = 1 2 ; "), { ...plain, name: "s", value: "1 2" });
  t.same(read('s="0000abc:s1"; Path=/shop'), { ...plain, name: "s", value: "0000abc:s1", path: "/shop" });
  t.same(read("JSESSIONID=A.r1; Path=/shop; Secure; HttpOnly; SameSite=Lax"), {
    name: "JSESSIONID",
    value: "A.r1",
    path: "/shop",
    domain: null,
    flags: "secure httponly",
  });
  t.same(read("s=a=b;PATH = /x ;dOmAiN=shop.example;SECURE;max-age=60"), {
    name: "s",
    value: "a=b",
    path: "/x",
    domain: "shop.example",
    flags: "secure  persistent",
  });
  t.equal(read("s=1; Path=/a; Path=/b")?.path, "/b", "the last attribute counts");
  t.equal(read("s=1; Path=/a; Path=b")?.path, null, "a path that is none means the default");
  t.equal(read("s=1; Secure=no; Unknown=x; ; =;")?.flags, "secure");
  t.end();
});

t.test("a Set-Cookie without a name is ignored", (t) => {
  for (const field of ["", ";", "s", "=1", " =1", "s; Path=/; a=b"]) t.equal(read(field), null, field);
  t.end();
});

t.test("a Set-Cookie that makes the client forget the cookie is seen as its end [A4]", (t) => {
  const cases = [
    "s=1; Max-Age=0",
    "s=1; Max-Age=-1",
    "s=1; max-age=-99999999999999999999",
    "s=1; Max-Age=60; Max-Age=0",
    "s=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "s=1; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/",
    "s=1; expires=Tue Nov 14 22:13:19 2023",
    "s=1; Expires=Thursday, 01-Jan-70 00:00:00 GMT",
    "s=1; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    "s=",
    's=""; Path=/',
    "s= ; Max-Age=3600",
  ];
  for (const field of cases) {
    t.ok(read(field) !== null && cookie.isDeletion, field);
  }
  t.end();
});

t.test("a Set-Cookie that keeps the cookie is not taken for its end [A4]", (t) => {
  const cases = [
    "s=1",
    "s=1; Max-Age=60",
    "s=1; Max-Age=99999999999999999999999999",
    "s=1; Max-Age=0; Max-Age=60",
    "s=1; Max-Age=",
    "s=1; Max-Age=-",
    "s=1; Max-Age=0x0",
    "s=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    "s=1; expires=Tue Nov 14 22:13:21 2023",
    "s=1; Expires=Thu, 29 Feb 2024 00:00:00 GMT",
    "s=1; Expires=0",
    "s=1; Expires=Thu, 01 Jan 1970",
    "s=1; Expires=Thu, 01 Jan 1970 24:00:00 GMT",
    "s=1; Expires=Thu, 41 Jan 1970 00:00:00 GMT",
    "s=1; Expires=Thu, 01 Jan 1500 00:00:00 GMT",
    `s=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT${" ".repeat(100)}x`,
    "s=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "s=Max-Age=0",
    "s=1; Comment=Max-Age=0",
  ];
  for (const field of cases) {
    t.ok(read(field) !== null && !cookie.isDeletion, field);
  }
  t.end();
});
