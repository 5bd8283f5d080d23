// `npm run bench`: reads the options, lets the harness run, prints tables and keeps the results.

import { cpus } from "node:os";
import { CASES } from "./cases.ts";
import { goalLines } from "./goals.ts";
import { runRounds } from "./harness.ts";
import { installPeers } from "./install.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import type { Peer } from "./peer.ts";
import { PEERS } from "./peers.ts";
import { canMeasure } from "./process-tree.ts";
import { canPin, endWithUs } from "./processes.ts";
import { machine, type Results, type Summary, saveResults, summarize } from "./results.ts";
import { caseTable } from "./table.ts";
import { otherBuild, tidegatePeer, VARIANTS } from "./tidegate.ts";

const BUSY_LOAD = 0.5;
const CORES_NEEDED = 2;

/** This build or what stands in for it, its variants, further builds, and the peers. */
function everybody(options: Options): readonly Peer[] {
  const builds = options.tidegate.map(otherBuild);
  const standIn = builds.find(({ name }) => name === "tidegate");
  const own = VARIANTS.map((variant) =>
    standIn === undefined ? variant : { ...variant, command: standIn.command },
  );
  return [...own, ...builds.filter((build) => build !== standIn)].map(tidegatePeer).concat(PEERS);
}

function chosen(peers: readonly Peer[], only: readonly string[]): readonly Peer[] {
  const unknown = only.find((name) => !peers.some((peer) => peer.name === name));
  if (unknown !== undefined) {
    throw new Error(`Nobody is named "${unknown}"; there are: ${peers.map(({ name }) => name).join(", ")}`);
  }
  const isWanted = ({ name }: Peer): boolean =>
    only.length === 0 || only.includes(name) || (only.includes("tidegate") && /^tidegate-/.test(name));
  return peers.filter(isWanted);
}

function say(line: string): void {
  console.error(line);
}

function warnings(loadBefore: number): readonly string[] {
  const lines: string[] = [];
  if (cpus().length < CORES_NEEDED)
    lines.push("One core only: load and proxy share it, only processor time means something");
  if (!canPin) lines.push("No taskset: processes are not pinned to cores");
  if (loadBefore > BUSY_LOAD)
    lines.push(`The machine was busy before (load ${loadBefore}): figures are noisy`);
  return lines;
}

function print(results: Results, base: string): void {
  const summariesByCase = new Map<string, readonly Summary[]>();
  for (const wanted of CASES) {
    const rows = results.rows.filter((row) => row.case === wanted.name);
    if (rows.length === 0) continue;
    const caseBase = wanted.kind === "load" && wanted.who !== "everybody" ? wanted.base : base;
    const summaries = summarize(rows, caseBase).toSorted(
      (one, other) =>
        (one.cpuUs ?? one.bytesPerConnection ?? 0) - (other.cpuUs ?? other.bytesPerConnection ?? 0),
    );
    summariesByCase.set(wanted.name, summaries);
    console.log(caseTable(wanted, summaries, caseBase));
  }
  for (const [name, version] of Object.entries(results.versions)) console.log(`${name}: ${version}`);
  for (const [name, why] of Object.entries(results.skipped)) console.log(`skipped ${name}: ${why}`);
  if (base === "tidegate") for (const line of goalLines(summariesByCase)) console.log(line);
}

async function run(options: Options): Promise<void> {
  const versions: Record<string, string> = {};
  const skipped: Record<string, string> = {};
  const peers = chosen(everybody(options), options.only).filter((peer) => {
    const presence = peer.presence();
    if (presence.installed) versions[peer.name] = presence.version;
    else skipped[peer.name] = `${presence.why} (try \`npm run bench -- --install\`)`;
    return presence.installed;
  });
  const about = machine();
  const date = new Date().toISOString();
  for (const line of warnings(about.loadBefore)) say(line);
  const { rows, failed } = await runRounds({
    cases: CASES.filter(({ name }) => options.cases.length === 0 || options.cases.includes(name)),
    peers,
    rounds: options.rounds,
    window: { warmMs: options.warmMs, windowMs: options.windowMs, countMax: options.countMax },
    say,
  });
  const results: Results = {
    version: 1,
    date,
    machine: about,
    versions,
    skipped: { ...skipped, ...failed },
    rows,
  };
  const isMeasured = rows.some(({ peer }) => peer === "tidegate");
  print(results, options.base !== "" ? options.base : isMeasured ? "tidegate" : (peers[0]?.name ?? ""));
  for (const path of saveResults(results, options)) say(`Results are in ${path}`);
  if (rows.length === 0) throw new Error("Nothing was measured");
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (options.install) {
    for (const line of installPeers()) console.log(`still missing ${line}`);
    return;
  }
  if (!canMeasure()) throw new Error("Processor time is read from /proc, which only Linux has");
  endWithUs();
  await run(options);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
