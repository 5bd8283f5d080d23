import t from "tap";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { parseCookieDate } from "../../src/http/cookie-date.ts";

function parse(text: string): number | undefined {
  const bytes = Buffer.from(text, "latin1");
  return parseCookieDate(bytes, 0, bytes.length);
}

t.test("cookie dates name the same moment as the platform's own calendar", (t) => {
  const random = seededRandom(7);
  for (let round = 0; round < 2000; round += 1) {
    const moment = randomBelow(random, 8_000_000_000) * 1000 - 4_000_000_000_000 * (round % 2);
    const text = new Date(moment).toUTCString();
    if (parse(text) !== moment) t.equal(parse(text), moment, text);
  }
  t.equal(parse("Wed, 29 Feb 2000 12:00:00 GMT"), Date.UTC(2000, 1, 29, 12));
  t.equal(parse("Sun, 06 Nov 1994 08:49:37 GMT"), 784_111_777_000);
  t.equal(parse("Sunday, 06-Nov-94 08:49:37 GMT"), 784_111_777_000);
  t.equal(parse("Sun Nov  6 08:49:37 1994"), 784_111_777_000);
  t.equal(parse("6 November 1994 8:49:37 utc"), 784_111_777_000);
  t.end();
});

t.test("what clients would not take for a date is none", (t) => {
  for (const text of [
    "",
    "0",
    "-1",
    "now",
    "1994-11-06T08:49:37Z",
    "06 Nov 1994",
    "Nov 1994 08:49:37",
    "06 Nov 08:49:37",
  ]) {
    t.equal(parse(text), undefined, text);
  }
  t.end();
});
