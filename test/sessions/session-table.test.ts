import t from "tap";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { NO_SLOT, SessionRecord } from "../../src/sessions/session-record.ts";
import { SessionSweep } from "../../src/sessions/session-sweep.ts";
import { ENDED_SECONDS } from "../../src/sessions/session-table.ts";
import { forEachOf, WALK_DONE, WALK_START } from "../../src/sessions/session-walk.ts";
import { NO_SESSION } from "../../src/sessions/sessions.ts";
import { recordsOf, testTable } from "./table-support.ts";

t.test("a session is known from its birth to its end and counted at its instance [A4]", (t) => {
  const site = testTable();
  const { table } = site;
  t.equal(table.find(0xffff_ffff, 0x8000_0000), NO_SESSION);
  table.bind(0xffff_ffff, 0x8000_0000, 3, site.now);
  t.equal(table.slotOf(table.find(0xffff_ffff, 0x8000_0000)), 3);
  t.equal(table.countOf(3), 1);
  t.equal(table.size, 1);

  table.bind(0xffff_ffff, 0x8000_0000, 700, site.now);
  t.equal(table.slotOf(table.find(0xffff_ffff, 0x8000_0000)), 700, "it has moved");
  t.equal(table.countOf(3), 0);
  t.equal(table.countOf(700), 1);

  t.ok(table.end(0xffff_ffff, 0x8000_0000));
  t.equal(table.find(0xffff_ffff, 0x8000_0000), NO_SESSION);
  t.notOk(table.end(0xffff_ffff, 0x8000_0000), "it was known no more");
  t.equal(table.countOf(700), 0);
  t.equal(table.size, 0);
  t.end();
});

t.test("each request of a session moves its last seen on and counts", (t) => {
  const site = testTable();
  const index = site.table.bind(1, 2, 0, site.now);
  site.table.touch(index, site.now + 5);
  site.table.touch(index, site.now + 5);
  site.table.touch(index, site.now + 3);
  const [record] = recordsOf(site.table);
  t.match(record, { bornSeconds: site.now, lastSeenSeconds: site.now + 5, requests: 4 });
  site.table.see(index, site.now + 9);
  t.equal(site.table.seenAt(index), site.now + 9);
  t.equal(recordsOf(site.table)[0]?.requests, 4, "in use, but without a request");
  t.end();
});

t.test("a session that was ended can be born again with the same id, in the same second too", (t) => {
  const site = testTable();
  site.table.bind(1, 2, 0, site.now - 10);
  site.table.end(1, 2);
  site.table.bind(1, 2, 1, site.now);
  t.equal(site.table.slotOf(site.table.find(1, 2)), 1);
  t.match(recordsOf(site.table)[0], { bornSeconds: site.now, requests: 1 });
  t.end();
});

t.test("twenty thousand random operations leave the table as a plain map would be", (t) => {
  for (const seed of [1, 2, 3]) {
    const random = seededRandom(seed);
    const site = testTable();
    const sweep = new SessionSweep(site.table);
    const limits = { idleSeconds: 40, absoluteSeconds: 200 };
    const model = new Map<string, { slot: number; born: number; seen: number; requests: number }>();
    for (let step = 0; step < 20_000; step += 1) {
      // Few shards and few homes, so that records crowd, wrap round and shift.
      const high = randomBelow(random, 3) * 0x7f00_0000 + 1;
      const low = (randomBelow(random, 60) * 0x0400_0004 + 13) >>> 0;
      const name = `${high}/${low}`;
      const known = model.get(name);
      const index = site.table.find(high, low);
      if ((index === NO_SESSION) !== (known === undefined)) {
        t.fail(`seed ${seed} step ${step}: found ${index}, expected ${JSON.stringify(known)}`);
        break;
      }
      const dice = randomBelow(random, 10);
      if (dice < 4) {
        const slot = randomBelow(random, 5);
        site.table.bind(high, low, slot, site.now);
        if (known === undefined) model.set(name, { slot, born: site.now, seen: site.now, requests: 1 });
        else Object.assign(known, { slot, seen: site.now });
      } else if (dice < 7 && known !== undefined) {
        site.table.touch(index, site.now);
        Object.assign(known, { seen: site.now, requests: known.requests + 1 });
      } else if (dice === 8) {
        if (site.table.end(high, low) !== model.delete(name)) t.fail(`seed ${seed} step ${step}: end`);
      } else if (dice === 9) {
        site.now += 1 + randomBelow(random, 10);
        const ended = sweep.sweep(site.now, 1_000_000, () => limits);
        const due = [...model].filter(([, one]) => site.now - one.seen >= 40 || site.now - one.born >= 200);
        for (const [key] of due) model.delete(key);
        const names = ended.map((one) => `${one.high}/${one.low}`).sort();
        t.same(names, due.map(([key]) => key).sort(), `seed ${seed} step ${step}: swept`);
      }
    }
    const left = recordsOf(site.table).filter((record) => record.slot !== NO_SLOT);
    t.equal(site.table.size, model.size);
    t.same(
      Object.fromEntries(
        left.map((one) => [
          `${one.high}/${one.low}`,
          [one.slot, one.bornSeconds, one.lastSeenSeconds, one.requests],
        ]),
      ),
      Object.fromEntries([...model].map(([key, one]) => [key, [one.slot, one.born, one.seen, one.requests]])),
      `seed ${seed}: the same sessions`,
    );
    for (let slot = 0; slot < 5; slot += 1) {
      t.equal(site.table.countOf(slot), left.filter((one) => one.slot === slot).length);
    }
  }
  t.end();
});

