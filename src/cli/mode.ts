// tidegate mode [NAME | --node NAME] [normal|affinity|break|stop]

import { resolve } from "node:path";
import type { Command } from "commander";
import type { ModeChange, ModeResults } from "../admin/change-mode.ts";
import type { ServerList } from "../admin/routes/servers.ts";
import { nearest } from "../base/nearest.ts";
import { unwrap } from "../base/result.ts";
import { type EpochMs, parseDurationMs } from "../base/units.ts";
import type { ModeResult } from "../control/operations.ts";
import { MODES, type Mode } from "../domain/mode.ts";
import { formatLocalTime, parseLocalTime } from "../system/local-time.ts";
import { readTextFile } from "../system/text-file.ts";
import {
  type Cli,
  type ClientOptions,
  EXIT,
  examples,
  printFault,
  printJson,
  usageError,
  withClientOptions,
} from "./cli.ts";
import { AdminClient, ProblemError } from "./client.ts";
import { modeText, planText } from "./servers.ts";
import { table } from "./table.ts";
import { counted, modeTone } from "./words.ts";

interface ModeOptions extends ClientOptions {
  readonly node?: string;
  readonly reason?: string;
  readonly from?: string;
  readonly until?: string;
  readonly page?: string;
}

/** Adds the command. */
export function addMode(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("mode")
      .argument("[name]", "the server; left out with --node")
      .argument("[mode]", `one of ${MODES.join(", ")}; default affinity`)
      .option("--node <name>", "all servers of a node: the stricter of server and node holds")
      .option("--reason <text>", "why; it is shown with the mode and kept in the journal")
      .option("--from <time>", "when it is to begin by itself (2h, 22:00, 2026-01-31 22:00); default at once")
      .option("--until <time>", "when you expect to be done (30m, 14:30, 2026-01-31 14:30); users are told")
      .option(
        "--page <file>",
        "HTML file for users who find no server because of it; default the application's",
      ),
  )
    .summary("set the mode of a server or node, or list the modes")
    .description(
      `Sets what may be routed to a server or node, and returns when every router has it:

  normal    all requests
  affinity  only requests of sessions that are there already; it empties by itself
  break     none: new requests go elsewhere at once, those in flight finish
  stop      as break; a server whose processes Tidegate runs is stopped too

With a name and no mode it sets affinity, as WebSphere's setMaintenanceMode does. With
neither, it lists the modes. A mode stays until it is set to another, over every restart;
--until only tells users when to come back.

With --from the mode stays as it is until then, and changes by itself. A mode that is set
without --from gives up what was planned.`,
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate mode", "list the modes, with who set them and why"],
        ["tidegate mode Server02", "maintenance: only its own sessions (affinity)"],
        ['tidegate mode Server02 break --reason "JDK update" --until 30m', "nothing any more"],
        ["tidegate mode Server02 break --from 22:00 --until 23:00", "planned for tonight"],
        ["tidegate mode Server02 normal", "back to work"],
        ["tidegate mode --node node01 affinity", "all servers of a machine"],
      ),
    )
    .action((name: string | undefined, mode: string | undefined, _options: unknown, command: Command) =>
      runMode(cli, command.optsWithGlobals(), name, mode),
    );
}

async function runMode(
  cli: Cli,
  options: ModeOptions,
  first: string | undefined,
  second: string | undefined,
): Promise<void> {
  const client = new AdminClient(cli, options);
  if (options.node !== undefined) {
    if (second !== undefined) {
      throw usageError(`Cannot set the mode of "${first}" and of a node at once`, "Write one of the two");
    }
    const path = `/v1/nodes/${encodeURIComponent(options.node)}/mode`;
    return change(cli, client, options, path, parseMode(first));
  }
  if (first === undefined) {
    if ([options.from, options.until, options.reason, options.page].every((given) => given === undefined))
      return listModes(cli, client, options);
    throw usageError(
      "Cannot set a mode: no server or node is named",
      "Write `tidegate mode NAME MODE`, or `tidegate mode --node NAME MODE`",
    );
  }
  if (second === undefined && MODES.some((mode) => mode === first)) {
    throw usageError(
      `Cannot set the mode ${first}: no server is named`,
      `Write \`tidegate mode NAME ${first}\`; \`tidegate servers\` lists the names`,
    );
  }
  return change(cli, client, options, `/v1/servers/${encodeURIComponent(first)}/mode`, parseMode(second));
}

