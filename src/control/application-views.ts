// The applications as operators see them: editions with who is on them, and where.

import type { Left } from "../deploy/drain.ts";
import type { Domain } from "../domain/domain.ts";
import type { ApplicationId, ServerName } from "../domain/names.ts";
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
  leftOf: (application: string, edition: string) => Left,
): readonly ApplicationView[] {
  return table.applications.map((application) => {
    const own = rows.filter((row) => row.application.id === application.id);
    return {
      id: application.id,
      state: applicationState(application, own),
      virtualHosts: application.virtualHosts,
      contextRoots: application.contextRoots,
      affinity: application.affinity.style,
      editions: application.editions.map((edition) => ({
        ...editionView(domain, edition, own),
        until: untilOf(domain, application.id, edition.label),
        left: leftOf(application.id, edition.label),
      })),
    };
  });
}

/** By what was deployed and what answers; a mode does not change it (SPEC M2). */
function applicationState(
  application: ApplicationEntry,
  rows: readonly InstanceRow[],
): ApplicationView["state"] {
  const { editions } = application;
  if (editions.length === 0) return "INSTALLED";
  if (editions.every((edition) => edition.state === "distributed")) return "DISTRIBUTED";
  const isServed = rows.some(({ edition: { state }, status }) => {
    return (state === "running" || state === "retiring") && status !== "down";
  });
  return isServed ? "RUNNING" : "DEPLOYED";
}

function editionView(
  domain: Domain,
  edition: EditionEntry,
  ofApplication: readonly InstanceRow[],
): Omit<EditionView, "until" | "left"> {
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

/** The table has no deadlines: they are for control, which ends what is over. */
function untilOf(domain: Domain, id: string, label: string): EditionView["until"] {
  const application = domain.applications.get(id as ApplicationId); // a look-up only
  const lifecycle = application?.editions.find((edition) => edition.label === label)?.lifecycle;
  return lifecycle !== undefined && "until" in lifecycle ? lifecycle.until : null;
}

function effectiveMode(domain: Domain, name: ServerName): EditionView["instances"][number]["mode"] {
  const server = domain.servers.get(name);
  return server === undefined ? "normal" : modesOf(domain, server).effectiveMode;
}

function tunnelsOf(work: Readonly<OpenWork>): EditionView["tunnels"] {
  return { webSocket: work.webSockets, stream: work.streams, other: work.tunnels };
}
