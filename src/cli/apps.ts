// tidegate apps, and tidegate app ID

import type { Command } from "commander";
import type { ApplicationList } from "../admin/routes/applications.ts";
import { type EpochMs, formatDurationMs } from "../base/units.ts";
import type { ApplicationView, EditionView } from "../control/operations.ts";
import { type Cli, type ClientOptions, examples, printJson, withClientOptions } from "./cli.ts";
import { AdminClient } from "./client.ts";
import { fields, paint, table } from "./table.ts";
import { counted, modeTone, statusTone } from "./words.ts";

/** Adds both commands. */
export function addApps(program: Command, cli: Cli): void {
  withClientOptions(program.command("apps"))
    .summary("list applications")
    .description("Lists applications with their context roots, editions and load.")
    .addHelpText(
      "after",
      examples(["tidegate apps", "all of them"], ["tidegate apps --json", "for programs"]),
    )
    .action((_options: unknown, command: Command) => listApps(cli, command.optsWithGlobals()));
  withClientOptions(program.command("app").argument("<id>", "id of the application"))
    .summary("show one application: who is on which edition and server")
    .description("Shows, for each edition and server of an application, who is there.")
    .addHelpText(
      "after",
      examples(
        ["tidegate app shop", "editions, and their servers with requests, sessions, tunnels"],
        ["tidegate app shop --json", '{ "id", "state", "editions": [{ "label", "state", ... }] }'],
      ),
    )
    .action((id: string, _options: unknown, command: Command) => showApp(cli, command.optsWithGlobals(), id));
}

async function listApps(cli: Cli, options: ClientOptions): Promise<void> {
  const list = await new AdminClient(cli, options).get<ApplicationList>("/v1/applications");
  if (options.json === true) return printJson(cli.terminal, list);
  if (list.applications.length === 0) {
    cli.terminal.out(
      "There are no applications yet: declare them in domain.yaml and run `tidegate apply -f domain.yaml`\n",
    );
    return;
  }
  cli.terminal.out(
    table(
      list.applications,
      [
        { title: "APPLICATION", text: (app) => app.id },
        { title: "STATE", text: (app) => app.state, tone: stateTone },
        { title: "ROOTS", text: (app) => app.contextRoots.join(" ") },
        { title: "AFFINITY", text: (app) => app.affinity },
        { title: "IN-FLIGHT", text: (app) => sum(app, (edition) => edition.inFlight), align: "right" },
        { title: "SESSIONS", text: (app) => sum(app, (edition) => edition.sessions), align: "right" },
        {
          title: "EDITIONS",
          text: (app) => app.editions.map(({ label, state }) => `${label} (${state})`).join(", "),
        },
      ],
      cli.terminal,
    ),
  );
}

async function showApp(cli: Cli, options: ClientOptions, id: string): Promise<void> {
  const path = `/v1/applications/${encodeURIComponent(id)}`;
  const app = await new AdminClient(cli, options).get<ApplicationView>(path);
  if (options.json === true) return printJson(cli.terminal, app);
  const { terminal } = cli;
  terminal.out(
    fields(
      [
        ["application", app.id],
        ["state", app.state],
        ["virtual hosts", app.virtualHosts.join(" ")],
        ["context roots", app.contextRoots.join(" ")],
        ["affinity", app.affinity],
      ],
      terminal,
    ),
  );
  if (app.editions.length === 0) terminal.out("\nNo edition of it is deployed\n");
  const now = cli.clock.epochMs();
  for (const edition of app.editions) printEdition(cli, edition, now);
}

function printEdition({ terminal }: Cli, edition: EditionView, now: EpochMs): void {
  const { webSocket, stream, other } = edition.tunnels;
  const load = [
    `${counted(edition.inFlight, "request")} in flight`,
    counted(edition.sessions, "session"),
    counted(webSocket, "WebSocket"),
    counted(stream, "event stream"),
    counted(other, "other tunnel"),
  ].join(", ");
  const state = paint(edition.state, edition.state === "running" ? "good" : "warn", terminal);
  terminal.out(`\nEdition ${edition.label}: ${state}${untilText(edition, now)}, ${load}\n`);
  terminal.out(
    table(
      edition.instances,
      [
        { title: "  SERVER", text: (instance) => `  ${instance.server}` },
        { title: "ADDRESS", text: (instance) => instance.address },
        { title: "MODE", text: (instance) => instance.mode, tone: (instance) => modeTone(instance.mode) },
        { title: "STATUS", text: (instance) => instance.status, tone: ({ status }) => statusTone(status) },
        { title: "IN-FLIGHT", text: (instance) => instance.inFlight, align: "right" },
        { title: "SESSIONS", text: (instance) => instance.sessions, align: "right" },
        { title: "WEBSOCKETS", text: (instance) => instance.tunnels.webSocket, align: "right" },
        { title: "STREAMS", text: (instance) => instance.tunnels.stream, align: "right" },
        { title: "OTHER", text: (instance) => instance.tunnels.other, align: "right" },
      ],
      terminal,
    ),
  );
}

/** How long a retiring or stopping edition has. */
function untilText({ until }: EditionView, now: EpochMs): string {
  if (until === null) return "";
  if (until === "drained") return " until drained";
  return until > now ? `, at most ${formatDurationMs(until - now)}` : ", its time is over";
}

function sum(app: ApplicationView, of: (edition: EditionView) => number): number {
  return app.editions.reduce((total, edition) => total + of(edition), 0);
}

function stateTone({ state }: ApplicationView): "good" | "warn" | "bad" {
  if (state === "RUNNING") return "good";
  return state === "DEPLOYED" ? "bad" : "warn";
}
