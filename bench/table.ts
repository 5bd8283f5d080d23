// Results as a table for people.

import type { Case } from "./cases.ts";
import type { Summary } from "./results.ts";

interface Column {
  readonly head: string;
  readonly cell: (summary: Summary) => string;
}

function digits(value: number | undefined, places: number): string {
  return value === undefined || !Number.isFinite(value) ? "-" : value.toFixed(places);
}

function columnsFor(wanted: Case, base: string): readonly Column[] {
  const peer: Column = { head: "", cell: (row) => row.peer };
  const ratio: Column = { head: `${base} / it`, cell: (row) => digits(row.ratio, 2) };
  const errors: Column = { head: "errors", cell: (row) => String(row.errors) };
  if (wanted.kind === "idle") {
    return [peer, { head: "bytes each", cell: (row) => digits(row.bytesPerConnection, 0) }, ratio, errors];
  }
  const unit = wanted.work.kind === "web-socket" ? "message" : "request";
  const columns: Column[] = [
    peer,
    { head: `CPU µs/${unit}`, cell: (row) => digits(row.cpuUs, 1) },
    ratio,
    { head: `${unit}s/s`, cell: (row) => digits(row.requestsPerSecond, 0) },
    { head: "core %", cell: (row) => digits((row.coreShare ?? 0) * 100, 0) },
    { head: "p50 ms", cell: (row) => digits((row.p50Us ?? 0) / 1000, 2) },
    { head: "p99 ms", cell: (row) => digits((row.p99Us ?? 0) / 1000, 2) },
  ];
  if (wanted.work.kind === "http" && Math.max(wanted.work.responseBytes, wanted.work.uploadBytes) > 1_000) {
    columns.push({ head: "MB/s", cell: (row) => digits(row.megabytesPerSecond, 0) });
    columns.push({ head: "MB/CPU s", cell: (row) => digits(row.megabytesPerCpuSecond, 0) });
  }
  return [...columns, errors];
}

/** The table of one case: names on the left, figures on the right. */
export function caseTable(wanted: Case, summaries: readonly Summary[], base: string): string {
  const columns = columnsFor(wanted, base);
  const cells = [
    columns.map(({ head }) => head),
    ...summaries.map((row) => columns.map(({ cell }) => cell(row))),
  ];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const wrong = summaries.filter(({ firstError }) => firstError !== "");
  const notes = wrong.map(
    ({ peer, firstError }) => `  ${peer}: ${firstError.replaceAll(/\s+/g, " ").slice(0, 160)}`,
  );
  return [`${wanted.name}: ${wanted.about}`, ...lines, ...notes, ""].join("\n");
}
