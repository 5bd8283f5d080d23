import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { LockOutcome } from "../../src/system/lock.ts";
import { takeLock } from "../../src/system/lock.ts";

const LOCK = new URL("../../src/system/lock.js", import.meta.url).href;

/** A process that takes the lock, says so and stays. */
async function holder(folder: string): Promise<ReturnType<typeof spawn>> {
  const script = `
    import { takeLock } from ${JSON.stringify(LOCK)};
    const { held } = await takeLock(process.argv[1], "x");
    console.log(held);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(child.stdout, "data");
  t.equal(String(said), "true\n");
  return child;
}

t.test("a lock has one holder, and names it to the others", async (t) => {
  const folder = t.testdir();
  const first = await takeLock(folder, "x");
  t.same(await takeLock(folder, "x"), { held: false, byPid: process.pid });
  t.ok((await takeLock(folder, "y")).held, "another name is another lock");
  if (first.held) {
    t.notOk(first.lock.tookOver);
    await first.lock.release();
    await first.lock.release();
  }
  const second = await takeLock(folder, "x");
  t.ok(second.held && !second.lock.tookOver);
});

t.test("of many that want a lock at once, one gets it", async (t) => {
  const folder = t.testdir();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => takeLock(folder, "x")));
  t.equal(outcomes.filter((outcome: LockOutcome) => outcome.held).length, 1);
});

t.test("the lock of a process that was killed is taken over by one of many [F2]", async (t) => {
  const folder = t.testdir();
  const child = await holder(folder);
  t.same(await takeLock(folder, "x"), { held: false, byPid: child.pid });
  child.kill("SIGKILL");
  await once(child, "exit");
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => takeLock(folder, "x")));
  const held = outcomes.filter((outcome) => outcome.held);
  t.equal(held.length, 1);
  t.ok(held[0]?.held && held[0].lock.tookOver);
  t.equal((await readdir(folder)).length, 1, "nothing is left behind");
});

t.test("a pid that was given to another process is no holder", async (t) => {
  const folder = t.testdir();
  await writeFile(join(folder, "x.3.lock"), `${process.pid}\nanother boot 1\n`);
  t.ok((await takeLock(folder, "x")).held);
});
