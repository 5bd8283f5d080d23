// The command line: argv to one command, and to one exit status.

import { Command, CommanderError } from "commander";
import { FaultError } from "../base/fault.ts";
import { addApply } from "./apply.ts";
import { addApps } from "./apps.ts";
import { addCheck } from "./check.ts";
import { type Cli, EXIT, type ExitStatus, exitStatusOf, printFault, withClientOptions } from "./cli.ts";
import { addDrain } from "./drain.ts";
import { addEditions } from "./editions.ts";
import { addEvents } from "./events.ts";
import { addExplain } from "./explain.ts";
import { addMode } from "./mode.ts";
import { addRouters } from "./routers.ts";
import { addRun } from "./run.ts";
import { addServers } from "./servers.ts";
import { addSessions } from "./sessions.ts";

const HELP_WIDTH_MAX = 100;

const AFTER_HELP = `
Where Tidegate is: --admin, else TIDEGATE_ADMIN, else the Unix socket var/control.sock here,
else what the tidegate.yaml here or in config says; without one, http://127.0.0.1:9700.

Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 not everybody has done it in
time, 4 rolled back.

First steps:
  tidegate check                 look for mistakes in tidegate.yaml and domain.yaml
  tidegate run                   run Tidegate
  tidegate servers               what is served where
  tidegate mode Server01         maintenance: only its own sessions
  tidegate redeploy ID           a new edition takes over; --help has the rest
  tidegate help COMMAND          a command with examples
`;

/** Runs one command; what it has to say is on the terminal when this resolves with the exit status. */
export async function runProgram(cli: Cli, args: readonly string[]): Promise<ExitStatus> {
  try {
    await programOf(cli).parseAsync(args, { from: "user" });
    return cli.status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(error instanceof FaultError)) throw error;
    printFault(cli.terminal, error.fault);
    return exitStatusOf(error.fault.code);
  }
}

function programOf(cli: Cli): Command {
  const program = new Command("tidegate");
  program
    .description(
      "The reverse proxy that makes redeploys invisible: routes by session affinity and maintenance mode.",
    )
    .version(cli.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", AFTER_HELP)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      getOutHelpWidth: () => helpWidth(cli),
      getErrHelpWidth: () => helpWidth(cli),
      writeOut: (text) => cli.terminal.out(text),
      writeErr: (text) => cli.terminal.err(text),
      outputError: (text, write) => write(`tidegate: ${text.replace(/^error: /, "")}`),
    });
  withClientOptions(program);
  const commands = [
    addRun,
    addCheck,
    addApply,
    addServers,
    addMode,
    addApps,
    addEditions,
    addDrain,
    addSessions,
    addExplain,
    addEvents,
    addRouters,
  ];
  for (const add of commands) add(program, cli);
  for (const command of program.commands) {
    command.showHelpAfterError(`  hint: \`tidegate ${command.name()} --help\` has examples`);
  }
  program.showHelpAfterError("  hint: `tidegate --help` lists the commands");
  return program;
}

/** As wide as the window, but no wider than reads well. */
function helpWidth({ terminal }: Cli): number {
  return terminal.columns > 0 ? Math.min(terminal.columns, HELP_WIDTH_MAX) : HELP_WIDTH_MAX;
}
