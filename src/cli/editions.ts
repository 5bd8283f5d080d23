// tidegate distribute, start, redeploy and undeploy: editions of an application come, take over, and go.

import type { Command } from "commander";
import type {
  DistributeRequest,
  RedeployRequest,
  StartRequest,
  UndeployRequest,
} from "../admin/edition-requests.ts";
import type { Submitted } from "../control/operations.ts";
import { type Cli, examples, usageError, withClientOptions } from "./cli.ts";
import { became, changeEdition } from "./edition-change.ts";
import {
  collect,
  commonOf,
  type EditionOptions,
  TARGET_HELP,
  targetsOf,
  toSecondsOf,
} from "./edition-options.ts";

const REASON_HELP = "why; it is kept in the journal";
const RETIRE_HELP =
  "how long the edition before may keep its users at most (600, 10m); default until they are gone";

/** Adds the four commands. */
export function addEditions(program: Command, cli: Cli): void {
  addDistribute(program, cli);
  addStart(program, cli);
  addRedeploy(program, cli);
  addUndeploy(program, cli);
}

function addDistribute(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("distribute")
      .argument("<id>", "id of the application")
      .requiredOption("--edition <label>", "label of the edition")
      .option("--target <where>", TARGET_HELP, collect)
      .option("--reason <text>", REASON_HELP),
  )
    .summary("put an edition beside the others; nobody gets there yet")
    .description(
      "Makes an edition known to every router, where somebody has brought it already. It is served to nobody until it is started.",
    )
    .addHelpText(
      "after",
      examples(
        [
          "tidegate distribute shop --edition 2 --target Server01=127.0.0.1:9082,route=s1b",
          "beside edition 1",
        ],
        ["tidegate distribute shop --edition 2 --target cluster:Cluster02", "on all members of a cluster"],
        ["tidegate start shop --new", "then open it to new users"],
      ),
    )
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<EditionOptions & { readonly edition: string }>();
      const { edition } = options;
      const body: DistributeRequest = { edition, ...targetsOf(options), ...commonOf(options) };
      const next = (): string =>
        `\`tidegate start ${id} --edition ${edition}\` opens it to new users; ` +
        `\`tidegate undeploy ${id} --edition ${edition}\` takes it away`;
      return changeEdition(cli, options, { application: id, verb: "distribute", body, next });
    });
}

function addStart(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("start")
      .argument("<id>", "id of the application")
      .option("--new", "the newest edition that is distributed (default)")
      .option("--edition <label>", "the edition with this label")
      .option("--to <time>", RETIRE_HELP)
      .option("--force", "do not ask its servers first whether they are ready")
      .option("--reason <text>", REASON_HELP),
  )
    .summary("open a distributed edition to new users; the one before retires")
    .description(
      `Opens an edition at one revision on every router: new users go there from then on. The
edition that had them retires: its sessions and connections stay with it until they are
gone, or until the time of --to is over.

First every server of the edition is asked (its probe, or whether it accepts a connection);
one that does not answer is named, and nothing is changed. To start an edition that is
retiring is a rollback to it.`,
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate start shop --new", "the newest distributed edition"],
        ["tidegate start shop --edition 2 --to 10m", "edition 1 may keep its users for 10 minutes"],
        ["tidegate app shop", "who is left on edition 1"],
        ["tidegate undeploy shop --new", "roll back"],
      ),
    )
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<EditionOptions>();
      const { edition } = options;
      onlyOne(options, ["--new", "--edition"]);
      const body: StartRequest = {
        ...(edition === undefined ? {} : { edition }),
        ...toSecondsOf(options),
        ...commonOf(options),
      };
      const next = (submitted: Submitted): string => afterStart(id, submitted);
      return changeEdition(cli, options, { application: id, verb: "start", body, next });
    });
}

