// The `domain.yaml` that the process settings include: applied at boot and on reload, as `tidegate apply` does (SPEC C5).

import { basename } from "node:path";
import type { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Result } from "../base/result.ts";
import type { Command } from "../domain/command.ts";
import { readResources } from "../settings/read-resources.ts";
import { readTextFile } from "../system/text-file.ts";
import type { Accepted } from "./master.ts";

/** Where an include leads. */
export interface IncludeParts {
  /** Absolute path; empty for none. */
  readonly file: string;
  readonly log: Log;
  readonly submit: (command: Command) => Promise<Result<Accepted>>;
}

/**
 * Reads the file and applies it, with the file as the actor. A fault is logged with every line and changes nothing: the
 * domain is served on as it was.
 */
export async function applyInclude({ file, log, submit }: IncludeParts): Promise<void> {
  if (file === "") return;
  const text = readTextFile(file);
  const resources = text.ok ? readResources(text.value, { file, readFile: readTextFile }) : text;
  if (!resources.ok) {
    tell(log, file, resources.fault);
    return;
  }
  const origin = { actor: `file:${basename(file)}` };
  const accepted = await submit({ kind: "apply-resources", origin, resources: resources.value });
  if (!accepted.ok) {
    tell(log, file, accepted.fault);
    return;
  }
  const { after, events } = accepted.value;
  const what = events.length === 0 ? "The included file changes nothing" : "The included file is applied";
  log.info({ file, revision: after.revision, changes: events.map((event) => event.message) }, what);
}

function tell(log: Log, file: string, fault: Fault): void {
  const { code, message, hint, details = [] } = fault;
  log.error({ file, code, hint }, `The included file is not applied, the domain stays as it is: ${message}`);
  for (const line of details) log.error({ file, code }, line);
}
