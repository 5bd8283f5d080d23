// Applies a change to the routing table that a router holds. The change is made by `control/routing-table.ts`.

import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApplicationEntry, RoutingTable, TableChange } from "./table.ts";

/**
 * The table after a change; entries that did not change are the same objects as before.
 *
 * Refuses with `REVISION_CONFLICT` when the change does not start from this table (the router then asks for the whole
 * one), and with `INTERNAL` when it names an application that neither of the two has.
 */
export function applyTableChange(table: RoutingTable, change: TableChange): Result<RoutingTable> {
  if (change.from !== table.revision) {
    return refuse(
      "REVISION_CONFLICT",
      `Cannot change routing table of revision ${table.revision}: the change starts from revision ${change.from}`,
    );
  }
  const entries = new Map(table.applications.map((entry) => [entry.id, entry]));
  for (const id of change.removed) entries.delete(id);
  for (const entry of change.changed) entries.set(entry.id, entry);
  const applications: ApplicationEntry[] = [];
  for (const id of change.order) {
    const entry = entries.get(id);
    if (entry === undefined) {
      return refuse(
        "INTERNAL",
        `Cannot change routing table to revision ${change.revision}: application "${id}" is in neither table nor change`,
      );
    }
    applications.push(entry);
  }
  return ok({ ...table, revision: change.revision, virtualHosts: change.virtualHosts, applications });
}
