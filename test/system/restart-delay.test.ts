import t from "tap";
import { restartAfter } from "../../src/system/restart-delay.ts";

t.test("the first restart is at once, a crash loop slows down to one a second", async (t) => {
  const delays: number[] = [];
  let shortLives = 0;
  for (let death = 0; death < 9; death += 1) {
    const restart = restartAfter(100, shortLives);
    delays.push(restart.delayMs);
    shortLives = restart.shortLives;
  }
  t.same(delays, [0, 50, 100, 200, 400, 800, 1000, 1000, 1000]);
});

t.test("a process that was well for a while is restarted at once, whatever was before", async (t) => {
  t.same(restartAfter(60_000, 9), { delayMs: 0, shortLives: 0 });
});
