// What the preview listener shows of an application (SPEC E3): that which users cannot see yet, as if it were open. The
// application is compiled a second time, with that alone in it, so that deciding knows nothing of previews.

import type { ApplicationEntry, EditionEntry } from "./table.ts";

/** Behind the keys of instances that users know too: their counts are apart, as of another instance of the server. */
const APART = "@preview";

/**
 * The application as a preview: its newest edition that is only distributed; else the servers of the running edition that
 * a mode keeps from everybody, which an operator wants to try before users come back. Undefined: there is nothing hidden.
 */
export function previewEntry(entry: ApplicationEntry): ApplicationEntry | undefined {
  const edition = hiddenEdition(entry) ?? hiddenServers(entry);
  return edition === undefined ? undefined : { ...entry, editions: [edition] };
}

function hiddenEdition(entry: ApplicationEntry): EditionEntry | undefined {
  const distributed = entry.editions.findLast(({ state }) => state === "distributed");
  if (distributed === undefined) return undefined;
  const instances = distributed.instances.map((instance) => ({ ...instance, access: "open" as const }));
  return { ...distributed, state: "running", instances };
}

function hiddenServers(entry: ApplicationEntry): EditionEntry | undefined {
  const running = entry.editions.findLast(({ state }) => state === "running");
  const closed = running?.instances.filter(({ access }) => access === "closed") ?? [];
  if (running === undefined || closed.length === 0) return undefined;
  const instances = closed.map((instance) => ({
    ...instance,
    key: `${instance.key}${APART}`,
    access: "open" as const,
  }));
  return { ...running, instances };
}
