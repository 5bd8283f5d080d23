import { join } from "node:path";
import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import type { Revision } from "../../src/base/units.ts";
import type { Journal, JournalEntry } from "../../src/journal/journal.ts";
import { domainAt, entries, entry, FOLDER, memoryJournal } from "./fixtures/entries.ts";
import { MemoryDisk, systemError } from "./fixtures/memory-disk.ts";

const FIRST = join(FOLDER, "0000000000000001.log");

/** Appends one after the other, so that each has an fsync of its own. */
async function appendAll(journal: Journal, list: readonly JournalEntry[]): Promise<void> {
  for (const each of list) unwrap(await journal.append(each));
}

/** A disk with a journal of `count` entries, and where each entry ends in its one segment. */
async function filledDisk(count: number): Promise<{ disk: MemoryDisk; ends: readonly number[] }> {
  const disk = new MemoryDisk();
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  const ends: number[] = [];
  for (const each of entries(1, count)) {
    unwrap(await journal.append(each));
    ends.push(disk.files.get(FIRST)?.length ?? 0);
  }
  await journal.close();
  return { disk, ends };
}

/** What a fresh start finds on a disk that holds one segment with these bytes. */
async function startOn(
  bytes: Buffer,
): Promise<{ journal: Journal; disk: MemoryDisk; found: Awaited<ReturnType<Journal["recover"]>> }> {
  const disk = new MemoryDisk();
  disk.files.set(FIRST, Buffer.from(bytes));
  const journal = memoryJournal(disk);
  return { journal, disk, found: await journal.recover() };
}

t.test("what was appended comes back in order after a restart", async (t) => {
  const { disk } = await filledDisk(5);
  const journal = memoryJournal(disk);
  const content = unwrap(await journal.recover());
  t.equal(content.snapshot, undefined);
  t.same(content.entries, entries(1, 5));
  t.equal(unwrap(await journal.append(entry(6))), 6);
  t.same(await journal.read({ after: 0 as Revision, limit: 100 }), entries(1, 6));
});

t.test(
  "a start after a crash at any byte finds exactly the entries that were complete, and goes on [F2]",
  async (t) => {
    const { disk, ends } = await filledDisk(4);
    const whole = disk.files.get(FIRST) ?? Buffer.alloc(0);
    const wrong: number[] = [];
    for (let size = 0; size <= whole.length; size += 1) {
      const { journal, disk: cut, found } = await startOn(whole.subarray(0, size));
      const complete = ends.filter((end) => end <= size).length;
      const next = await journal.append(entry(complete + 1));
      await journal.close();
      const again = unwrap(await memoryJournal(cut).recover());
      const isRight = found.ok && found.value.entries.length === complete && next.ok;
      if (!isRight || again.entries.length !== complete + 1) wrong.push(size);
    }
    t.same(wrong, []);
  },
);

t.test("zeros or rubbish behind the last complete entry are cut off at the next start [F2]", async (t) => {
  const { disk, ends } = await filledDisk(3);
  const whole = disk.files.get(FIRST) ?? Buffer.alloc(0);
  for (const rubbish of [
    Buffer.alloc(5000),
    Buffer.from("\n\n\n"),
    Buffer.from("0badcafe 12 0 {}\n"),
    whole.subarray(20),
  ]) {
    const middle = (ends[1] ?? 0) + 40;
    for (const kept of [ends[1] ?? 0, middle]) {
      const { found, disk: cut } = await startOn(
        Buffer.concat([whole.subarray(0, kept), rubbish.subarray(0, 4999)]),
      );
      // The rest of the old file holds whole lines that say that the second entry was durable, never more.
      t.same(unwrap(found).entries, entries(1, 2));
      t.equal(cut.files.get(FIRST)?.length, ends[1]);
    }
  }
});

t.test("a changed byte before the last entry is refused, naming file and place, at every byte", async (t) => {
  const { disk, ends } = await filledDisk(3);
  const whole = disk.files.get(FIRST) ?? Buffer.alloc(0);
  const lastBegins = ends[1] ?? 0;
  const wrong: string[] = [];
  for (let at = 0; at < whole.length; at += 1) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 0x40;
    const { found } = await startOn(bytes);
    if (at >= lastBegins) {
      // Nothing after it tells that it had been durable: it looks like a torn tail, and is treated as one.
      if (!found.ok || found.value.entries.length !== 2) wrong.push(`${at}: not cut off`);
      continue;
    }
    const begins = at < (ends[0] ?? 0) ? 0 : ends[0];
    const isNamed = !found.ok && found.fault.message.includes(`"${FIRST}" is damaged at byte ${begins}`);
    if (found.ok || found.fault.code !== "JOURNAL_CORRUPT" || !isNamed) wrong.push(`${at}: not refused`);
  }
  t.same(wrong, []);
});