t.test(
  "a session ends when it is idle for too long, or at its absolute limit, as its instance has them [A4]",
  (t) => {
    const site = testTable();
    const sweep = new SessionSweep(site.table);
    const limitsOf = (slot: number) =>
      slot === 0 ? { idleSeconds: 30, absoluteSeconds: 0 } : { idleSeconds: 0, absoluteSeconds: 100 };
    site.table.bind(1, 1, 0, site.now);
    site.table.bind(2, 2, 1, site.now);
    t.same(sweep.sweep(site.now + 29, 1e6, limitsOf), []);
    site.table.touch(site.table.find(1, 1), site.now + 29);
    t.same(sweep.sweep(site.now + 58, 1e6, limitsOf), []);
    t.match(sweep.sweep(site.now + 59, 1e6, limitsOf), [{ high: 1, slot: 0, cause: "idle" }]);
    t.match(sweep.sweep(site.now + 100, 1e6, limitsOf), [
      { high: 2, slot: 1, cause: "absolute", requests: 1 },
    ]);
    t.equal(site.table.size, 0);
    t.end();
  },
);

t.test("a sweep in small slices comes round to every session", (t) => {
  const site = testTable();
  const sweep = new SessionSweep(site.table);
  for (let number = 0; number < 256; number += 1) site.table.bind(number * 2 ** 24, number, 0, site.now);
  let ended = 0;
  let slices = 0;
  while (ended < 256 && slices < 256) {
    ended += sweep.sweep(site.now + 60, 100, () => ({ idleSeconds: 60, absoluteSeconds: 0 })).length;
    slices += 1;
  }
  t.equal(ended, 256);
  t.ok(slices > 30, "a slice is no more than its budget");
  t.end();
});

t.test("beyond the limit about the least recently seen session is forgotten, and told as such [F4]", (t) => {
  const site = testTable({ sessionsMax: 1000 });
  for (let number = 0; number < 2000; number += 1) {
    const high = Math.imul(number, 0x9e37_79b1) >>> 0;
    site.table.bind(high, number, 0, site.now + number);
  }
  t.equal(site.table.size, 1000);
  t.equal(site.table.forgotten, 1000);
  const born = recordsOf(site.table).map((record) => record.bornSeconds - site.now);
  const old = born.filter((second) => second < 1000).length;
  t.ok(old < 100, `${old} of the 1000 that are left are from the older half`);
  t.end();
});

t.test("a limit of one session keeps the newest", (t) => {
  const site = testTable({ sessionsMax: 1 });
  for (let number = 0; number < 20; number += 1) site.table.bind(number * 2 ** 24, 0, 0, site.now);
  t.equal(site.table.size, 1);
  t.not(site.table.find(19 * 2 ** 24, 0), NO_SESSION);
  t.end();
});

