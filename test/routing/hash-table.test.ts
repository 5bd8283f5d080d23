import t from "tap";
import { HashTable } from "../../src/routing/hash-table.ts";

interface Named {
  readonly hash: number;
  readonly name: string;
  next: Named | null;
}

/** Names of all entries with this hash, in the order in which they are found. */
function namesOf(entries: HashTable<Named>, hash: number): string {
  let names = "";
  for (let entry = entries.chain(hash); entry !== null; entry = entry.next) {
    if (entry.hash === hash) names += entry.name;
  }
  return names;
}

t.test("a table finds every entry, however many there are and whatever their hashes [R1]", async (t) => {
  const entries = new HashTable<Named>();
  t.equal(entries.chain(0), null, "nothing in an empty table");
  t.equal(entries.chain(-1), null);
  for (let hash = -500; hash < 500; hash += 1) {
    entries.add({ hash: Math.imul(hash, 0x9e3779b1), name: `${hash}`, next: null });
  }
  t.equal(entries.size, 1000);
  for (let hash = -500; hash < 500; hash += 1) {
    if (namesOf(entries, Math.imul(hash, 0x9e3779b1)) !== `${hash}`) t.fail(`${hash} is lost`);
  }
  t.equal(namesOf(entries, 12_345), "");
});

t.test("of entries with one hash the newest is found first, however the table has grown [A2]", async (t) => {
  const entries = new HashTable<Named>();
  for (let step = 0; step < 9; step += 1) {
    entries.add({ hash: 7, name: `${step}`, next: null });
    for (let other = 0; other < 30; other += 1)
      entries.add({ hash: step * 31 + other + 8, name: "-", next: null });
  }
  t.equal(namesOf(entries, 7), "876543210");
});
