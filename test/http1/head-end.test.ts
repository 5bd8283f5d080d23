import t from "tap";
import { isWorthParsing } from "../../src/http1/head-end.ts";
import { INCOMPLETE } from "../../src/http1/parse-fields.ts";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import { RequestHead } from "../../src/http1/request-head.ts";
import { withFields } from "./parsing.ts";

const HEAD_MAX = 4096;

/** Feeds a head byte by byte as a connection does; answers the last parse and how many parses that took. */
function trickle(text: string): { result: number; parses: number } {
  const head = new RequestHead();
  const bytes = Buffer.from(`..${text}\n\r\n\r\n`, "latin1");
  let searched = 2;
  let parses = 0;
  for (let end = 3; end <= 2 + text.length; end += 1) {
    if (!isWorthParsing(bytes, 2, searched, end, HEAD_MAX)) {
      searched = end;
      continue;
    }
    parses += 1;
    const result = parseRequestHead(head, bytes, 2, end, HEAD_MAX);
    if (result !== INCOMPLETE) return { result, parses };
    searched = end;
  }
  return { result: INCOMPLETE, parses };
}

t.test("a head that arrives byte by byte is parsed when it is complete, not before [W74]", (t) => {
  const request = withFields(`X: ${"a".repeat(1000)}\r\n`.repeat(3));
  t.same(trickle(request), { result: request.length + 2, parses: 1 });
  const late = trickle(`\r\n${request}`);
  t.equal(late.result, request.length + 4);
  t.ok(late.parses <= 3, "once more for the empty line in front");
  t.same(trickle(request.slice(0, -1)), { result: INCOMPLETE, parses: 0 });
  t.end();
});

t.test(
  "a head that trickles in without end, or with bare CRs or LFs, is refused at once [W03] [W11]",
  (t) => {
    t.same(trickle("a".repeat(HEAD_MAX)), { result: -501, parses: 1 });
    t.same(trickle(withFields(`X: ${"a".repeat(HEAD_MAX)}`)), { result: -431, parses: 1 });
    t.equal(trickle("GET / HTTP/1.1\nHost: a\n").result, -400);
    t.equal(trickle("GET / HTTP/1.1\r\nHost: a\n").result, -400);
    t.equal(trickle("GET / HTTP/1.1\r\nHost: a\r\n\n").result, -400);
    t.equal(trickle("GET / HTTP/1.1\r\nHost: a\rX").result, -400);
    t.equal(trickle("\n").result, -400);
    t.equal(trickle("\r\n\r\n").result, -400);
    t.end();
  },
);
