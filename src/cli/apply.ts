// tidegate apply [-f] FILE

import { resolve } from "node:path";
import type { Command } from "commander";
import type { ApplyRequest, ApplyResult } from "../admin/routes/apply.ts";
import { type Fault, FaultError } from "../base/fault.ts";
import { ok, unwrap } from "../base/result.ts";
import { type Cli, type ClientOptions, examples, printJson, usageError, withClientOptions } from "./cli.ts";
import { AdminClient } from "./client.ts";
import { counted } from "./words.ts";

interface ApplyOptions extends ClientOptions {
  readonly file?: string;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** Adds the command. */
export function addApply(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("apply")
      .argument("[file]", "the domain.yaml")
      .option("-f, --file <file>", "the same")
      .option("--dry-run", "say what would happen, and change nothing")
      .option("--reason <text>", "why; it is kept in the journal"),
  )
    .summary("declare virtual hosts, clusters, servers and applications from a file")
    .description(
      "Brings a domain.yaml into the domain and returns when every router has it. What the file does not mention is left " +
        "alone; modes and running editions are never reset by it. To apply a file twice is the same as once.",
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate apply -f domain.yaml --dry-run", "what it would change"],
        ["tidegate apply -f domain.yaml", "change it"],
        ["tidegate check domain.yaml", "only look for mistakes; needs no running Tidegate"],
      ),
    )
    .action((file: string | undefined, _options: unknown, command: Command) =>
      applyFile(cli, command.optsWithGlobals(), file),
    );
}

async function applyFile(cli: Cli, options: ApplyOptions, argument: string | undefined): Promise<void> {
  const body = await requestOf(cli, options, oneFile(options.file, argument));
  const path = options.dryRun === true ? "/v1/apply?dryRun=true" : "/v1/apply";
  const result = await new AdminClient(cli, options).call<ApplyResult>({ method: "POST", path, body });
  if (options.json === true) return printJson(cli.terminal, result);
  for (const { message } of result.events) cli.terminal.out(`${message}\n`);
  cli.terminal.out(`${summary(result)}\n`);
}

/** Reads the file here first: its mistakes are told by the name it was called, and its pages are where it is. */
async function requestOf(cli: Cli, options: ApplyOptions, file: string): Promise<ApplyRequest> {
  const [{ readText }, { readResources }] = await Promise.all([
    import("./load-settings.ts"),
    import("../settings/read-resources.ts"),
  ]);
  const path = resolve(cli.folder, file);
  const text = unwrap(readText(path));
  const pages: Record<string, string> = {};
  const readPage = (page: string): ReturnType<typeof readText> => {
    const read = readText(page);
    if (!read.ok) return read;
    pages[resolve(cli.folder, page)] = read.value;
    return ok(read.value);
  };
  const resources = readResources(text, { file, readFile: readPage });
  if (!resources.ok) throw new FaultError(told(resources.fault, text));
  return { file: path, text, pages, ...(options.reason === undefined ? {} : { reason: options.reason }) };
}

/** With `-f` or without it, but one file. */
function oneFile(option: string | undefined, argument: string | undefined): string {
  const file = option ?? argument;
  const hint = "Write `tidegate apply -f domain.yaml`";
  if (file === undefined) throw usageError("Cannot apply: no file is named", hint);
  if (option !== undefined && argument !== undefined) {
    throw usageError(`Cannot apply "${option}" and "${argument}" at once`, hint);
  }
  return file;
}

/** The settings of a process are taken for a domain.yaml easily. */
function told(mistakes: Fault, text: string): Fault {
  if (!/^(router|include|admin|listeners)\s*:/m.test(text)) return mistakes;
  const hint =
    "These are process settings (tidegate.yaml): name the domain.yaml; a change of settings needs a restart";
  return { ...mistakes, hint };
}

function summary({ dryRun, events, revision, applied }: ApplyResult): string {
  if (events.length === 0) return `Nothing to change: the domain is like that already (revision ${revision})`;
  if (dryRun || applied === null) return `Dry run: ${counted(events.length, "change")}, none of them made`;
  return `${counted(events.length, "change")} at revision ${revision}, applied by ${applied.applied} of ${applied.routers} routers`;
}
