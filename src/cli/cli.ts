// What every command gets, and how a command ends.

import type { Command } from "commander";
import type { Clock } from "../base/clock.ts";
import { type Fault, type FaultCode, FaultError } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import type { ProcessSettings } from "../settings/process-settings.ts";
import type { Terminal } from "../system/terminal.ts";

/** Exit statuses (SPEC C1). */
export const EXIT = {
  done: 0,
  /** Refused or failed. */
  failed: 1,
  usage: 2,
  /** In time not everybody has done it; what is left was printed. */
  timedOut: 3,
  rolledBack: 4,
} as const;

/** One of `EXIT`. */
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** A listener of the data plane, with the port that it got. */
export interface StartedListener {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** The world of a command. */
export interface Cli {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly version: string;
  /** Folder that relative paths start from. */
  readonly folder: string;
  readonly variable: (name: string) => string | undefined;
  /** Runs a keeper until a signal stops it; calls back with its addresses once they are open. */
  readonly runKeeper: (
    settings: ProcessSettings,
    onStarted: (listeners: readonly StartedListener[]) => void,
  ) => Promise<Result<void>>;
  /** Set by the command that ran; `done` at first. */
  status: ExitStatus;
}

/** Options that every command of the admin API has. */
export interface ClientOptions {
  readonly admin?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

/** Adds the options that say where the admin API is, and how to print. */
export function withClientOptions(command: Command): Command {
  return command
    .option("--admin <url>", "where Tidegate is: http://host:port or unix:/path (or TIDEGATE_ADMIN)")
    .option("--token-file <file>", "file with your token (or the token itself in TIDEGATE_TOKEN)")
    .option("--json", "print the API's resource, for programs");
}

/** Help text below the options: examples, one a line with what they do. */
export function examples(...lines: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`).join("\n")}\n`;
}

/** Prints a fault as people need it: what, every single mistake, and what to do. */
export function printFault(terminal: Terminal, { message, details = [], hint }: Fault): void {
  terminal.err(`tidegate: ${message}\n`);
  for (const detail of details) if (detail !== message) terminal.err(`  ${detail}\n`);
  if (hint !== "") terminal.err(`  hint: ${hint}\n`);
}

/** The exit status that a fault ends a command with. */
export function exitStatusOf(code: FaultCode): ExitStatus {
  if (code === "BAD_USAGE") return EXIT.usage;
  return code === "NOT_APPLIED" ? EXIT.timedOut : EXIT.failed;
}

/** Prints a resource as JSON. */
export function printJson(terminal: Terminal, resource: unknown): void {
  terminal.out(`${JSON.stringify(resource, null, 2)}\n`);
}

/** The header that carries the reason of a change; percent-encoded, since a header has ASCII only. */
export function reasonHeader(reason: string | undefined): Readonly<Record<string, string>> {
  return reason === undefined ? {} : { "x-reason": encodeURIComponent(reason) };
}

/** Reads an option that counts something, from `least` on; undefined when it was not given. */
export function wholeNumber(text: string | undefined, option: string, least = 0): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw usageError(
    `"${text}" is no number for ${option}`,
    `Write a whole number from ${least} on, such as 100`,
  );
}

/** A mistake in how the command was called: exit status 2. */
export function usageError(message: string, hint: string): FaultError {
  return new FaultError({ code: "BAD_USAGE", message, hint });
}