function addRedeploy(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("redeploy")
      .argument("<id>", "id of the application")
      .requiredOption("--edition <label>", "label of the edition that takes over")
      .option("--target <where>", TARGET_HELP, collect)
      .option("--to <time>", RETIRE_HELP)
      .option("--force", "do not ask its servers first whether they are ready")
      .option("--reason <text>", REASON_HELP),
  )
    .summary("distribute an edition and start it: new users go there, old ones stay")
    .description(
      `Distributes an edition, if it is not there yet, and starts it. When its servers are not
ready it stays distributed, and everybody stays where he is.`,
    )
    .addHelpText(
      "after",
      examples(
        [
          "tidegate redeploy shop --edition 2 --target Server01=127.0.0.1:9082,route=s1b",
          "edition 2 takes over",
        ],
        ["tidegate redeploy shop --edition 2 --to 10m", "one that is there; edition 1 has 10 minutes"],
        ["tidegate app shop", "who is left on edition 1"],
        ["tidegate undeploy shop --new", "roll back"],
      ),
    )
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<EditionOptions & { readonly edition: string }>();
      const body: RedeployRequest = {
        edition: options.edition,
        ...targetsOf(options),
        ...toSecondsOf(options),
        ...commonOf(options),
      };
      const next = (submitted: Submitted): string => afterStart(id, submitted);
      return changeEdition(cli, options, { application: id, verb: "redeploy", body, next });
    });
}

function addUndeploy(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("undeploy")
      .argument("<id>", "id of the application")
      .option("--old", "all editions but the newest")
      .option("--new", "the newest edition: a rollback, the one before runs again")
      .option("--all", "every edition")
      .option("--edition <label>", "the edition with this label")
      .option("--to <time>", "how long its users may stay (600, 10m); default: they are cut")
      .option("--force", "at once: requests in flight are interrupted")
      .option("--reason <text>", REASON_HELP),
  )
    .summary("take editions out of service, or roll back to the one before")
    .description(
      `Takes an edition out of service: it gets no new request, and those in flight have 5 minutes.
With --to its users may stay so long, where another edition serves new ones. When several
editions are there, say which.

With --new, while the edition before is still there, that one runs again at the same
revision: a rollback. It needs no restart and asks nobody.`,
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate undeploy shop --new", "roll back; the new edition's users are cut"],
        ["tidegate undeploy shop --new --to 5m", "roll back; its users may stay 5 minutes"],
        ["tidegate undeploy shop --old", "do not wait for the old edition's users any more"],
        ["tidegate undeploy shop --old --to 1h", "give them an hour from now"],
        ["tidegate undeploy shop --edition 2", "this one"],
      ),
    )
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<EditionOptions>();
      const next = (submitted: Submitted): string => afterUndeploy(id, submitted);
      return changeEdition(cli, options, {
        application: id,
        verb: "undeploy",
        body: undeployOf(options),
        next,
      });
    });
}

function undeployOf(options: EditionOptions): UndeployRequest {
  onlyOne(options, ["--old", "--new", "--all", "--edition"]);
  if (options.force === true && options.to !== undefined) {
    throw usageError("Cannot undeploy at once (--force) and later (--to)", "Write one of the two");
  }
  const { edition } = options;
  const choice = (["old", "new", "all"] as const).find((name) => options[name] === true) ?? "only";
  const which: UndeployRequest = edition === undefined ? { choice } : { choice: "edition", edition };
  return { ...which, ...toSecondsOf(options), ...commonOf(options) };
}

function onlyOne(
  options: EditionOptions,
  names: readonly ("--old" | "--new" | "--all" | "--edition")[],
): void {
  const given = names.filter(
    (name) => options[name.slice(2) as "old" | "new" | "all" | "edition"] !== undefined,
  );
  if (given.length > 1) {
    throw usageError(`Cannot take ${given.join(" and ")} at once`, "Write one of them");
  }
}

function afterStart(id: string, submitted: Submitted): string {
  if (!became(submitted, "retiring")) return "";
  return `\`tidegate app ${id}\` shows who is left; \`tidegate undeploy ${id} --new\` rolls back`;
}

function afterUndeploy(id: string, submitted: Submitted): string {
  if (!became(submitted, "retiring") && !became(submitted, "stopping")) return "";
  return `\`tidegate app ${id}\` shows who is left`;
}
