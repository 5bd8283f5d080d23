// tidegate run

import { resolve } from "node:path";
import type { Command } from "commander";
import { unwrap } from "../base/result.ts";
import type { ProcessSettings } from "../settings/process-settings.ts";
import { type Cli, examples } from "./cli.ts";

/** Adds the command. */
export function addRun(program: Command, cli: Cli): void {
  program
    .command("run")
    .option(
      "-c, --config <file>",
      "process settings; default tidegate.yaml here or in config, else the defaults",
    )
    .summary("run Tidegate until Ctrl-C")
    .description(
      "Runs a keeper with its control process and router workers until SIGINT or SIGTERM; a second one ends it at once. " +
        "SIGUSR2 replaces the workers without a refused connection. The log goes to standard error.",
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate run", "with the tidegate.yaml nearby"],
        ["tidegate run --config /etc/tidegate/tidegate.yaml", "with this one"],
      ),
    )
    .action(async ({ config }: { readonly config?: string }) => {
      const settings = await settingsOf(cli, config);
      const { checkFirstStart } = await import("./first-start.ts");
      unwrap(checkFirstStart(settings));
      unwrap(await cli.runKeeper(settings, (listeners) => printStarted(cli, settings, listeners)));
    });
}

async function settingsOf(cli: Cli, config: string | undefined): Promise<ProcessSettings> {
  const { findSettingsFile, loadSettings, parseSettings } = await import("./load-settings.ts");
  const file = config === undefined ? findSettingsFile(cli.folder) : resolve(cli.folder, config);
  if (file !== undefined) return unwrap(loadSettings(file));
  cli.terminal.err("tidegate: there is no tidegate.yaml here: running with the defaults\n");
  return unwrap(parseSettings("", resolve(cli.folder, "tidegate.yaml")));
}

function printStarted(
  { terminal }: Cli,
  { admin, domain, dataDir, router }: ProcessSettings,
  listeners: Parameters<Parameters<Cli["runKeeper"]>[1]>[0],
): void {
  const { accessLog } = router;
  // What reads an access log on standard output can do nothing with these lines.
  const say = accessLog.format !== "off" && accessLog.path === "stdout" ? terminal.err : terminal.out;
  say(`Tidegate runs the domain "${domain}" in ${dataDir}\n`);
  for (const { name, address, port } of listeners) {
    say(`  listener ${name}: ${address.replace(/:0$/, `:${port}`)}\n`); // 0 took a free one
  }
  if (admin.listen !== "") say(`  admin API: http://${admin.listen}\n`);
  say("  Ctrl-C ends it\n");
}