t.test(
  "a batch that reached the disk in the wrong order is a torn tail, for none of it was answered",
  async (t) => {
    const { disk, ends } = await filledDisk(2);
    const journal = memoryJournal(disk);
    unwrap(await journal.recover());
    await Promise.all(entries(3, 5).map((each) => journal.append(each)));
    const bytes = Buffer.from(disk.files.get(FIRST) ?? "");
    bytes.fill(0, ends[1], (ends[1] ?? 0) + 50); // entries 4 and 5 are whole behind it
    const { found } = await startOn(bytes);
    t.same(unwrap(found).entries, entries(1, 2));
  },
);

t.test("appends that wait together share one fsync", async (t) => {
  const disk = new MemoryDisk();
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  const before = disk.syncs;
  const results = await Promise.all(entries(1, 200).map((each) => journal.append(each)));
  t.ok(results.every((result) => result.ok));
  t.equal(disk.syncs - before, 1);
  await journal.close();
  t.equal(unwrap(await memoryJournal(disk).recover()).entries.length, 200);
});

t.test(
  "a full disk refuses the append at every byte, nothing of it remains, and later appends work [F2]",
  async (t) => {
    const size = (await filledDisk(3)).ends;
    const wrong: string[] = [];
    for (let room = size[1] ?? 0; room < (size[2] ?? 0); room += 1) {
      const { disk } = await filledDisk(2);
      const journal = memoryJournal(disk);
      unwrap(await journal.recover());
      disk.capacityBytes = room;
      const refused = await journal.append(entry(3));
      if (refused.ok || refused.fault.code !== "JOURNAL_FULL") wrong.push(`${room}: not refused`);
      if (disk.files.get(FIRST)?.length !== size[1]) wrong.push(`${room}: something remains`);
      disk.capacityBytes = Number.POSITIVE_INFINITY;
      if (!(await journal.append(entry(3))).ok) wrong.push(`${room}: no append afterwards`);
      await journal.close();
      if (unwrap(await memoryJournal(disk).recover()).entries.length !== 3) wrong.push(`${room}: not stored`);
    }
    t.same(wrong, []);
  },
);

t.test("an append that fails refuses those that wait behind it, so that revisions have no gap", async (t) => {
  const disk = new MemoryDisk();
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  await appendAll(journal, entries(1, 1));
  disk.failing = (operation) => (operation === "sync" ? systemError("EIO") : undefined);
  const first = journal.append(entry(2));
  await new Promise((resolve) => setImmediate(resolve)); // the first is being written
  const second = journal.append(entry(3));
  for (const result of [await first, await second]) {
    t.equal(result.ok ? "stored" : result.fault.code, "JOURNAL_UNAVAILABLE");
  }
  const still = await journal.append(entry(2));
  t.match(still.ok ? "" : still.fault.message, /^Cannot append revision 2: EIO/);
  disk.failing = () => undefined;
  await appendAll(journal, entries(2, 3));
  await journal.close();
  t.same(unwrap(await memoryJournal(disk).recover()).entries, entries(1, 3));
});

t.test("a revision that is not the next one is refused", async (t) => {
  const journal = memoryJournal(new MemoryDisk());
  unwrap(await journal.recover());
  for (const revision of [0, 2]) {
    const result = await journal.append(entry(revision));
    t.equal(result.ok ? "stored" : result.fault.code, "REVISION_CONFLICT");
  }
  await appendAll(journal, entries(1, 1));
  await journal.close();
  await journal.close();
  const late = await journal.append(entry(2));
  t.equal(late.ok ? "stored" : late.fault.code, "JOURNAL_UNAVAILABLE");
});

t.test("a disk that takes a few bytes at a time stores whole entries", async (t) => {
  const disk = new MemoryDisk();
  disk.writeBytesMax = 7;
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  await appendAll(journal, entries(1, 3));
  t.same(unwrap(await memoryJournal(disk).recover()).entries, entries(1, 3));
});