async function change(
  cli: Cli,
  client: AdminClient,
  options: ModeOptions,
  path: string,
  mode: Mode,
): Promise<void> {
  const { reason, page } = options;
  const now = cli.clock.epochMs();
  const from = options.from === undefined ? undefined : parseTime(options.from, now, "past");
  const until =
    options.until === undefined
      ? undefined
      : parseTime(options.until, from ?? now, from === undefined ? "past" : "before the start");
  const body: ModeChange = {
    mode,
    ...(reason === undefined ? {} : { reason }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(page === undefined ? {} : { page: unwrap(readTextFile(resolve(cli.folder, page))) }),
  };
  try {
    const results = await client.call<ModeResults>({ method: "PUT", path, body });
    if (options.json === true) return printJson(cli.terminal, results);
    printResults(cli, results);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== "NOT_APPLIED") throw error;
    // Accepted and kept, but not in force everywhere: the lines are still the answer (SPEC M3).
    if (options.json === true) printJson(cli.terminal, error.problem);
    else if (error.problem.result !== undefined) {
      printResults(cli, error.problem.result as ModeResults);
    }
    printFault(cli.terminal, error.fault);
    cli.status = EXIT.timedOut;
  }
}

function printResults({ terminal }: Cli, { servers }: ModeResults): void {
  for (const result of servers) terminal.out(`${resultLine(result)}\n`);
  if (servers.length === 0) terminal.out("The mode is set; no server is concerned yet\n");
}

/** The line of SPEC M3. */
function resultLine(result: ModeResult): string {
  const { server, mode, was, appliedRouters, routers, inFlight, plannedFrom, note } = result;
  const change =
    plannedFrom === null
      ? `mode ${mode} (was ${was})`
      : `mode ${mode} from ${formatLocalTime(plannedFrom)} on (now ${was})`;
  const line =
    `${server}: ${change}, applied by ${appliedRouters} of ${routers} routers, ` +
    `${counted(inFlight, "request")} in flight`;
  return note === null ? line : `${line}; ${note}`;
}

async function listModes(cli: Cli, client: AdminClient, options: ClientOptions): Promise<void> {
  const list = await client.get<ServerList>("/v1/servers");
  if (options.json === true) return printJson(cli.terminal, list);
  cli.terminal.out(
    table(
      list.servers,
      [
        { title: "SERVER", text: (server) => server.name },
        { title: "NODE", text: (server) => server.node },
        { title: "MODE", text: modeText, tone: (server) => modeTone(server.effectiveMode) },
        { title: "SINCE", text: (server) => formatLocalTime(server.modeSince) },
        { title: "BY", text: (server) => server.modeActor },
        { title: "UNTIL", text: ({ modeUntil }) => (modeUntil === null ? null : formatLocalTime(modeUntil)) },
        { title: "REASON", text: (server) => server.modeReason },
        { title: "PLANNED", text: ({ modePlan }) => (modePlan === null ? null : planText(modePlan)) },
      ],
      cli.terminal,
    ),
  );
}

function parseMode(text: string | undefined): Mode {
  if (text === undefined) return "affinity";
  const mode = MODES.find((known) => known === text.toLowerCase());
  if (mode !== undefined) return mode;
  const near = nearest(text, MODES);
  const hint = `Modes are ${MODES.join(", ")}`;
  throw usageError(`"${text}" is no mode`, near === undefined ? hint : `Did you mean "${near}"? ${hint}`);
}

/** A time after `start`: a duration counts from it, and 14:30 is the next one after it. */
function parseTime(text: string, start: EpochMs, early: string): EpochMs {
  // Settings take a bare number as seconds, but here most would mean minutes.
  if (/^\d+(\.\d+)?$/.test(text)) {
    throw usageError(
      `"${text}" has no unit`,
      `Write ${text}m for minutes, or ${text}s, ${text}h or ${text}d`,
    );
  }
  const durationMs = parseDurationMs(text);
  const time = durationMs === undefined ? parseLocalTime(text, start) : ((start + durationMs) as EpochMs);
  if (time !== undefined && time > start) return time;
  throw usageError(
    time === undefined ? `"${text}" is no time` : `"${text}" is ${early}`,
    "Write a duration (30m, 1h30m), a time (14:30) or a date and time (2026-01-31 14:30)",
  );
}
