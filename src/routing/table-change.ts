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
  const changed = new Map(change.changed.map((entry) => [entry.id, entry]));
  const applications =
    change.order === undefined ? inPlace(table, changed) : inOrder(table, changed, change.order);
  if (applications === undefined) {
    return refuse(
      "INTERNAL",
      `Cannot change routing table to revision ${change.revision}: it names an application that is in neither table nor change`,
    );
  }
  const virtualHosts = change.virtualHosts ?? table.virtualHosts;
  return ok({ ...table, revision: change.revision, virtualHosts, applications });
}

type Entries = readonly ApplicationEntry[];

/** The usual change: the same applications in the same places, a few of them different. */
function inPlace(table: RoutingTable, changed: ReadonlyMap<string, ApplicationEntry>): Entries | undefined {
  let found = 0;
  const applications = table.applications.map((entry) => {
    const next = changed.get(entry.id);
    if (next !== undefined) found += 1;
    return next ?? entry;
  });
  return found === changed.size ? applications : undefined;
}

function inOrder(
  table: RoutingTable,
  changed: ReadonlyMap<string, ApplicationEntry>,
  order: readonly string[],
): Entries | undefined {
  const held = new Map(table.applications.map((entry) => [entry.id, entry]));
  const applications: ApplicationEntry[] = [];
  for (const id of order) {
    const entry = changed.get(id) ?? held.get(id);
    if (entry === undefined) return undefined;
    applications.push(entry);
  }
  return applications;
}
