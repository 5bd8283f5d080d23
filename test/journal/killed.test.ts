import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t from "tap";
import { SILENT_LOG } from "../../src/base/log.ts";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { unwrap } from "../../src/base/result.ts";
import type { Revision } from "../../src/base/units.ts";
import { openFileJournal } from "../../src/journal/file-journal.ts";
import { CODEC } from "./fixtures/entries.ts";

// Real processes on a busy machine; the runner has a limit for the whole file.
t.setTimeout(150_000);

const SEED = 20_260_731;
const KILLS = 10;

/** Starts an appender, kills it after it has stored a random number of entries; answers what it said. */
async function runAndKill(
  folder: string,
  storeMax: number,
): Promise<{ readonly recovered: number; readonly stored: number }> {
  const script = fileURLToPath(new URL("./fixtures/appender.js", import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  // Until it is reaped it counts as living, and its lock as held.
  const exited = once(child, "exit");
  let recovered = -1;
  let stored = 0;
  let count = 0;
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const [word, revision] = line.split(" ");
    if (word === "recovered") recovered = Number(revision);
    else stored = Math.max(stored, Number(revision));
    count += 1;
    if (count === storeMax) child.kill("SIGKILL");
  });
  await once(lines, "close");
  await exited;
  return { recovered, stored };
}

t.test(`a journal whose writer is killed ${KILLS} times loses no acknowledged entry [F2]`, async (t) => {
  t.comment(`seed ${SEED}`);
  const random = seededRandom(SEED);
  const folder = t.testdir();
  let acknowledged = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const { recovered, stored } = await runAndKill(folder, 1 + randomBelow(random, 60));
    t.ok(recovered >= acknowledged, `recovered ${recovered}, acknowledged before ${acknowledged}`);
    acknowledged = Math.max(acknowledged, stored);
  }
  const journal = openFileJournal({ folder, codec: CODEC, log: SILENT_LOG });
  unwrap(await journal.recover());
  const all = await journal.read({ after: 0 as Revision, limit: 1_000_000 });
  t.ok(all.length >= acknowledged, "the audit trail holds them all");
  t.same(
    all.map((each) => each.revision),
    all.map((_, index) => index + 1),
  );
  await journal.close();
});

t.test("a journal that a living process writes is refused to another, naming that process", async (t) => {
  const folder = t.testdir();
  const options = { folder, codec: CODEC, log: SILENT_LOG, lockWaitMs: 0 };
  const first = openFileJournal(options);
  unwrap(await first.recover());
  const refused = await openFileJournal(options).recover();
  t.equal(refused.ok ? "" : refused.fault.code, "JOURNAL_UNAVAILABLE");
  t.match(refused.ok ? "" : refused.fault.message, `process ${process.pid} writes it`);
  await first.close();
  const next = openFileJournal(options);
  t.ok((await next.recover()).ok);
  await next.close();
});
