import t from "tap";
import { seededRandom } from "../../src/base/random.ts";
import type { Affinity } from "../../src/domain/application.ts";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import { RequestHead } from "../../src/http1/request-head.ts";
import { FORWARD } from "../../src/routing/decision.ts";
import { DecodedPath, isPlainPath } from "../../src/routing/decoded-path.ts";
import { application, instance, respond, rig, table } from "./support.ts";

const SEED = 20_241;

/** The generous reading, written the slow and obvious way; null for a path that is wrong. */
function decodeSlowly(path: string): string | null {
  if (/%(?![0-9a-f]{2})|%00/i.test(path)) return null;
  const segments: string[] = [];
  const parts = path
    .split("/")
    .slice(1)
    .flatMap((raw) => {
      const text = raw.replace(/;.*$/, "");
      return text
        .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
        .split(/[/\\]/);
    });
  for (const [index, segment] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (segment === "..") {
      if (segments.length === 0) return null;
      segments.pop();
    }
    if (segment !== "" && segment !== "." && segment !== "..") segments.push(segment);
    else if (isLast) segments.push("");
  }
  return `/${segments.join("/")}`;
}

t.test("any path is decoded as the slow and obvious way would, or refused as it would [R1]", async (t) => {
  const random = seededRandom(SEED);
  const pieces = [
    "/",
    "/",
    ".",
    "..",
    "a",
    "b.jsp",
    "%2e",
    "%2F",
    "%5c",
    "\\",
    ";x=y",
    ";",
    "%41",
    "%e3%81%82",
    "%",
    "%0",
    "%00",
  ];
  const decoded = new DecodedPath();
  for (let round = 0; round < 10_000; round += 1) {
    const count = 1 + Math.floor(random.next() * 12);
    const usable = random.next() < 0.8 ? pieces.length - 3 : pieces.length;
    let path = "/";
    for (let at = 0; at < count; at += 1) path += pieces[Math.floor(random.next() * usable)];
    const bytes = Buffer.from(path, "latin1");
    const isGood = decoded.decode(bytes, 0, bytes.length, "generous");
    const expected = decodeSlowly(path);
    const text = isGood ? Buffer.from(decoded.octets.subarray(0, decoded.length)).toString("latin1") : null;
    if (text !== expected) return t.equal(text, expected, `seed ${SEED}, path ${path}`);
    if (isPlainPath(bytes, 0, bytes.length) && expected !== path) return t.fail(`not plain: ${path}`);
  }
  return t.pass("10,000 paths");
});

const STYLES: readonly Affinity[] = [
  { style: "suffix", cookie: "SID", separator: ":", cacheIdLength: 4, urlParameter: "sid" },
  { style: "rewrite", cookie: "SID", separator: ".", urlParameter: "sid" },
  { style: "insert", routerCookie: "tg", cookie: "SID" },
  { style: "insert", routerCookie: "tg" },
  { style: "learn", cookie: "SID", urlParameter: "sid" },
  { style: "hash", on: "cookie", name: "SID", cookie: "SID" },
  { style: "none", cookie: "SID" },
];

t.test(
  "whatever a client or server sends, a decision is made, and only whole cookies stay behind [F5]",
  async (t) => {
    const random = seededRandom(SEED);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
    const values = [
      "",
      "abc",
      "abc:s1",
      "0000abc:s2:s1",
      "abc.s1",
      '"abc.s2"',
      ":",
      "....",
      "tg=",
      "\x80\xff",
      "x".repeat(300),
    ];
    for (const affinity of STYLES) {
      const site = rig(table([application([instance("s1"), instance("s2")], { affinity })]));
      const head = new RequestHead();
      let tokens = ["x"];
      for (let round = 0; round < 1000; round += 1) {
        const pair = (): string =>
          `${pick(["SID", "tg", "sid", "other", ""])}${pick(["=", " = ", ""])}${pick([...values, ...tokens])}`;
        const cookies = Array.from({ length: Math.floor(random.next() * 5) }, pair).join(
          pick(["; ", ";", " ;; "]),
        );
        const path = pick(["/shop", "/shop;sid=abc", "/shop/;sid=0000abc:s2;x/y", "/shop;sid="]);
        const fields = [`Host: x`, ...(cookies === "" ? [] : [`Cookie: ${cookies}`, `Cookie: ${pair()}`])];
        const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`, "latin1");
        if (parseRequestHead(head, bytes, 0, bytes.length, 65_536) <= 0) continue;
        const decision = site.decide(head);
        if (decision.outcome !== FORWARD || decision.instance === null) continue;
        let before = head.start;
        for (let at = 0; at < decision.stripCount; at += 1) {
          const start = decision.stripStart[at] as number;
          const end = decision.stripEnd[at] as number;
          if (start < before || end <= start || end > head.end)
            t.fail(`seed ${SEED}: ${JSON.stringify(cookies)}`);
          before = end;
        }
        const set = pick([
          [],
          [`Set-Cookie: ${pair()}`],
          [`Set-Cookie: SID=${pick(values)}; Max-Age=${pick(["0", "x", "60"])}`],
        ]);
        const edits = respond(site.router, decision, set);
        const token = /tg=([^;]+)/.exec(edits.added?.toString() ?? "")?.[1];
        if (token !== undefined) tokens = [...tokens.slice(-3), token];
        site.router.release(decision.instance);
      }
      t.ok(
        site.router.states.all().every((state) => state.inFlight === 0),
        affinity.style,
      );
    }
  },
);
