// Every promise has tests that cite it, and test/README.md names them truly.

import { existsSync, readdirSync } from "node:fs";
import t from "tap";
import { textOf } from "./tidy/sources.ts";

/** What the router promises, by the ids of the specification; P2 is the wire checklist, whose lines are ids themselves. */
const PROMISES =
  "R1 R2 R3 R4 R6 R7 A1 A2 A3 A4 A5 M1 M2 M3 M4 M5 D2 D4 E1 E2 E3 E4 E6 E7 E9 P2 P3 P4 P5 F1 F2 F4 F5 C1 C2 C4 C5".split(
    " ",
  );

const files = readdirSync("test", { recursive: true })
  .map((file) => String(file).replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => file.replace(/\.test\.ts$/, ""));
const cited = new Map(files.map((file) => [file, idsOf(textOf(`test/${file}.test.ts`))]));

/** The ids in brackets in the names of tests; `W20-W29` means all of them. */
function idsOf(text: string): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const [, , name = ""] of text.matchAll(/\.test\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/g)) {
    for (const [, list = ""] of name.matchAll(/\[([^\]]*)\]/g)) {
      for (const [, letter = "", first = "", last = first] of list.matchAll(
        /\b([A-Z])(\d+)(?:-\1(\d+))?\b/g,
      )) {
        for (let number = Number(first); number <= Number(last); number += 1) {
          ids.add(letter + String(number).padStart(first.length, "0"));
        }
      }
    }
  }
  return ids;
}

/** The rows of a table whose first cell begins with an id: id, rest of the first cell, last cell. */
function rowsOf(
  path: string,
): readonly { readonly id: string; readonly kind: string; readonly last: string }[] {
  const rows = textOf(path).matchAll(/^\| ([A-Z]\d+)( [A-Z])? \|.*\| ([^|]*) \|$/gm);
  return [...rows].map(([, id = "", kind = "", last = ""]) => ({ id, kind: kind.trim(), last }));
}

t.test("every promise has a row, and every file that the row names has a test that cites it", (t) => {
  const rows = rowsOf("test/README.md");
  t.strictSame(
    rows.map(({ id }) => id),
    PROMISES,
  );
  for (const { id, last } of rows) {
    if (id === "P2") continue;
    const named = [...last.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
    t.ok(named.length > 0, id);
    for (const file of named) t.ok(cited.get(file)?.has(id), `${id} in ${file}`);
  }
  t.end();
});

t.test("every line of the wire checklist that is served has tests that cite it", (t) => {
  const rows = rowsOf("test/wire/README.md");
  t.ok(rows.filter(({ kind }) => kind === "M").length > 25);
  for (const { id, last } of rows) {
    if (last.includes("not served yet")) continue;
    const named = [...last.matchAll(/`([^`]+)`/g)].map(([, name = ""]) =>
      name.startsWith("../") ? name.slice(3) : `wire/${name}`,
    );
    t.strictSame(
      named.filter((file) => !cited.has(file)),
      [],
      id,
    );
    t.ok(
      named.some((file) => cited.get(file)?.has(id)),
      id,
    );
  }
  t.end();
});

t.test("the files that src/README.md names on the way of a request and of a command are there", (t) => {
  const named = [...textOf("src/README.md").matchAll(/`([a-z0-9-]+\/)?([a-z0-9-]+\.(?:ts|md))`/g)];
  t.ok(named.length > 40);
  for (const [, folder = "", file = ""] of named) t.ok(existsSync(`src/${folder}${file}`), folder + file);
  t.end();
});

t.test("folders and files that test/README.md names are there", (t) => {
  for (const [, name = ""] of textOf("test/README.md").matchAll(/`([a-z0-9-]+\/[a-z0-9/-]*)`/g)) {
    t.ok(existsSync(`test/${name}`) || existsSync(`test/${name}.test.ts`) || existsSync(name), name);
  }
  t.end();
});
