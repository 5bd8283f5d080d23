// Measures how a routing table is compiled and installed: the whole time, and the longest pause, which is the longest slice or
// the switch. `node dist/bench/micro/compile.js`

import { argv, cpuUsage } from "node:process";
import type { RoutingTable } from "../../src/routing/table.ts";
import { applyTableChange } from "../../src/routing/table-change.ts";
import type { WorkerRouter } from "../../src/routing/worker-router.ts";
import { newRouter, type Shape, SUFFIX, tableOf } from "./routing-site.ts";

export interface CompileRow {
  readonly name: string;
  readonly ms: number;
  readonly longestPauseMs: number;
}

const ROUNDS = 7;

/** Processor time of this process, ms: other processes of the machine do not count as pauses. */
function processorMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

/** Compiles and installs once. */
function switchTo(
  router: WorkerRouter,
  table: RoutingTable,
): { readonly ms: number; readonly pauseMs: number } {
  const startedAt = processorMs();
  const compiling = router.compile(table);
  let pauseMs = 0;
  let lastAt = startedAt;
  for (;;) {
    const step = compiling.next();
    if (step.done === true) router.install(step.value);
    const now = processorMs();
    pauseMs = Math.max(pauseMs, now - lastAt);
    lastAt = now;
    if (step.done === true) return { ms: now - startedAt, pauseMs };
  }
}

/** The median of several switches; every entry comes fresh from JSON, as over the bus. */
function measure(
  name: string,
  shape: Shape,
  next: (table: RoutingTable, round: number) => RoutingTable,
): CompileRow {
  const router = newRouter();
  let table = tableOf(shape);
  router.setTable(table);
  const times: number[] = [];
  const pauses: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    table = next(table, round);
    const { ms, pauseMs } = switchTo(router, table);
    times.push(ms);
    pauses.push(pauseMs);
  }
  return { name, ms: median(times), longestPauseMs: median(pauses) };
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;
}

function fresh(table: RoutingTable): RoutingTable {
  return JSON.parse(JSON.stringify(table)) as RoutingTable;
}

/** One server of the first application changes its mode; the rest of the table is the same. */
function changeOne(table: RoutingTable): RoutingTable {
  const [first] = fresh(table).applications;
  if (first === undefined) return table;
  const [edition] = first.editions;
  const instances = edition?.instances.map((instance, index) =>
    index > 0
      ? instance
      : { ...instance, access: instance.access === "open" ? ("closed" as const) : ("open" as const) },
  );
  const changed = {
    ...first,
    editions: [{ label: "1", state: "running" as const, instances: instances ?? [] }],
  };
  const result = applyTableChange(table, {
    version: 1,
    from: table.revision,
    revision: (table.revision + 1) as RoutingTable["revision"],
    changed: [changed],
  });
  if (!result.ok) throw new Error(result.fault.message);
  return result.value;
}

/** All cases: the whole table anew, and one mode change, for few and many applications. */
export function benchCompile(): readonly CompileRow[] {
  const rows: CompileRow[] = [];
  for (const [applications, instances] of [
    [1, 10],
    [1, 1000],
    [1, 10_000],
    [100, 100],
    [1000, 10],
    [10_000, 1],
  ] as const) {
    const shape = { applications, instances, affinity: SUFFIX };
    const size = `${applications} × ${instances} instances`;
    rows.push(measure(`whole table, ${size}`, shape, fresh));
    rows.push(measure(`one mode, ${size}`, shape, changeOne));
  }
  return rows;
}

if (argv[1] === import.meta.filename) {
  for (const { name, ms, longestPauseMs } of benchCompile()) {
    console.log(
      `${name.padEnd(40)} ${ms.toFixed(2).padStart(8)} ms, longest pause ${longestPauseMs.toFixed(2)} ms`,
    );
  }
}
