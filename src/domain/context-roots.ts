// Who may have which context root: two applications may not claim the same virtual host and context root (SPEC R2).

import { fault } from "../base/fault.ts";
import type { Application } from "./application.ts";
import type { Draft } from "./draft.ts";
import type { ApplicationId } from "./names.ts";

/**
 * Refuses a context root that two applications, or one twice, claim on one virtual host.
 *
 * @param declared - the applications of this command: of two that clash, one of these is refused and the other named
 */
export function checkContextRoots(draft: Draft, declared: ReadonlySet<ApplicationId>): void {
  const owners = new Map<string, ApplicationId>();
  for (const application of newcomersLast(draft, declared)) {
    for (const virtualHost of application.virtualHosts) {
      for (const root of application.contextRoots) {
        const claim = `${virtualHost} ${root}`;
        const owner = owners.get(claim);
        if (owner === undefined) {
          owners.set(claim, application.id);
          continue;
        }
        const has = owner === application.id ? "it is named twice" : `application "${owner}" has it`;
        draft.faults.push(
          fault(
            "CONTEXT_ROOT_TAKEN",
            `Cannot give context root "${root}" on virtual host "${virtualHost}" to application "${application.id}": ${has}`,
          ),
        );
      }
    }
  }
}

function newcomersLast(draft: Draft, declared: ReadonlySet<ApplicationId>): readonly Application[] {
  const all = [...draft.applications.values()];
  return [
    ...all.filter((application) => !declared.has(application.id)),
    ...all.filter((application) => declared.has(application.id)),
  ];
}
