// The timer wheel: deadlines ring up to one tick late, never early, however they are moved.

import t from "tap";
import { seededRandom } from "../../src/base/random.ts";
import { NEVER, TICK_MS, Timed, TimerWheel } from "../../src/proxy/timer-wheel.ts";

class Bell extends Timed {
  readonly rings: number[] = [];
  onRing: (nowMs: number) => void = () => undefined;

  override onDeadline(nowMs: number): void {
    this.rings.push(nowMs);
    this.onRing(nowMs);
  }
}

/** Turns the wheel every tick from `fromMs` to `toMs`. */
function run(wheel: TimerWheel, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += TICK_MS) wheel.turn(nowMs);
}

t.test("a deadline rings once, not early, at most a tick late", (t) => {
  for (const ms of [0, 1, 99, 100, 101, 250, 5000, 102_399, 102_400, 200_000, 3_600_000]) {
    const wheel = new TimerWheel(1000);
    const bell = new Bell();
    wheel.set(bell, 1000 + ms);
    run(wheel, 1000, 1000 + ms + 3 * TICK_MS);
    t.equal(bell.rings.length, 1, `${ms}`);
    const late = (bell.rings[0] ?? 0) - 1000 - ms;
    t.ok(late >= 0 && late <= 2 * TICK_MS, `${ms} is ${late} late`);
    t.equal(bell.deadlineMs, NEVER);
  }
  t.end();
});

t.test("a deadline may be moved later and sooner; only the last one counts", (t) => {
  const wheel = new TimerWheel(0);
  const bell = new Bell();
  wheel.set(bell, 500);
  wheel.set(bell, 5000);
  run(wheel, 0, 4900);
  t.same(bell.rings, []);
  wheel.set(bell, 90_000);
  wheel.set(bell, 6000);
  run(wheel, 5000, 6200);
  t.equal(bell.rings.length, 1);
  t.end();
});

t.test("a cleared or removed deadline does not ring, and can be set again", (t) => {
  const wheel = new TimerWheel(0);
  const cleared = new Bell();
  const removed = new Bell();
  wheel.set(cleared, 300);
  wheel.set(removed, 300);
  wheel.clear(cleared);
  wheel.remove(removed);
  t.equal(removed.hangsAt, -1, "nothing holds it");
  run(wheel, 0, 1000);
  t.same([...cleared.rings, ...removed.rings], []);
  t.equal(cleared.hangsAt, -1);
  wheel.set(cleared, 1300);
  wheel.set(removed, 1300);
  run(wheel, 1000, 1600);
  t.equal(cleared.rings.length + removed.rings.length, 2);
  wheel.remove(removed);
  wheel.remove(removed);
  t.end();
});

t.test("a deadline may set or remove any other, or itself, while it rings", (t) => {
  const wheel = new TimerWheel(0);
  const first = new Bell();
  const second = new Bell();
  const third = new Bell();
  first.onRing = (nowMs) => {
    wheel.remove(second);
    wheel.set(first, nowMs + 100);
    wheel.set(third, nowMs + 1);
  };
  wheel.set(first, 250);
  wheel.set(second, 250);
  run(wheel, 0, 1000);
  t.ok(first.rings.length >= 3);
  t.same(second.rings, []);
  t.equal(third.rings.length > 0, true);
  t.end();
});

t.test("after a long pause every deadline that was due rings, and no other", (t) => {
  const wheel = new TimerWheel(0);
  const due = Array.from({ length: 50 }, () => new Bell());
  const later = new Bell();
  due.forEach((bell, index) => {
    wheel.set(bell, index * 7000);
  });
  wheel.set(later, 2_000_000);
  wheel.turn(1_000_000);
  t.ok(due.every((bell) => bell.rings.length === 1));
  t.same(later.rings, []);
  run(wheel, 1_000_000, 2_000_300);
  t.equal(later.rings.length, 1);
  t.end();
});

t.test("any sequence of sets, clears and turns rings as a plain list of deadlines would", (t) => {
  const random = seededRandom(20_251);
  const wheel = new TimerWheel(0);
  const bells = Array.from({ length: 40 }, () => new Bell());
  const due = bells.map(() => Number.POSITIVE_INFINITY);
  const counts = bells.map(() => 0);
  let nowMs = 0;
  for (let step = 0; step < 20_000; step += 1) {
    const index = Math.floor(random.next() * bells.length);
    const bell = bells[index] as Bell;
    const what = random.next();
    if (what < 0.5) {
      const at = nowMs + Math.floor(random.next() ** 4 * 300_000);
      wheel.set(bell, at);
      due[index] = at;
    } else if (what < 0.6) {
      if (random.next() < 0.5) wheel.clear(bell);
      else wheel.remove(bell);
      due[index] = Number.POSITIVE_INFINITY;
    } else {
      nowMs += Math.floor(random.next() * 400);
      wheel.turn(nowMs);
      bells.forEach((one, at) => {
        const rang = one.rings.length > (counts[at] ?? 0);
        const deadline = due[at] ?? 0;
        if (rang && deadline > nowMs) t.fail(`bell ${at} rang at ${nowMs}, before ${deadline}`);
        if (!rang && deadline <= nowMs - 2 * TICK_MS) t.fail(`bell ${at} is late at ${nowMs}: ${deadline}`);
        if (rang) due[at] = Number.POSITIVE_INFINITY;
        counts[at] = one.rings.length;
      });
    }
  }
  t.ok(counts.reduce((sum, count) => sum + count, 0) > 1000);
  t.end();
});
