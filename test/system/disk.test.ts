import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { makeFolder, readFileIfThere, systemDisk, writeFileWhole } from "../../src/system/disk.ts";
import { MemoryDisk, systemError } from "../journal/fixtures/memory-disk.ts";

t.test(
  "a folder is made with those above it, by several at once too, and never where a file is",
  async (t) => {
    const folder = t.testdir({ file: "" });
    const deep = join(folder, "a", "b", "c");
    await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, "a"))]);
    await makeFolder(deep);
    t.same(await readdir(deep), []);
    await t.rejects(makeFolder(join(folder, "file")), { code: "EEXIST" });
    await t.rejects(makeFolder(join(folder, "file", "below")), { code: "ENOTDIR" });
  },
);

t.test("a file is replaced whole, and nothing else is left in its folder", async (t) => {
  const folder = t.testdir({ state: "a longer content than the next" });
  await writeFileWhole(join(folder, "state"), "short");
  t.equal(await readFile(join(folder, "state"), "utf8"), "short");
  t.same(await readdir(folder), ["state"]);
});

t.test("a write that fails at any step leaves the old content and no other file", async (t) => {
  for (const step of ["open", "write", "sync", "rename"]) {
    const disk = new MemoryDisk();
    disk.files.set("/state", Buffer.from("old"));
    disk.failing = (operation) => (operation === step ? systemError("EIO") : undefined);
    await t.rejects(writeFileWhole("/state", "new", disk), { code: "EIO" });
    t.same([...disk.files], [["/state", Buffer.from("old")]], step);
  }
});

t.test("a file that is not there is told apart from one that cannot be read", async (t) => {
  const folder = t.testdir({ empty: "" });
  t.equal(await readFileIfThere(join(folder, "absent")), undefined);
  t.equal((await readFileIfThere(join(folder, "empty")))?.length, 0);
  await t.rejects(readFileIfThere(folder), { code: "EISDIR" });
});

t.test("a file that may only be read is read", async (t) => {
  const folder = t.testdir();
  const path = join(folder, "fixed");
  await writeFile(path, "settings");
  await chmod(path, 0o400);
  t.equal(String(await readFileIfThere(path)), "settings");
});

t.test("an open file is read and written at any place, cut, and measured", async (t) => {
  const file = await systemDisk.open(join(t.testdir(), "new"), "create");
  await file.write(Buffer.from("abcdef"), 0);
  await file.write(Buffer.from("X"), 2);
  await file.truncate(4);
  await file.sync();
  t.equal(await file.sizeBytes(), 4);
  const into = Buffer.alloc(10);
  t.equal(await file.read(into, 1), 3);
  t.equal(into.toString("latin1", 0, 3), "bXd");
  await file.close();
});
