// What is to be true of a site when everybody has gone: nothing open, nothing counted, no memory kept.

import type { Test } from "tap";
import type { Site } from "./site.ts";

/** Memory that a worker may have more at the end than when it was warm: a leak of a scenario's requests would be more. */
const GROWTH_BYTES_MAX = 40 * 1024 * 1024;

/** Waits until all counters of control and workers are zero. Sessions may be left where users lost theirs on the way. */
export async function expectNothingLeft(
  site: Site,
  options: { readonly sessions?: number } = {},
): Promise<void> {
  const { sessions = 0 } = options;
  let last = "";
  await site
    .until("nothing is open", async () => {
      const open = await site.openWork();
      last = JSON.stringify(open);
      const { inFlight, tunnels, connections } = open;
      return inFlight + tunnels + connections === 0 && open.sessions <= sessions;
    })
    .catch((error: Error) => {
      throw new Error(`${last}: ${error.message}`);
    });
}

/** Resident memory of each worker by its process. */
export async function residentBytes(site: Site): Promise<ReadonlyMap<number, number>> {
  const routers = await site.routers();
  return new Map(
    routers.flatMap((router) => router.workers.map(({ pid, rssBytes }) => [pid, rssBytes] as const)),
  );
}

/** Holds the memory of the workers that were there before against what they have now. */
export async function expectFlat(t: Test, site: Site, before: ReadonlyMap<number, number>): Promise<void> {
  for (const [pid, bytes] of await residentBytes(site)) {
    const warm = before.get(pid);
    if (warm === undefined) continue;
    const grown = Math.round((bytes - warm) / 1024 / 1024);
    t.ok(bytes - warm < GROWTH_BYTES_MAX, `worker ${pid} has grown by ${grown} MiB`);
  }
}
