// Tables for people: aligned columns, two spaces apart, colour only where it says something.

import type { Terminal } from "../system/terminal.ts";

/** How a cell stands out; on a terminal without colour it does not. */
export type Tone = "good" | "bad" | "warn" | "quiet";

const TONES: Readonly<Record<Tone, string>> = { good: "32", bad: "31", warn: "33", quiet: "2" };
const GAP = "  ";
const NOTHING = "-";

/** One column: its title, and the text of a row's cell. Numbers are best aligned on the right. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string | number | null;
  readonly align?: "right";
  readonly tone?: (row: Row) => Tone | undefined;
}

/**
 * Writes the rows as a table. Lines are never wrapped: on a terminal, what is wider than it ends with an ellipsis;
 * elsewhere nothing is cut.
 */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  terminal: Pick<Terminal, "hasColor" | "columns">,
): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.text(row))));
  const widths = columns.map((column, index) =>
    Math.max(length(column.title), ...cells.map((row) => length(row[index] ?? ""))),
  );
  const line = (texts: readonly string[], row: Row | undefined): string => {
    let room = terminal.columns > 0 ? terminal.columns : Number.POSITIVE_INFINITY;
    let text = "";
    for (const [index, column] of columns.entries()) {
      if (room <= 0) break;
      const isLast = index === columns.length - 1;
      const cell = cut(
        pad(texts[index] ?? "", isLast && column.align !== "right" ? 0 : (widths[index] ?? 0), column),
        room,
      );
      const tone = row === undefined ? "quiet" : column.tone?.(row);
      text += paint(cell, tone, terminal);
      room -= length(cell) + GAP.length;
      if (!isLast && room > 0) text += GAP;
    }
    return `${text.trimEnd()}\n`;
  };
  const head = line(
    columns.map(({ title }) => title),
    undefined,
  );
  return head + cells.map((texts, index) => line(texts, rows[index])).join("");
}

/** Writes names and values below each other. */
export function fields(
  entries: readonly (readonly [name: string, value: string | number | null])[],
  terminal: Pick<Terminal, "hasColor">,
): string {
  const width = Math.max(...entries.map(([name]) => length(name)));
  return entries
    .map(([name, value]) => `${paint(name.padEnd(width), "quiet", terminal)}${GAP}${printable(value)}\n`)
    .join("");
}

/** Colours a text, where the terminal has colour. */
export function paint(text: string, tone: Tone | undefined, terminal: Pick<Terminal, "hasColor">): string {
  return tone === undefined || !terminal.hasColor ? text : `\u001b[${TONES[tone]}m${text}\u001b[0m`;
}

/** Text of others must not move the cursor or break the line. */
function printable(value: string | number | null): string {
  if (value === null || value === "") return NOTHING;
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

function pad<Row>(text: string, width: number, column: Column<Row>): string {
  const blanks = " ".repeat(Math.max(0, width - length(text)));
  return column.align === "right" ? blanks + text : text + blanks;
}

function cut(text: string, room: number): string {
  return length(text) <= room ? text : `${[...text].slice(0, room - 1).join("")}…`;
}

/** In code points: near enough for names and reasons. */
function length(text: string): number {
  return [...text].length;
}