t.test("a million sessions take at most 150 MB, and the memory comes back when they are gone [A5]", (t) => {
  const site = testTable({ sessionsMax: 2_000_000 });
  const empty = site.table.bytes;
  const random = seededRandom(11);
  let most = 0;
  for (let number = 0; number < 1_000_000; number += 1) {
    site.table.bind(random.next() * 2 ** 32, random.next() * 2 ** 32, number & 15, site.now);
    if ((number & 0xffff) === 0) most = Math.max(most, site.table.bytes);
  }
  most = Math.max(most, site.table.bytes);
  t.equal(site.table.size, 1_000_000);
  t.ok(most <= 150e6, `${most} bytes`);
  const sweep = new SessionSweep(site.table);
  const limits = { idleSeconds: 60, absoluteSeconds: 0 };
  t.equal(sweep.sweep(site.now + 60, 1e9, () => limits).length, 1_000_000);
  for (let round = 0; round < 20; round += 1) sweep.sweep(site.now + 60, 1e9, () => limits);
  t.equal(site.table.bytes, empty);
  t.end();
});

t.test("ends are remembered for a minute and then forgotten", (t) => {
  const site = testTable();
  const sweep = new SessionSweep(site.table);
  const limits = () => ({ idleSeconds: 0, absoluteSeconds: 0 });
  site.table.bind(1, 1, 0, site.now);
  site.table.end(1, 1);
  sweep.sweep(site.now + ENDED_SECONDS, 1e6, limits);
  t.equal(recordsOf(site.table).length, 1);
  t.same(sweep.sweep(site.now + ENDED_SECONDS + 1, 1e6, limits), [], "it is not told again");
  t.equal(recordsOf(site.table).length, 0);
  t.end();
});

t.test(
  "a walk in slices meets every session of an edition once, though others end and are born meanwhile",
  (t) => {
    const site = testTable();
    const random = seededRandom(5);
    const wanted = new Set<number>();
    for (let number = 0; number < 5000; number += 1) {
      site.table.bind(random.next() * 2 ** 32, number, number % 3, site.now);
      if (number % 3 === 1) wanted.add(number);
    }
    const met: number[] = [];
    let cursor = WALK_START;
    let slices = 0;
    while (cursor !== WALK_DONE) {
      const slice = { cursor, budget: 500 };
      cursor = forEachOf(
        site.table,
        (slot) => slot === 1,
        slice,
        (record) => met.push(record.low),
      );
      slices += 1;
      for (let number = 0; number < 20; number += 1) {
        site.table.bind(random.next() * 2 ** 32, 10_000 + slices * 20 + number, 2, site.now);
      }
      const gone = recordsOf(site.table).find((record) => record.slot === 0);
      if (gone !== undefined) site.table.end(gone.high, gone.low);
    }
    t.same(
      met.sort((one, other) => one - other),
      [...wanted],
    );
    t.ok(slices > 5);
    t.end();
  },
);

t.test("what others say of a session gives the same result in every order, and twice is as once", (t) => {
  const record = (changes: Partial<SessionRecord>): SessionRecord =>
    Object.assign(new SessionRecord(), { high: 1, low: 1 }, changes);
  const random = seededRandom(3);
  for (let round = 0; round < 300; round += 1) {
    const said = Array.from({ length: 6 }, () => {
      const bound = 1_000_000 + randomBelow(random, 4);
      if (randomBelow(random, 4) === 0) return record({ slot: NO_SLOT, boundSeconds: bound });
      return record({
        slot: randomBelow(random, 3),
        bornSeconds: bound - randomBelow(random, 2),
        boundSeconds: bound,
        lastSeenSeconds: bound + randomBelow(random, 3),
      });
    });
    const results = [
      said,
      [...said].reverse(),
      [...said, ...said],
      [...said.slice(3), ...said.slice(0, 3)],
    ].map((order) => {
      const site = testTable({ keys: ["b", "a", "c"] });
      for (const one of order) site.table.merge(one, true);
      const [result] = recordsOf(site.table);
      if (result?.slot === NO_SLOT) return { ended: result.boundSeconds };
      return { ...result, key: site.slots.keyOf(result?.slot ?? -1) };
    });
    for (const other of results.slice(1))
      t.same(other, results[0], `round ${round}: ${JSON.stringify(said)}`);
  }
  t.end();
});
