// tidegate events [--follow]

import type { Command } from "commander";
import type { EventList } from "../admin/routes/events.ts";
import { FaultError } from "../base/fault.ts";
import type { JournalEntry } from "../journal/journal.ts";
import { formatLocalTime } from "../system/local-time.ts";
import { pause } from "../system/pause.ts";
import { type Cli, type ClientOptions, examples, printJson, wholeNumber, withClientOptions } from "./cli.ts";
import { AdminClient, ProblemError } from "./client.ts";
import { sentEvents } from "./sent-events.ts";
import { paint } from "./table.ts";

interface EventOptions extends ClientOptions {
  readonly after?: string;
  readonly limit?: string;
  readonly follow?: boolean;
}

const LIMIT_DEFAULT = 20;
/** A control process that was killed is back long before. */
const RECONNECTS_MAX = 60;
const RECONNECT_MS = 1000;
const ACTOR_WIDTH = 10;

/** Adds the command. */
export function addEvents(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("events")
      .option("--follow", "go on with what happens from now on, until Ctrl-C")
      .option("--after <revision>", "only what came after this revision")
      .option("--limit <count>", `most entries to list (default ${LIMIT_DEFAULT})`),
  )
    .summary("list what has happened: who changed what, when and why")
    .description(
      "Lists the latest entries of the journal, oldest first. With --follow it goes on; with --json and --follow each entry " +
        "is one line.",
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate events", `the last ${LIMIT_DEFAULT}`],
        ["tidegate events --follow", "and what comes"],
        ["tidegate events --after 0 --limit 1000 --json", "the journal from the beginning"],
      ),
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<EventOptions>();
      const client = new AdminClient(cli, options);
      const list = await fetchEntries(client, options);
      if (options.follow === true) await follow(cli, client, options, list);
      else if (options.json === true) printJson(cli.terminal, list);
      else printEntries(cli, options, list);
    });
}

function fetchEntries(client: AdminClient, options: EventOptions): Promise<EventList> {
  const query = new URLSearchParams({
    limit: String(wholeNumber(options.limit, "--limit", 1) ?? LIMIT_DEFAULT),
  });
  const after = wholeNumber(options.after, "--after");
  if (after !== undefined) query.set("after", String(after));
  return client.get<EventList>(`/v1/events?${query}`);
}

/** Prints what is there, then what comes; a connection that breaks is made again from where it was. */
async function follow(cli: Cli, client: AdminClient, options: EventOptions, list: EventList): Promise<void> {
  const width = printEntries(cli, options, list);
  let { next } = list;
  for (let failures = 0; failures < RECONNECTS_MAX; failures += 1) {
    try {
      const path = `/v1/events?after=${next}`;
      const response = await client.open({ method: "GET", path, headers: { accept: "text/event-stream" } });
      for await (const data of sentEvents(response)) {
        const entry = JSON.parse(data) as JournalEntry;
        printEntry(cli, options, entry, width);
        next = entry.revision;
        failures = 0;
      }
    } catch (error) {
      if (!isPassing(error) || failures === RECONNECTS_MAX - 1) throw error;
    }
    if (failures === 0) cli.terminal.err("tidegate: the connection broke; trying again\n");
    await pause(RECONNECT_MS);
  }
}

/** A refusal stays one; a connection that breaks may come back. */
function isPassing(error: unknown): boolean {
  if (error instanceof ProblemError) return false;
  return !(error instanceof FaultError) || error.fault.code === "ADMIN_UNREACHABLE";
}

/** Answers the width of the actors, for the entries that follow. */
function printEntries(cli: Cli, options: EventOptions, { entries }: EventList): number {
  const width = Math.max(ACTOR_WIDTH, ...entries.map(({ command }) => command.origin.actor.length));
  for (const entry of entries) printEntry(cli, options, entry, width);
  return width;
}

function printEntry({ terminal }: Cli, options: EventOptions, entry: JournalEntry, width: number): void {
  if (options.json === true) {
    terminal.out(`${JSON.stringify(entry)}\n`);
    return;
  }
  const { actor, reason } = entry.command.origin;
  const head = `${String(entry.revision).padStart(6)}  ${formatLocalTime(entry.at)}  ${actor.padEnd(width)}`;
  for (const { message } of entry.events) {
    const isTold = reason === undefined || message.includes(reason);
    const why = isTold ? "" : paint(` (${reason})`, "quiet", terminal);
    terminal.out(`${head}  ${message}${why}\n`);
  }
}
