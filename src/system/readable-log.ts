// A line of the log as a person reads it at a terminal.

import type { EpochMs } from "../base/units.ts";
import { formatLocalTime } from "./local-time.ts";

const INDENT = "\n           ";
const NAME_WIDTH = 8;

/**
 * `14:05:09  keeper    A process has died  address=control pid=4711 how=SIGKILL`, with the level before the message when
 * it is not `info`; lists, hints and stacks follow on lines of their own. What is no JSON stays as it is.
 */
export function readableLine(json: string): string {
  let line: Readonly<Record<string, unknown>>;
  try {
    line = JSON.parse(json);
  } catch {
    return json;
  }
  const { level, time, name, msg, hint, err, pid, ...fields } = line;
  const clock = formatLocalTime(Date.parse(String(time)) as EpochMs).slice("2026-01-31 ".length);
  const urgency = level === "info" ? "" : `${String(level).toUpperCase()}: `;
  const about =
    Object.keys(fields).length > 0 && fields["address"] !== undefined ? { ...fields, pid } : fields;
  const short = Object.entries(about).flatMap(([key, value]) => shortField(key, value));
  const long = Object.values(fields).flatMap((value) => (Array.isArray(value) ? value.map(String) : []));
  const head = `${clock}  ${String(name).padEnd(NAME_WIDTH)}  ${urgency}${[msg, short.join(" ")].filter(Boolean).join("  ")}`;
  const advice = hint === undefined ? [] : [`hint: ${hint}`];
  return `${[head, ...long, ...advice, ...stackOf(err)].join(INDENT)}\n`;
}

/** Lists stand below; what is empty says nothing. */
function shortField(key: string, value: unknown): readonly string[] {
  if (Array.isArray(value) || value === "" || value === undefined) return [];
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return [`${key}=${/\s/.test(text) ? JSON.stringify(text) : text}`];
}

function stackOf(error: unknown): readonly string[] {
  if (typeof error !== "object" || error === null || !("stack" in error)) return [];
  return String(error.stack).split("\n");
}
