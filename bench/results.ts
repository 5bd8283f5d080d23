// Everything that a run measured, what it comes to, and the file it is kept in.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, hostname, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { errorCount, type Sample } from "./measure.ts";
import { ROOT } from "./peer.ts";

/** One measurement with its place. */
export interface Row {
  readonly round: number;
  readonly case: string;
  readonly peer: string;
  readonly sample: Sample;
}

/** The machine and what ran on it: figures mean little without. */
export interface Machine {
  readonly name: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  /** Load of the last minute when the run began; above 0.5, others were working too. */
  readonly loadBefore: number;
}

export interface Results {
  readonly version: 1;
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly skipped: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** Median over the rounds of what one peer showed in one case; absent values have no meaning in that case. */
export interface Summary {
  readonly peer: string;
  readonly rounds: number;
  readonly cpuUs?: number;
  readonly requestsPerSecond?: number;
  readonly coreShare?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
  readonly megabytesPerSecond?: number;
  readonly megabytesPerCpuSecond?: number;
  readonly bytesPerConnection?: number;
  /** The base's cost over this peer's, median of the ratios within each round: below 1, the base is cheaper. */
  readonly ratio?: number;
  readonly errors: number;
  readonly firstError: string;
}

export function machine(): Machine {
  const all = cpus();
  return {
    name: hostname(),
    processor: all[0]?.model ?? "unknown",
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** One summary a peer, in the order of its first row. */
export function summarize(rows: readonly Row[], base: string): readonly Summary[] {
  const names = [...new Set(rows.map(({ peer }) => peer))];
  return names.map((peer) => {
    const own = rows.filter((row) => row.peer === peer);
    const ratios = own.flatMap((row) => {
      const other = rows.find((candidate) => candidate.peer === base && candidate.round === row.round);
      return other === undefined || peer === base ? [] : [cost(other.sample) / cost(row.sample)];
    });
    return {
      peer,
      rounds: own.length,
      ...medians(own),
      ...(ratios.length > 0 ? { ratio: median(ratios) } : {}),
      errors: own.reduce((sum, row) => sum + errorCount(row.sample), 0),
      firstError: own.map(({ sample }) => firstError(sample)).find((words) => words !== "") ?? "",
    };
  });
}

function medians(rows: readonly Row[]): Partial<Summary> {
  const loads = rows.flatMap(({ sample }) => (sample.kind === "load" ? [sample] : []));
  const idles = rows.flatMap(({ sample }) => (sample.kind === "idle" ? [sample] : []));
  if (loads.length === 0) return { bytesPerConnection: median(idles.map((one) => one.bytesPerConnection)) };
  return {
    cpuUs: median(loads.map((one) => one.cpuUsPerRequest)),
    requestsPerSecond: median(loads.map((one) => one.requestsPerSecond)),
    coreShare: median(loads.map((one) => one.coreShare)),
    p50Us: median(loads.map((one) => one.p50Us)),
    p99Us: median(loads.map((one) => one.p99Us)),
    megabytesPerSecond: median(loads.map((one) => one.megabytesPerSecond)),
    megabytesPerCpuSecond: median(loads.map((one) => one.megabytesPerCpuSecond)),
  };
}

function cost(sample: Sample): number {
  return sample.kind === "load" ? sample.cpuUsPerRequest : sample.bytesPerConnection;
}

function firstError(sample: Sample): string {
  return sample.kind === "load" ? sample.errors.first : "";
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Writes the results to `bench/results/DATE-MACHINE.json` and, when named, to another file; returns the paths. */
export function saveResults(
  results: Results,
  where: { readonly save: boolean; readonly json: string },
): string[] {
  const paths: string[] = [];
  if (where.save) {
    const folder = join(ROOT, "bench/results");
    mkdirSync(folder, { recursive: true });
    paths.push(join(folder, `${results.date.slice(0, 16).replaceAll(":", "")}-${results.machine.name}.json`));
  }
  if (where.json !== "") paths.push(where.json);
  for (const path of paths) writeFileSync(path, `${JSON.stringify(results, compact, 1)}\n`);
  return paths;
}

function compact(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
