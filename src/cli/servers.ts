// tidegate servers [NAME]

import type { Command } from "commander";
import type { ServerList } from "../admin/routes/servers.ts";
import type { ModePlanView, ServerView } from "../control/operations.ts";
import { formatLocalTime } from "../system/local-time.ts";
import { type Cli, type ClientOptions, examples, printJson, withClientOptions } from "./cli.ts";
import { AdminClient } from "./client.ts";
import { fields, table } from "./table.ts";
import { modeTone, statusTone } from "./words.ts";

/** Adds the command. */
export function addServers(program: Command, cli: Cli): void {
  withClientOptions(program.command("servers").argument("[name]", "one server, in full"))
    .summary("list servers with mode, status and load")
    .description("Lists servers with their mode, what traffic and probes say of them, and their load.")
    .addHelpText(
      "after",
      examples(
        ["tidegate servers", "all of them"],
        ["tidegate servers Server01", "one, with since when and why"],
        ["tidegate servers --json", "for programs"],
      ),
    )
    .action((name: string | undefined, _options: unknown, command: Command) =>
      name === undefined
        ? listServers(cli, command.optsWithGlobals())
        : showServer(cli, command.optsWithGlobals(), name),
    );
}

async function listServers(cli: Cli, options: ClientOptions): Promise<void> {
  const list = await new AdminClient(cli, options).get<ServerList>("/v1/servers");
  if (options.json === true) return printJson(cli.terminal, list);
  if (list.servers.length === 0) {
    cli.terminal.out(
      "There are no servers yet: declare them in domain.yaml and run `tidegate apply -f domain.yaml`\n",
    );
    return;
  }
  cli.terminal.out(
    table(
      list.servers,
      [
        { title: "SERVER", text: (server) => server.name },
        { title: "NODE", text: (server) => server.node },
        { title: "CLUSTER", text: (server) => server.cluster },
        { title: "ADDRESS", text: (server) => server.address },
        { title: "MODE", text: modeAndPlan, tone: (server) => modeTone(server.effectiveMode) },
        { title: "STATUS", text: (server) => server.status, tone: (server) => statusTone(server.status) },
        { title: "IN-FLIGHT", text: (server) => server.inFlight, align: "right" },
        { title: "SESSIONS", text: (server) => server.sessions, align: "right" },
        { title: "TUNNELS", text: (server) => server.tunnels, align: "right" },
        { title: "EDITIONS", text: (server) => server.editions.join(" ") },
      ],
      cli.terminal,
    ),
  );
}

async function showServer(cli: Cli, options: ClientOptions, name: string): Promise<void> {
  const server = await new AdminClient(cli, options).get<ServerView>(
    `/v1/servers/${encodeURIComponent(name)}`,
  );
  if (options.json === true) return printJson(cli.terminal, server);
  const { modeReason: reason, modeUntil: until } = server;
  cli.terminal.out(
    fields(
      [
        ["server", server.name],
        ["node", server.node],
        ["cluster", server.cluster],
        ["address", server.address],
        ["role", `${server.role}, weight ${server.weight}`],
        ["mode", modeText(server)],
        ["since", `${formatLocalTime(server.modeSince)}, by ${server.modeActor}`],
        ["reason", reason],
        ["until", until === null ? null : formatLocalTime(until)],
        ["page", server.modeHasPage ? "one of the mode's own" : null],
        ["planned", server.modePlan === null ? null : planText(server.modePlan)],
        ["status", server.statusCause === null ? server.status : `${server.status}: ${server.statusCause}`],
        ["in-flight", server.inFlight],
        ["sessions", server.sessions],
        ["tunnels", server.tunnels],
        ["editions", server.editions.join(" ")],
      ],
      cli.terminal,
    ),
  );
}

/** With the next one, when that is planned. */
function modeAndPlan(server: ServerView): string {
  const { modePlan } = server;
  const next = modePlan === null ? "" : `, ${modePlan.mode} from ${formatLocalTime(modePlan.from)}`;
  return `${modeText(server)}${next}`;
}

/** The mode that routing obeys, and where it comes from when it is not the server's own. */
export function modeText(server: ServerView): string {
  if (server.effectiveMode === server.mode) return server.mode;
  return `${server.effectiveMode} (node)`;
}

/** `break from 2026-01-31 22:00:00 until 2026-01-31 23:00:00, by anna, because "JDK update"`. */
export function planText({ mode, from, until, actor, reason, of }: ModePlanView): string {
  const whose = of === "node" ? " (node)" : "";
  const end = until === null ? "" : ` until ${formatLocalTime(until)}`;
  const because = reason === null ? "" : `, because "${reason}"`;
  return `${mode}${whose} from ${formatLocalTime(from)}${end}, by ${actor}${because}`;
}
