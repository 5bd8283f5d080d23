// The harness itself, as `npm run bench` starts it, with the two proxies that need no further package. No figure is judged.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { canMeasure, processTree } from "../../bench/process-tree.ts";
import type { Results } from "../../bench/results.ts";

const MAIN = fileURLToPath(new URL("../../bench/main.js", import.meta.url));
const ROUND = ["--only", "splice,bare", "--cases", "browser", "--rounds", "1", "--warm", "0.3", "--no-save"];
const GONE_MS = 5_000;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Everything that it said, once it has ended. */
function ended(child: ChildProcess): Promise<{ readonly status: number | null; readonly said: string }> {
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, said })));
}

/** True once nothing of a process is left, or only its entry for a parent that does not ask. */
function isGone(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || / Z /.test(readFileSync(stat, "latin1"));
}

async function allGone(pids: readonly number[]): Promise<boolean> {
  for (let waited = 0; waited < GONE_MS && !pids.every(isGone); waited += 10) await wait(10);
  return pids.every(isGone);
}

const canRun = canMeasure() ? {} : { skip: "needs /proc" };

t.test("a bench round measures every proxy without an error", canRun, async (t: Test) => {
  const json = join(t.testdir(), "results.json");
  const { status, said } = await ended(
    start([...ROUND, "--seconds", "1", "--count", "2000", "--json", json]),
  );
  t.equal(status, 0, said);
  const results = JSON.parse(readFileSync(json, "utf8")) as Results;
  t.same(
    results.rows.map(({ peer }) => peer),
    ["splice", "bare"],
  );
  for (const { sample } of results.rows) {
    if (sample.kind !== "load") throw new Error("No load was measured");
    t.ok(sample.cpuUsPerRequest > 1 && sample.requestsPerSecond > 10 && sample.p99Us >= sample.p50Us, said);
    t.match(sample.errors, { status: 0, length: 0, affinity: 0, lost: 0, timeout: 0, reconnects: 0 });
  }
});

t.test("a bench that is interrupted ends everything that it started", canRun, async (t: Test) => {
  const child = start([...ROUND, "--seconds", "60"]);
  const end = ended(child);
  const pid = child.pid ?? 0;
  while (processTree(pid).length < 3 && child.exitCode === null) await wait(10); // itself, the load process, a proxy
  const started = processTree(pid).slice(1);
  child.kill("SIGINT");
  const { status } = await end;
  t.equal(status, 130);
  t.ok(started.length >= 2);
  t.ok(await allGone(started), "nothing is left");
});

t.test("a bench refuses an option that it does not know", async (t: Test) => {
  const { status, said } = await ended(start(["--cases", "smal"]));
  t.equal(status, 1);
  t.match(said, 'No case is named "smal"');
});
