import t from "tap";
import type { FaultCode } from "../src/base/fault.ts";
import { FAULTS } from "../src/base/fault.ts";
import {
  hotWithoutBench,
  longFiles,
  longFunctions,
  looseTypes,
  statesWithoutReadme,
  undocumentedExports,
  withoutHeader,
  worldNames,
} from "./tidy/code-rules.ts";
import { foldersWithoutRow, forbiddenImports, oddSpecifiers, unreachable } from "./tidy/import-rules.ts";
import { readSources, textOf } from "./tidy/sources.ts";

/** What runs: one process each. */
const COMPOSITION_ROOTS = ["src/main.ts", "src/keeper.ts", "src/control.ts", "src/worker.ts"];

/** Files that no process imports, and why they are there all the same. */
const NOT_RUN: ReadonlyMap<string, string> = new Map([
  ["src/domain/invariants.ts", "tests check it after every command"],
  ["src/settings/json-schemas.ts", "makes the schemas in config"],
]);

const sources = await readSources();
const code = sources.filter(({ path }) => !path.startsWith("test/"));

t.test("the sources are found", (t) => {
  for (const root of COMPOSITION_ROOTS)
    t.ok(
      sources.some(({ path }) => path === root),
      root,
    );
  t.ok(sources.length > 100);
  t.end();
});

t.test(
  "every folder of src has its row in the table of src/README.md, and imports only what that says",
  (t) => {
    t.strictSame(foldersWithoutRow(sources), []);
    t.strictSame(forbiddenImports(sources), []);
    t.end();
  },
);

t.test("relative imports end in .ts, and nothing is imported by way of another file", (t) => {
  t.strictSame(oddSpecifiers(sources), []);
  t.end();
});

t.test("a file has at most 400 lines and a function at most 60, or says why not", (t) => {
  t.strictSame(longFiles(sources), []);
  t.strictSame(longFunctions(code), []);
  t.end();
});

t.test("only src/system names the clock, timers, randomness and the process", (t) => {
  t.strictSame(worldNames(sources), []);
  t.end();
});

t.test(
  "no type is any, nothing is asserted with !, the compiler is not silenced, exports have names",
  (t) => {
    t.strictSame(looseTypes(code), []); // Biome looks at the tests
    t.end();
  },
);

t.test("every file says what it is for, and every export has a docstring", (t) => {
  t.strictSame(withoutHeader(sources), []);
  t.strictSame(undocumentedExports(sources), []);
  t.end();
});

t.test("a hot file names the bench that watches it", (t) => {
  t.strictSame(hotWithoutBench(sources), []);
  t.end();
});

t.test("a folder with a state machine has a README", (t) => {
  t.strictSame(statesWithoutReadme(sources), []);
  t.end();
});

t.test("every file of src is part of a running process", (t) => {
  const unexpected = unreachable(sources, [...COMPOSITION_ROOTS, ...NOT_RUN.keys()]);
  t.strictSame(unexpected, []);
  for (const [file, reason] of NOT_RUN)
    t.ok(
      sources.some(({ path }) => path === file),
      `${file}: ${reason}`,
    );
  t.end();
});

t.test("the manual has every fault code, with its status and what to do", (t) => {
  const rows = [...textOf("docs/faults.md").matchAll(/^\| `([A-Z_]+)` \| (\d+) \| ([^|]+) \| ([^|]+) \|$/gm)];
  const documented = rows.map(([, name, status, , hint]) => [name, Number(status), hint?.trim()]);
  const codes = Object.keys(FAULTS) as FaultCode[]; // the keys of a Record<FaultCode, …>
  t.strictSame(
    documented,
    codes.map((name) => [name, FAULTS[name].status, FAULTS[name].hint]),
  );
  t.end();
});
