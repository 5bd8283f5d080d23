import t from "tap";
import type { MonotonicMs } from "../../src/base/units.ts";
import { AcceptShares } from "../../src/system/accept-shares.ts";

const at = (ms: number) => ms as MonotonicMs;

t.test("a worker that is alone has no limit", async (t) => {
  const shares = new AcceptShares();
  shares.ask("one", 5000);
  t.equal(shares.limit(at(0)), Number.POSITIVE_INFINITY);
  t.same(shares.grants(shares.limit(at(0))), ["one"]);
});

t.test("a worker above its share waits until the others have caught up", async (t) => {
  const shares = new AcceptShares();
  shares.ask("one", 0);
  shares.ask("two", 0);
  t.same(shares.grants(shares.limit(at(0))), ["one", "two"]);
  shares.ask("one", 9);
  t.ok(shares.hasWaiting);
  t.equal(shares.limit(at(0)), 13, "the mean and a slack");
  t.same(shares.grants(13), ["one"], "a few connections are nobody's concern");
  shares.ask("one", 100);
  t.same(shares.grants(shares.limit(at(0))), []);
  shares.tell("two", 80);
  t.equal(shares.limit(at(0)), 99);
  t.same(shares.grants(99), []);
  shares.tell("two", 85);
  t.same(shares.grants(shares.limit(at(0))), ["one"]);
  t.notOk(shares.hasWaiting);
});

t.test("there is always a worker that may accept, whatever the counts", async (t) => {
  for (const counts of [
    [0, 0, 1000],
    [7, 7, 7],
    [1, 999, 1000, 1001],
    [500, 0],
  ]) {
    const shares = new AcceptShares();
    for (const [index, open] of counts.entries()) shares.ask(String(index), open);
    t.ok(shares.grants(shares.limit(at(0))).length > 0);
  }
});

t.test("a worker that does not answer is left out until it does", async (t) => {
  const shares = new AcceptShares();
  shares.ask("hangs", 0);
  shares.ask("works", 0);
  shares.grants(shares.limit(at(0)));
  shares.ask("works", 50);
  t.same(shares.accepting(), ["hangs"]);
  shares.askForNews(at(1000));
  t.same(shares.grants(shares.limit(at(1400))), []);
  t.equal(shares.limit(at(1501)), Number.POSITIVE_INFINITY);
  t.same(shares.grants(shares.limit(at(1501))), ["works"]);
  shares.tell("hangs", 0);
  t.equal(shares.limit(at(1600)), 33);
});

t.test("a worker that has gone counts no more, and its late news are ignored", async (t) => {
  const shares = new AcceptShares();
  shares.ask("one", 100);
  shares.ask("two", 0);
  shares.leave("two");
  shares.tell("two", 7);
  t.equal(shares.limit(at(0)), Number.POSITIVE_INFINITY);
});
