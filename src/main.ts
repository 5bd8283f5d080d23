// argv to a command: the entry of `bin/tidegate.mjs`.

import { readFileSync } from "node:fs";
import { type Cli, EXIT } from "./cli/cli.ts";
import { runProgram } from "./cli/program.ts";
import { systemClock } from "./system/clock.ts";
import { commandLine, environmentVariable, setExitStatus, workingFolder } from "./system/environment.ts";
import { systemTerminal } from "./system/terminal.ts";

const cli: Cli = {
  terminal: systemTerminal(),
  clock: systemClock,
  version: ownVersion(),
  folder: workingFolder(),
  variable: environmentVariable,
  runKeeper: async (settings, onStarted) => {
    const { runKeeper } = await import("./keeper.ts"); // only `run` pays for it
    return runKeeper(settings, { onStarted: ({ listeners }) => onStarted(listeners) });
  },
  status: EXIT.done,
};

setExitStatus(await runProgram(cli, commandLine()));

function ownVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
