// Builds, lints and runs the tests: `npm test`, or `npm test -- routing decide` for the files whose path has one of the words.
//
// Each test file is a plain `node` process that prints TAP. tap's own runner is not used, because its TypeScript loader
// would compile what is compiled already; see test/README.md.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { isRunning, killGroup } from "./process-group.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TESTS = join(ROOT, "dist", "test");
const FILES_AT_ONCE = 2;
const FILE_LIMIT_MS = 180_000;
const LINT = "the code is formatted and linted";
/** Whole sites take longest: they go first, so that the last file does not run alone. */
const SLOW_FIRST = ["scenario", "fuzz"];

const running = new Set();

/** Every compiled test file that one of the words names; all of them without words. */
function testFiles(words) {
  if (!existsSync(TESTS)) return [];
  const found = readdirSync(TESTS, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".test.js") && !file.includes("fixtures"))
    .filter((file) => words.length === 0 || words.some((word) => `test/${file}`.includes(word)));
  const rank = (file) => (SLOW_FIRST.some((folder) => file.startsWith(folder)) ? 0 : 1);
  return found.sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
}

/** Runs a command as the leader of its own process group. */
function launch(command, args) {
  const child = spawn(command, args, { cwd: ROOT, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child.pid);
  return child;
}

/** Collects what a child says and how it ended. `onOutput` sees its standard output as it comes. */
function outcome(child, onOutput) {
  return new Promise((resolve) => {
    const result = { stderr: "", timedOut: false, leftover: false, status: null };
    const limit = setTimeout(() => {
      result.timedOut = true;
      killGroup(child.pid);
    }, FILE_LIMIT_MS);
    child.stdout.on("data", onOutput);
    child.stderr.on("data", (chunk) => {
      result.stderr = (result.stderr + chunk).slice(-20_000);
    });
    child.on("error", (error) => {
      result.stderr += error.message;
    });
    child.on("exit", (status, signal) => {
      clearTimeout(limit);
      result.status = status ?? signal;
      // Whoever is still in the group was started by the test and not ended by it; it would hold our pipes open too.
      result.leftover = isRunning(child.pid) && !result.timedOut;
      killGroup(child.pid);
      running.delete(child.pid);
    });
    child.on("close", () => resolve(result));
  });
}

/** Counts the assertions of a TAP stream that hold no others; a subtest's closing line only repeats them. */
function countAssertions(parser, tally) {
  parser.on("child", (child) => countAssertions(child, tally));
  parser.on("assert", (result) => {
    if (result.closingTestPoint && (result.ok || tally.failures.length > 0)) return;
    if (result.ok || result.todo || result.skip) tally.passed += 1;
    else tally.failures.push(failureText(result));
  });
}

function failureText(result) {
  const lines = [`not ok: ${result.fullname ?? result.name}`];
  if (result.diag) lines.push(JSON.stringify(result.diag, null, 2).replaceAll("\\n", "\n"));
  return lines.join("\n");
}

/** Runs one test file; `failures` are texts for people. */
async function runFile(Parser, file) {
  const tally = { passed: 0, failures: [] };
  const parser = new Parser();
  countAssertions(parser, tally);
  const child = launch(process.execPath, ["--enable-source-maps", join(TESTS, file)]);
  const ended = await outcome(child, (chunk) => parser.write(chunk));
  parser.end();
  if (ended.timedOut) tally.failures.push(`took longer than ${FILE_LIMIT_MS / 1000} s and was killed`);
  if (ended.leftover) tally.failures.push("left processes behind that it had started");
  if (tally.failures.length === 0 && (ended.status !== 0 || !parser.ok)) {
    tally.failures.push(`ended with status ${ended.status} outside of any assertion`);
  }
  if (tally.failures.length > 0 && ended.stderr !== "")
    tally.failures.push(`standard error:\n${ended.stderr}`);
  return tally;
}

/** The formatter and linter, counted as one test. */
async function lint() {
  let output = "";
  const child = launch(process.execPath, [
    join(ROOT, "node_modules", "@biomejs", "biome", "bin", "biome"),
    "check",
  ]);
  const ended = await outcome(child, (chunk) => {
    output += chunk;
  });
  if (ended.status === 0) return { passed: 1, failures: [] };
  return { passed: 0, failures: [`not ok: ${LINT}; try \`npm run format\`\n${output}${ended.stderr}`] };
}

/** One line a file, its failures whole below it. */
function print(name, { passed, failures }, startedAt) {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${failures.length === 0 ? "ok    " : "FAILED"} ${name}  ${passed} passed, ${seconds} s`);
  for (const failure of failures) console.log(failure.replace(/^/gm, "    "));
}

async function main(words) {
  build();
  const { Parser } = await import("tap-parser"); // only now is it certain to be installed
  const jobs = testFiles(words).map((file) => ({
    name: relative(ROOT, join(ROOT, "test", file)).replace(/\.js$/, ".ts"),
    run: () => runFile(Parser, file),
  }));
  if (words.length === 0) jobs.push({ name: LINT, run: lint });
  const total = { passed: 0, failed: 0 };
  const next = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const startedAt = performance.now();
      const tally = await job.run();
      print(job.name, tally, startedAt);
      total.passed += tally.passed;
      total.failed += tally.failures.filter((text) => !text.startsWith("standard error:")).length;
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, next));
  if (total.passed === 0) console.log("Nothing passed: no test file matches, or none has an assertion");
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    for (const pid of running) killGroup(pid);
    process.exit(1);
  });
}

await main(process.argv.slice(2));
