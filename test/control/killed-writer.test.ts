import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t from "tap";
import { SILENT_LOG } from "../../src/base/log.ts";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { unwrap } from "../../src/base/result.ts";
import type { Revision } from "../../src/base/units.ts";
import { recoverDomain } from "../../src/control/recover.ts";
import { checkInvariants } from "../../src/domain/invariants.ts";
import { decodeDomain, encodeDomain } from "../../src/domain/stored-domain.ts";
import { openFileJournal } from "../../src/journal/file-journal.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { temporaryFolder } from "../support/control-site.ts";

const WRITER = fileURLToPath(new URL("./fixtures/writer.js", import.meta.url));
const ROUNDS = 6;
/** Commands that the writer has under way at a time: as many may be stored and not answered. */
const BURST = 5;

function openJournal(folder: string): Journal {
  return openFileJournal({ folder, codec: { encode: encodeDomain, decode: decodeDomain }, log: SILENT_LOG });
}

/** Lets a writer work until it has answered so many commands, kills it, and returns the last revision it answered. */
async function killAfter(folder: string, answers: number): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(writer, "exit");
  let count = 0;
  let last = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    last = Math.max(last, Number(line));
    count += 1;
    if (count === answers) writer.kill("SIGKILL");
  }
  await ended;
  return last;
}

t.test(
  "a command that was answered outlives a kill, one that was not is stored whole or not at all [F2]",
  async (t) => {
    const folder = temporaryFolder(t);
    const random = seededRandom(2026);
    for (let round = 0; round < ROUNDS; round += 1) {
      const answered = await killAfter(folder, 1 + randomBelow(random, 40));
      const journal = openJournal(folder);
      const { domain } = unwrap(recoverDomain("shop", unwrap(await journal.recover())));
      t.ok(domain.revision >= answered, `revision ${answered} was answered, ${domain.revision} is there`);
      t.ok(domain.revision <= answered + BURST, "nothing is there that nobody asked for");
      t.strictSame(checkInvariants(domain), []);
      const all = await journal.read({ after: 0 as Revision, limit: 10_000 });
      t.strictSame(
        all.map((entry) => entry.revision),
        Array.from({ length: domain.revision }, (_, index) => index + 1),
        "the audit trail has every revision once",
      );
      await journal.close();
    }
  },
);
