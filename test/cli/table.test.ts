import t from "tap";
import { fields, table } from "../../src/cli/table.ts";

const PLAIN = { hasColor: false, columns: 0 };
const ROWS = [
  { name: "Server01", count: 3, note: "a long remark that does not fit" },
  { name: "S2", count: 12_000, note: null },
];
const COLUMNS = [
  { title: "NAME", text: (row: (typeof ROWS)[number]) => row.name },
  { title: "COUNT", text: (row: (typeof ROWS)[number]) => row.count, align: "right" as const },
  { title: "NOTE", text: (row: (typeof ROWS)[number]) => row.note },
];

t.test("columns are aligned, numbers on the right, and nothing is cut off a terminal", async (t) => {
  t.equal(
    table(ROWS, COLUMNS, PLAIN),
    `NAME      COUNT  NOTE
Server01      3  a long remark that does not fit
S2        12000  -
`,
  );
});

t.test("on a terminal a line is as wide as it at most", async (t) => {
  for (const columns of [5, 12, 20, 30]) {
    const lines = table(ROWS, COLUMNS, { hasColor: false, columns }).trimEnd().split("\n");
    for (const line of lines) t.ok([...line].length <= columns, `${columns}: ${line}`);
  }
  t.match(table(ROWS, COLUMNS, { hasColor: false, columns: 24 }), /^Server01 +3 {2}a long…$/m);
});

t.test("colour stands around the text only, and nowhere when there is none", async (t) => {
  const columns = [{ title: "MODE", text: (row: string) => row, tone: () => "bad" as const }];
  t.match(table(["break"], columns, { hasColor: true, columns: 0 }), "\u001b[31mbreak\u001b[0m");
  t.notMatch(table(["break"], columns, PLAIN), "\u001b");
});

t.test("text of others cannot move the cursor", async (t) => {
  const shown = table(["a\u001b[2Jb\nc"], [{ title: "REASON", text: (row: string) => row }], PLAIN);
  t.equal(shown, "REASON\na [2Jb c\n");
  t.notMatch(fields([["reason", "x\u009by"]], PLAIN), "\u009b");
});