t.test("the audit trail reads over segments, from any revision and with a limit", async (t) => {
  const disk = new MemoryDisk();
  const journal = memoryJournal(disk, { segmentBytes: 2000 });
  unwrap(await journal.recover());
  await appendAll(journal, entries(1, 40));
  t.ok((await disk.list(FOLDER)).length > 3, "there are several segments");
  unwrap(await journal.snapshot(domainAt(30)));
  await journal.close();
  const again = memoryJournal(disk, { segmentBytes: 2000 });
  const content = unwrap(await again.recover());
  t.equal(content.snapshot?.revision, 30);
  t.same(content.entries, entries(31, 40));
  for (let after = 0; after <= 40; after += 1) {
    const range = { after: after as Revision, limit: 7 };
    t.same(await again.read(range), entries(after + 1, Math.min(40, after + 7)));
  }
  await appendAll(again, entries(41, 42));
  t.same(await again.read({ after: 39 as Revision, limit: 100 }), entries(40, 42));
});

t.test("an entry longer than what is read at once comes back", async (t) => {
  const disk = new MemoryDisk();
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  const long = entry(2, 1_000_000);
  await appendAll(journal, [entry(1), long, entry(3)]);
  t.same(await journal.read({ after: 1 as Revision, limit: 2 }), [long, entry(3)]);
  t.same(unwrap(await memoryJournal(disk).recover()).entries, [entry(1), long, entry(3)]);
});

t.test("a segment that is missing between others is refused, naming the revisions", async (t) => {
  const disk = new MemoryDisk();
  const journal = memoryJournal(disk, { segmentBytes: 1000 });
  unwrap(await journal.recover());
  await appendAll(journal, entries(1, 20));
  const [, second = "", third = ""] = await disk.list(FOLDER);
  disk.files.delete(join(FOLDER, second));
  const found = await memoryJournal(disk).recover();
  t.equal(found.ok ? "" : found.fault.code, "JOURNAL_CORRUPT");
  const [from, to] = [Number.parseInt(second, 10), Number.parseInt(third, 10) - 1];
  t.match(found.ok ? "" : found.fault.message, `revisions ${from} to ${to} are missing`);
});

t.test("the newest two snapshots are kept, and a damaged one gives way to the one before", async (t) => {
  const { disk } = await filledDisk(9);
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  for (const revision of [3, 6, 9]) unwrap(await journal.snapshot(domainAt(revision)));
  const snapshots = (await disk.list(FOLDER)).filter((name) => name.startsWith("snapshot-"));
  t.same(snapshots, ["snapshot-0000000000000006.json", "snapshot-0000000000000009.json"]);
  const newest = disk.files.get(join(FOLDER, snapshots[1] ?? "")) ?? Buffer.alloc(0);
  newest[30] = (newest[30] ?? 0) ^ 1;
  const warned: string[] = [];
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (_: object, message: string) => void warned.push(message),
  };
  const content = unwrap(await memoryJournal(disk, { log }).recover());
  t.equal(content.snapshot?.revision, 6);
  t.same(content.entries, entries(7, 9));
  t.equal(warned.length, 1);
});

t.test("a snapshot that does not fit on the disk is refused and leaves nothing behind", async (t) => {
  const { disk, ends } = await filledDisk(2);
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  disk.capacityBytes = (ends[1] ?? 0) + 50;
  const refused = await journal.snapshot(domainAt(2));
  t.equal(refused.ok ? "" : refused.fault.code, "JOURNAL_FULL");
  t.same(await disk.list(FOLDER), ["0000000000000001.log"]);
});

t.test("a journal that goes on behind a snapshot newer than its entries stays readable", async (t) => {
  const { disk } = await filledDisk(9);
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  unwrap(await journal.snapshot(domainAt(9)));
  await journal.close();
  const { ends } = await filledDisk(7);
  disk.files.set(FIRST, (disk.files.get(FIRST) ?? Buffer.alloc(0)).subarray(0, ends[6]));
  const shorter = memoryJournal(disk);
  const content = unwrap(await shorter.recover());
  t.equal(content.snapshot?.revision, 9);
  t.same(content.entries, []);
  await appendAll(shorter, entries(10, 12));
  await shorter.close();
  const again = memoryJournal(disk);
  t.same(unwrap(await again.recover()).entries, entries(10, 12));
  t.same(await again.read({ after: 5 as Revision, limit: 10 }), [...entries(6, 7), ...entries(10, 12)]);
});

t.test("an entry of a version that this program does not know is refused, not skipped", async (t) => {
  const disk = new MemoryDisk();
  const journal = memoryJournal(disk);
  unwrap(await journal.recover());
  await journal.append({ ...entry(1), version: 2 as 1 });
  const found = await memoryJournal(disk).recover();
  t.match(found.ok ? "" : found.fault.message, /version is "2"/);
});
