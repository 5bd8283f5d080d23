// tidegate drain ID [--edition L] [--wait [--timeout S]]

import type { Command } from "commander";
import { FaultError, fault } from "../base/fault.ts";
import { type EpochMs, formatDurationMs, type MonotonicMs, parseDurationMs } from "../base/units.ts";
import type { ApplicationView, DrainedAnswer } from "../control/operations.ts";
import {
  type Cli,
  type ClientOptions,
  EXIT,
  examples,
  printJson,
  usageError,
  withClientOptions,
} from "./cli.ts";
import { AdminClient } from "./client.ts";
import { counted } from "./words.ts";

/** Who looks at the terminal wants to see the count go down; a script's wait is asked for again before a proxy tires of it. */
const LOOK_SECONDS = 1;
const WAIT_SECONDS = 30;

interface DrainOptions extends ClientOptions {
  readonly edition?: string;
  readonly wait?: boolean;
  readonly timeout?: string;
}

/** Adds the command. */
export function addDrain(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("drain")
      .argument("<id>", "id of the application")
      .option("--edition <label>", "the edition with this label; default all that retire or stop")
      .option("--wait", "wait until it is drained")
      .option("--timeout <time>", "wait so long at most (600, 10m); default without end"),
  )
    .summary("say what is left of an edition that goes, or wait until it is drained")
    .description(
      `Says what is left of the editions that retire or stop: requests in flight, sessions,
WebSockets, event streams, other tunnels. An edition is drained when nothing is left on any
router and none gives it anything any more: then its processes may stop.

Exit status 0 when it is drained, 3 when something is left.`,
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate drain shop", "what is left of the old edition"],
        ["tidegate drain shop --wait && systemctl stop shop-1", "stop its processes once nobody is there"],
        ["tidegate drain shop --edition 1 --wait --timeout 10m", "ten minutes at most"],
      ),
    )
    .action((id: string, _options: unknown, command: Command) =>
      runDrain(cli, command.optsWithGlobals(), id),
    );
}

async function runDrain(cli: Cli, options: DrainOptions, id: string): Promise<void> {
  const untilMs = deadlineOf(cli, options);
  const client = new AdminClient(cli, options);
  const path = `/v1/applications/${encodeURIComponent(id)}`;
  const labels = options.edition === undefined ? leaving(await client.get(path)) : [options.edition];
  const answers: DrainedAnswer[] = [];
  for (const label of labels) {
    answers.push(await ask(cli, client, `${path}/editions/${encodeURIComponent(label)}/drained`, untilMs));
  }
  if (answers.some(({ drained }) => !drained)) cli.status = EXIT.timedOut;
  if (options.json === true) return printJson(cli.terminal, { editions: answers });
  if (answers.length === 0) cli.terminal.out(`No edition of "${id}" retires or stops\n`);
  const now = cli.clock.epochMs();
  for (const answer of answers) cli.terminal.out(`${lineOf(answer, now)}\n`);
}

/** When the wait is over; undefined: nobody waits. */
function deadlineOf(cli: Cli, { wait, timeout }: DrainOptions): MonotonicMs | undefined {
  if (timeout !== undefined && wait !== true) {
    throw usageError("Cannot take --timeout without --wait", "Write --wait too");
  }
  if (wait !== true) return undefined;
  if (timeout === undefined) return Number.POSITIVE_INFINITY as MonotonicMs;
  const waitMs = parseDurationMs(timeout);
  if (waitMs !== undefined) return (cli.clock.monotonicMs() + waitMs) as MonotonicMs;
  throw usageError(`"${timeout}" is no time for --timeout`, "Write seconds (600) or a duration (10m, 1h30m)");
}

function leaving({ editions }: ApplicationView): readonly string[] {
  return editions
    .filter(({ state }) => state === "retiring" || state === "stopping")
    .map(({ label }) => label);
}

/** Asks once, or until the edition is drained or the time is over. */
async function ask(
  cli: Cli,
  client: AdminClient,
  path: string,
  untilMs: MonotonicMs | undefined,
): Promise<DrainedAnswer> {
  const { terminal, clock } = cli;
  const isWatched = terminal.isInteractive;
  let waitSeconds = 0; // the first answer is for who looks
  for (;;) {
    const answer = await client.get<DrainedAnswer>(`${path}?waitSeconds=${waitSeconds}`);
    const leftMs = untilMs === undefined ? 0 : untilMs - clock.monotonicMs();
    if (isWatched && waitSeconds > 0) terminal.err("\r\x1b[K");
    if (answer.drained || leftMs <= 0) return answer;
    if (answer.state === "running") throw neverDrained(answer);
    if (isWatched) terminal.err(lineOf(answer, clock.epochMs()));
    waitSeconds = Math.min(isWatched ? LOOK_SECONDS : WAIT_SECONDS, Math.ceil(leftMs) / 1000);
  }
}

/** To be waited for in vain: it is open to new users, perhaps after a rollback. */
function neverDrained({ application, edition }: DrainedAnswer): FaultError {
  const what = `Cannot wait until edition "${edition}" of "${application}" is drained: it is running`;
  return new FaultError(
    fault("EDITION_STATE", what, { hint: "It retires when another edition is started, or it is undeployed" }),
  );
}

/** `shop: edition "1" retiring until drained: 1 request, 12 sessions left`. */
function lineOf({ application, edition, state, drained, until, left }: DrainedAnswer, now: EpochMs): string {
  const who = `${application}: edition "${edition}"`;
  if (drained) return `${who} is drained`;
  const kinds = [
    [left.requests, "request"],
    [left.sessions, "session"],
    [left.webSockets, "WebSocket"],
    [left.streams, "event stream"],
    [left.tunnels, "other tunnel"],
  ] as const;
  const texts = kinds.filter(([count]) => count > 0).map(([count, noun]) => counted(count, noun));
  const what =
    texts.length === 0 ? "nothing left that is known of, not every router has said so" : texts.join(", ");
  return `${who} ${state}${untilText(until, now)}: ${what}${texts.length === 0 ? "" : " left"}`;
}

function untilText(until: DrainedAnswer["until"], now: EpochMs): string {
  if (until === null) return "";
  return until === "drained" ? " until drained" : `, at most ${formatDurationMs(Math.max(0, until - now))}`;
}
