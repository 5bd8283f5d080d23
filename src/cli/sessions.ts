// tidegate sessions ID, and tidegate sessions ID --end FINGERPRINT

import type { Command } from "commander";
import type { SessionList } from "../admin/routes/sessions.ts";
import { formatDurationMs } from "../base/units.ts";
import type { Submitted } from "../control/operations.ts";
import {
  type Cli,
  type ClientOptions,
  examples,
  printJson,
  reasonHeader,
  usageError,
  wholeNumber,
  withClientOptions,
} from "./cli.ts";
import { AdminClient } from "./client.ts";
import { table } from "./table.ts";
import { ago } from "./words.ts";

interface SessionOptions extends ClientOptions {
  readonly edition?: string;
  readonly server?: string;
  readonly limit?: string;
  readonly end?: string;
  readonly reason?: string;
}

const LIMIT_DEFAULT = 50;

/** Adds the command. */
export function addSessions(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("sessions")
      .argument("<id>", "id of the application")
      .option("--edition <label>", "only sessions on this edition")
      .option("--server <name>", "only sessions on this server")
      .option("--limit <count>", `most sessions to list (default ${LIMIT_DEFAULT})`)
      .option("--end <fingerprint>", "end this session: its next request is a new user's")
      .option("--reason <text>", "why; with --end"),
  )
    .summary("list an application's live sessions, or end one")
    .description(
      "Lists the live sessions of an application: where they are bound, when they were last seen, when they end. A " +
        "session is shown by its fingerprint; its id, which is a secret of its user, is not.",
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate sessions shop", `the first ${LIMIT_DEFAULT}, and how many there are`],
        ["tidegate sessions shop --server Server01", "who is still on it"],
        ["tidegate sessions shop --end 9f86d081884c7d65", "end one"],
      ),
    )
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<SessionOptions>();
      return options.end === undefined
        ? listSessions(cli, options, id)
        : endSession(cli, options, id, options.end);
    });
}

async function listSessions(cli: Cli, options: SessionOptions, id: string): Promise<void> {
  const { edition, server, limit } = options;
  const query = new URLSearchParams({ limit: String(wholeNumber(limit, "--limit", 1) ?? LIMIT_DEFAULT) });
  if (edition !== undefined) query.set("edition", edition);
  if (server !== undefined) query.set("server", server);
  const path = `/v1/applications/${encodeURIComponent(id)}/sessions?${query}`;
  const list = await new AdminClient(cli, options).get<SessionList>(path);
  if (options.json === true) return printJson(cli.terminal, list);
  const now = cli.clock.epochMs();
  if (list.sessions.length > 0) {
    cli.terminal.out(
      table(
        list.sessions,
        [
          { title: "SESSION", text: (session) => session.fingerprint },
          { title: "EDITION", text: (session) => session.edition },
          { title: "SERVER", text: (session) => session.server },
          { title: "AGE", text: (session) => ago(session.bornAt, now), align: "right" },
          { title: "LAST SEEN", text: (session) => `${ago(session.lastSeenAt, now)} ago`, align: "right" },
          { title: "ENDS", text: (session) => endsIn(session.expiresAt - now), align: "right" },
          { title: "REQUESTS", text: (session) => session.requests, align: "right" },
        ],
        cli.terminal,
      ),
    );
  }
  cli.terminal.out(`${list.sessions.length} of ${list.total} sessions\n`);
}

async function endSession(cli: Cli, options: SessionOptions, id: string, written: string): Promise<void> {
  const fingerprint = written.toLowerCase();
  if (!/^[0-9a-f]{16}$/.test(fingerprint)) {
    throw usageError(
      `"${written}" is no session`,
      `\`tidegate sessions ${id}\` lists them: 16 hex digits each`,
    );
  }
  const submitted = await new AdminClient(cli, options).call<Submitted>({
    method: "DELETE",
    path: `/v1/applications/${encodeURIComponent(id)}/sessions/${fingerprint}`,
    headers: reasonHeader(options.reason),
  });
  if (options.json === true) return printJson(cli.terminal, submitted);
  cli.terminal.out(`Session ${fingerprint} of ${id} is ended: its next request is a new user's\n`);
}

function endsIn(leftMs: number): string {
  return leftMs > 0 ? `in ${formatDurationMs(leftMs)}` : "now";
}
