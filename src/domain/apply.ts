// The one way in which a domain changes: pure, deterministic, the same at boot (replay) as live. Each noun has its verbs
// in its own file; here they are only called.

import { unreachable } from "../base/assert.ts";
import type { Fault } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { failed, ok } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import { endSession, removeApplication } from "./application.ts";
import type { Command, DomainEvent } from "./command.ts";
import type { Domain } from "./domain.ts";
import type { Draft } from "./draft.ts";
import { closeDraft, openDraft } from "./draft.ts";
import { distributeEdition, finishEdition, startEdition, undeployEdition } from "./lifecycle.ts";
import { beginPlannedMode, setMode } from "./mode.ts";
import { applyResources } from "./resources.ts";
import { removeServer } from "./server.ts";

/**
 * The next domain (its revision is one higher) and what happened. No events means that nothing changed: `domain` is then
 * the very object that was given, with its revision, and there is nothing to store or publish.
 */
export interface Applied {
  readonly domain: Domain;
  readonly events: readonly DomainEvent[];
}

/** Applies one command, or says why not; a refused command changes nothing. */
export function apply(domain: Domain, command: Command, now: EpochMs): Result<Applied> {
  const draft = openDraft(domain, command.origin, now);
  change(draft, command);
  const [first] = draft.faults;
  if (first !== undefined) return failed(refusal(first, draft.faults));
  if (draft.events.length === 0) return ok({ domain, events: [] });
  return ok({ domain: closeDraft(draft, domain.name), events: draft.events });
}

function change(draft: Draft, command: Command): void {
  switch (command.kind) {
    case "apply-resources":
      applyResources(draft, command.resources);
      break;
    case "set-mode":
      setMode(draft, command);
      break;
    case "begin-planned-mode":
      beginPlannedMode(draft, command);
      break;
    case "distribute-edition":
      distributeEdition(draft, command);
      break;
    case "start-edition":
      startEdition(draft, command);
      break;
    case "undeploy-edition":
      undeployEdition(draft, command);
      break;
    case "finish-edition":
      finishEdition(draft, command);
      break;
    case "remove-server":
      removeServer(draft, command.name);
      break;
    case "remove-application":
      removeApplication(draft, command.id);
      break;
    case "end-session":
      endSession(draft, command);
      break;
    default:
      unreachable(command);
  }
}

/** One fault for all: the first one gives code and hint, `details` has every message. */
function refusal(first: Fault, all: readonly Fault[]): Fault {
  const details = all.map((one) => one.message);
  if (all.length === 1) return { ...first, details };
  return { ...first, message: `${first.message} (and ${all.length - 1} more)`, details };
}
