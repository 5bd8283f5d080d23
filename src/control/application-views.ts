// The applications as operators see them: editions with who is on them, and where.

import type { Domain } from "../domain/domain.ts";
import type { ServerName } from "../domain/names.ts";
import type { ApplicationEntry, EditionEntry, RoutingTable } from "../routing/table.ts";
import type { InstanceRow, OpenWork } from "./instance-picture.ts";
import { sumWork } from "./instance-picture.ts";
import type { ApplicationView, EditionView } from "./operations.ts";
import { modesOf } from "./server-views.ts";

/** One view for each application, in order of declaration. */
export function applicationViews(
  domain: Domain,
  table: RoutingTable,
  rows: readonly InstanceRow[],
): readonly ApplicationView[] {
  return table.applications.map((application) => {
    const own = rows.filter((row) => row.application.id === application.id);
    return {
      id: application.id,
      state: applicationState(application, own),
      virtualHosts: application.virtualHosts,
      contextRoots: application.contextRoots,
      affinity: application.affinity.style,
      editions: application.editions.map((edition) => editionView(domain, edition, own)),
    };
  });
}

/** By what was deployed and what answers; a mode does not change it (SPEC M2). */
function applicationState(
  application: ApplicationEntry,
  rows: readonly InstanceRow[],
): ApplicationView["state"] {
  if (application.editions.every((edition) => edition.state === "distributed")) return "DISTRIBUTED";
  const serves = rows.some((row) => row.edition.state !== "distributed" && row.status !== "down");
  return serves ? "RUNNING" : "DEPLOYED";
}

function editionView(
  domain: Domain,
  edition: EditionEntry,
  ofApplication: readonly InstanceRow[],
): EditionView {
  const rows = ofApplication.filter((row) => row.edition.label === edition.label);
  const work = sumWork(rows);
  return {
    label: edition.label,
    state: edition.state,
    inFlight: work.inFlight,
    sessions: rows.reduce((sum, row) => sum + row.sessions, 0),
    tunnels: tunnelsOf(work),
    instances: rows.map((row) => ({
      server: row.entry.server,
      address: row.entry.address,
      mode: effectiveMode(domain, row.entry.server as ServerName), // the table was made of this domain's names
      status: row.status,
      inFlight: row.work.inFlight,
      sessions: row.sessions,
      tunnels: tunnelsOf(row.work),
    })),
  };
}

function effectiveMode(domain: Domain, name: ServerName): EditionView["instances"][number]["mode"] {
  const server = domain.servers.get(name);
  return server === undefined ? "normal" : modesOf(domain, server).effectiveMode;
}

function tunnelsOf(work: Readonly<OpenWork>): EditionView["tunnels"] {
  return { webSocket: work.webSockets, stream: work.streams, other: work.tunnels };
}
