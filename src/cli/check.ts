// tidegate check [FILE...]

import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { type Fault, fault, refuse } from "../base/fault.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import type { Resources } from "../domain/command.ts";
import type { ProcessSettings } from "../settings/process-settings.ts";
import type { Source } from "../settings/reading.ts";
import { type Cli, EXIT, examples, printJson } from "./cli.ts";

type Kind = "process settings" | "domain";

/** What was found in one file. */
interface Finding {
  readonly file: string;
  readonly kind: Kind;
  readonly good: boolean;
  /** `file:line:column: message`, or what else is wrong. */
  readonly mistakes: readonly string[];
  /** What may be right or wrong, depending on what the domain has already. */
  readonly notes: readonly string[];
}

const SETTINGS_KEYS = /^(domain|node|roles|data|admin|router|include|logLevel|stopGrace)\s*:/gm;
/** What the domain says of a reference that leads nowhere; the notes have it with its place. */
const BROKEN_REFERENCE = /: there is no (cluster|server|virtual host) "/;
const DOMAIN_KEYS = /^(virtualHosts|clusters|servers|applications)\s*:/gm;

/** Adds the command. */
export function addCheck(program: Command, cli: Cli): void {
  program
    .command("check")
    .argument("[files...]", "default: the tidegate.yaml here or in config, with what it includes")
    .option("--json", "print the findings, for programs")
    .summary("look for mistakes in tidegate.yaml and domain.yaml, without using them")
    .description(
      "Reads process settings and domain files, told apart by what is in them, and names every mistake with line and " +
        "column. Needs no running Tidegate. Exit status 1 when there is a mistake.",
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate check", "the files nearby"],
        ["tidegate check config/tidegate.yaml domain.yaml", "these"],
      ),
    )
    .action(async (files: readonly string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<{ readonly json?: boolean }>();
      const findings = await checkAll(cli, files);
      if (options.json === true) printJson(cli.terminal, { files: findings });
      else for (const finding of findings) print(cli, finding);
      if (findings.some(({ good }) => !good)) cli.status = EXIT.failed;
    });
}

async function checkAll(cli: Cli, files: readonly string[]): Promise<readonly Finding[]> {
  const { findSettingsFile, SETTINGS_FILES } = await import("./load-settings.ts");
  const found = files.length > 0 ? files : [shorter(findSettingsFile(cli.folder) ?? "", cli.folder)];
  if (found[0] === "") {
    const message = `There is no ${SETTINGS_FILES.join(" or ")} here`;
    return [finding("tidegate.yaml", "process settings", failed(fault("FILE_UNREADABLE", message)))];
  }
  const findings: Finding[] = [];
  for (const file of found) findings.push(...(await checkFile(cli, file)));
  // A file that was named is not told twice because another one includes it.
  return findings.filter((one, index) => findings.findIndex(({ file }) => file === one.file) === index);
}

async function checkFile(cli: Cli, file: string): Promise<readonly Finding[]> {
  const { parseSettings, readText } = await import("./load-settings.ts");
  const text = readText(resolve(cli.folder, file));
  if (!text.ok) return [finding(file, kindOf("", file), text)];
  if (kindOf(text.value, file) === "domain") return [await checkDomain(text.value, file)];
  const settings = parseSettings(text.value, file);
  const own = finding(
    file,
    "process settings",
    settings.ok ? await withFiles(settings.value, { text: text.value, file }) : settings,
  );
  if (!settings.ok || settings.value.include === "") return [own];
  return [own, ...(await checkFile(cli, shorter(settings.value.include, cli.folder)))];
}

/** A tokens file that is not there and an access log that cannot be written end the start. */
async function withFiles(settings: ProcessSettings, source: Source): Promise<Result<ProcessSettings>> {
  const [{ readText }, { settingMistake }, { whyNotAppendable }] = await Promise.all([
    import("./load-settings.ts"),
    import("../settings/setting-mistake.ts"),
    import("../system/appendable.ts"),
  ]);
  const { admin, router, roles, dataDir } = settings;
  const details: string[] = [];
  const tokens = admin.tokensFile === "" ? ok("") : readText(admin.tokensFile);
  if (!tokens.ok) details.push(settingMistake(source, ["admin", "tokensFile"], tokens.fault.message));
  const { format, path } = router.accessLog;
  if (roles.includes("router") && format !== "off" && path !== "stdout") {
    const why = whyNotAppendable(path, dataDir);
    const message = `Cannot write the access log "${path}": ${why}`;
    if (why !== undefined) details.push(settingMistake(source, ["router", "accessLog", "path"], message));
  }
  return details.length === 0
    ? ok(settings)
    : refuse("FILE_UNREADABLE", `Cannot use "${source.file}"`, { details });
}

/** References may lead to what the domain has already, so that what this file alone lacks is only a note. */
async function checkDomain(text: string, file: string): Promise<Finding> {
  const [{ readText }, { readResources }, { openReferences }, { contextRootClashes }] = await Promise.all([
    import("./load-settings.ts"),
    import("../settings/read-resources.ts"),
    import("../settings/references.ts"),
    import("../settings/context-root-clashes.ts"),
  ]);
  const notes = openReferences({ text, file });
  const clashes = contextRootClashes({ text, file });
  const resources = readResources(text, { file, readFile: readText });
  const refused = resources.ok ? await refusalsOf(resources.value) : mistakesOf(resources.fault);
  // The domain refuses a clash in the same words, but knows no place.
  const others = refused.filter((one) => !clashes.some((clash) => clash.endsWith(one)));
  const mistakes = [...others, ...clashes];
  return { file, kind: "domain", good: mistakes.length === 0, mistakes, notes };
}

/** What an empty domain says against these, but for references. */
async function refusalsOf(resources: Resources): Promise<readonly string[]> {
  const [{ apply }, { emptyDomain }] = await Promise.all([
    import("../domain/apply.ts"),
    import("../domain/domain.ts"),
  ]);
  const command = { kind: "apply-resources", origin: { actor: "check" }, resources } as const;
  const applied = apply(emptyDomain("check"), command, 0 as EpochMs);
  return applied.ok ? [] : mistakesOf(applied.fault).filter((one) => !BROKEN_REFERENCE.test(one));
}

function kindOf(text: string, file: string): Kind {
  const settings = text.match(SETTINGS_KEYS)?.length ?? 0;
  const domain = text.match(DOMAIN_KEYS)?.length ?? 0;
  if (settings === domain) return /domain/i.test(basename(file)) ? "domain" : "process settings";
  return domain > settings ? "domain" : "process settings";
}

function finding(file: string, kind: Kind, result: Result<unknown>): Finding {
  return { file, kind, good: result.ok, mistakes: result.ok ? [] : mistakesOf(result.fault), notes: [] };
}

function mistakesOf({ message, details = [] }: Fault): readonly string[] {
  return details.length > 0 ? details : [message];
}

function print({ terminal }: Cli, { file, kind, good, mistakes, notes }: Finding): void {
  for (const mistake of mistakes) {
    terminal.err(`${mistake.startsWith(`${file}:`) ? mistake : `${file}: ${mistake}`}\n`);
  }
  for (const note of notes) terminal.err(`${note} (no mistake when the domain has it already)\n`);
  if (good) terminal.out(`${file}: no mistakes (${kind})\n`);
}

/** Relative to the folder, when it is below it. */
function shorter(path: string, folder: string): string {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}
