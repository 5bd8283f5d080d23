// Route ids lead from a session cookie to an instance, so within an application each belongs to one instance.

import { fault } from "../base/fault.ts";
import type { Affinity, Application } from "./application.ts";
import type { Draft } from "./draft.ts";
import { isLive } from "./edition.ts";
import type { Instance, Members } from "./instance.ts";
import { instancesOf } from "./instance.ts";
import type { EditionLabel, RouteId } from "./names.ts";

/** The character before a route id in the session cookie; undefined for styles that use no route ids. */
function separatorOf(affinity: Affinity): string | undefined {
  return affinity.style === "suffix" || affinity.style === "rewrite" ? affinity.separator : undefined;
}

/**
 * Refuses a route id that two instances of the application have, and one that contains the separator, since it would be
 * read as two. Applications whose affinity does not go by route ids may run two editions on the same servers.
 */
export function checkRoutes(draft: Draft, application: Application, members: Members): void {
  const separator = separatorOf(application.affinity);
  if (separator === undefined) return;
  const owners = new Map<RouteId, Owner>();
  for (const edition of application.editions.filter(isLive)) {
    for (const instance of instancesOf(edition, draft.servers, members)) {
      for (const route of instance.routes) {
        if (route.includes(separator)) refuseSeparator(draft, application, { route, separator, instance });
        const owner = owners.get(route);
        if (owner === undefined) owners.set(route, { instance, label: edition.label });
        else if (owner.instance !== instance) {
          refuseTaken(draft, application, { route, owner, taker: { instance, label: edition.label } });
        }
      }
    }
  }
}

interface Owner {
  readonly instance: Instance;
  readonly label: EditionLabel;
}

function refuseSeparator(
  draft: Draft,
  application: Application,
  bad: { readonly route: RouteId; readonly separator: string; readonly instance: Instance },
): void {
  draft.faults.push(
    fault(
      "BAD_COMMAND",
      `Cannot use route id "${bad.route}" of server "${bad.instance.server.name}" in application "${application.id}": it contains the separator "${bad.separator}"`,
      { hint: "Give the server a route id without the separator, or the application another separator" },
    ),
  );
}

function refuseTaken(
  draft: Draft,
  application: Application,
  clash: { readonly route: RouteId; readonly owner: Owner; readonly taker: Owner },
): void {
  const { owner, taker } = clash;
  draft.faults.push(
    fault(
      "ROUTE_TAKEN",
      `Cannot use route id "${clash.route}" for edition "${taker.label}" of "${application.id}" on server "${taker.instance.server.name}": edition "${owner.label}" on server "${owner.instance.server.name}" has it`,
    ),
  );
}
