// tidegate routers

import type { Command } from "commander";
import type { RouterList } from "../admin/routes/routers.ts";
import { formatDurationMs } from "../base/units.ts";
import { type Cli, type ClientOptions, examples, printJson, withClientOptions } from "./cli.ts";
import { AdminClient } from "./client.ts";
import { table } from "./table.ts";
import { mebibytes } from "./words.ts";

/** Adds the command. */
export function addRouters(program: Command, cli: Cli): void {
  withClientOptions(program.command("routers"))
    .summary("list routers and their workers, and what each has applied")
    .description(
      "Lists routers with their workers. A worker whose revision is below the domain's has not applied the last " +
        "change yet; one that does not report serves on with the table that it has.",
    )
    .addHelpText(
      "after",
      examples(["tidegate routers", "all of them"], ["tidegate routers --json", "for programs"]),
    )
    .action((_options: unknown, command: Command) => listRouters(cli, command.optsWithGlobals()));
}

async function listRouters(cli: Cli, options: ClientOptions): Promise<void> {
  const list = await new AdminClient(cli, options).get<RouterList>("/v1/routers");
  if (options.json === true) return printJson(cli.terminal, list);
  const { terminal } = cli;
  terminal.out(`The domain is at revision ${list.revision}\n`);
  for (const router of list.routers) {
    terminal.out(
      `\n${router.name}: ${router.live ? "live" : "not reporting"}, revision ${router.revision}\n`,
    );
    terminal.out(
      table(
        router.workers,
        [
          { title: "  WORKER", text: (worker) => `  ${worker.slot}` },
          { title: "PID", text: (worker) => worker.pid, align: "right" },
          {
            title: "REVISION",
            text: (worker) => worker.revision,
            align: "right",
            tone: (worker) => (worker.revision < list.revision ? "warn" : undefined),
          },
          { title: "CONNECTIONS", text: (worker) => worker.connections, align: "right" },
          { title: "IN-FLIGHT", text: (worker) => worker.inFlight, align: "right" },
          { title: "SESSIONS", text: (worker) => worker.sessions, align: "right" },
          { title: "MEMORY", text: (worker) => mebibytes(worker.rssBytes), align: "right" },
          {
            title: "REPORTED",
            text: (worker) => `${formatDurationMs(worker.lastReportMs)} ago`,
            align: "right",
          },
        ],
        terminal,
      ),
    );
  }
}
