// Makes a change of editions, and says in words what came of it.

import type { Submitted } from "../control/operations.ts";
import { type Cli, EXIT, printFault, printJson } from "./cli.ts";
import { AdminClient, ProblemError } from "./client.ts";
import type { EditionOptions } from "./edition-options.ts";

/** A change, as the API takes it. */
export interface EditionChange {
  readonly application: string;
  readonly verb: "distribute" | "start" | "redeploy" | "undeploy";
  readonly body: object;
  /** What to do next, by what happened; an empty text for nothing. */
  readonly next: (submitted: Submitted) => string;
}

/** One line an event, how far it came, and what to do next. With `NOT_APPLIED` the exit status is 3. */
export async function changeEdition(cli: Cli, options: EditionOptions, change: EditionChange): Promise<void> {
  const { application, verb, body } = change;
  const path = `/v1/applications/${encodeURIComponent(application)}/${verb}`;
  try {
    const submitted = await new AdminClient(cli, options).call<Submitted>({ method: "POST", path, body });
    if (options.json === true) return printJson(cli.terminal, submitted);
    print(cli, submitted, change);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== "NOT_APPLIED") throw error;
    // Accepted and kept, but not in force everywhere: what has happened is still the answer.
    if (options.json === true) printJson(cli.terminal, error.problem);
    else if (error.problem.result !== undefined) print(cli, error.problem.result as Submitted, change);
    printFault(cli.terminal, error.fault);
    cli.status = EXIT.timedOut;
  }
}

/** True when an edition came into this state. */
export function became({ events }: Submitted, state: "retiring" | "stopping"): boolean {
  return events.some(({ kind }) => kind === `edition.${state}`);
}

function print({ terminal }: Cli, submitted: Submitted, { next }: EditionChange): void {
  const { revision, events, applied } = submitted;
  for (const { message } of events) terminal.out(`${message}\n`);
  const far = `applied by ${applied.applied} of ${applied.routers} routers at revision ${revision}`;
  terminal.out(`${events.length === 0 ? `Nothing to change: it is so already, ${far}` : far}\n`);
  const advice = next(submitted);
  if (advice !== "") terminal.out(`${advice}\n`);
}
