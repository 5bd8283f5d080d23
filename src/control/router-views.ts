// The routers as operators see them. One so far: the workers of this node, under the node's name.

import type { MonotonicMs, Revision } from "../base/units.ts";
import type { RouterView } from "./operations.ts";
import type { WorkerRecord } from "./workers.ts";
import { Workers } from "./workers.ts";

/** The router's view; its revision is that of the worker that lags most. */
export function routerView(name: string, workers: readonly WorkerRecord[], now: MonotonicMs): RouterView {
  return {
    name,
    revision: workers.length === 0 ? (0 as Revision) : lowestRevision(workers),
    live: workers.length > 0,
    workers: workers.map(({ slot, pid, report, reportedAt, ...rest }) => ({
      slot,
      pid,
      revision: Workers.revisionOf({ slot, pid, report, reportedAt, ...rest }),
      connections: report?.openConnections ?? 0,
      inFlight: report?.load.reduce((sum, load) => sum + load.inFlight, 0) ?? 0,
      sessions: report?.sessions ?? 0,
      rssBytes: report?.rssBytes ?? 0,
      lastReportMs: reportedAt === undefined ? -1 : Math.round(now - reportedAt),
    })),
  };
}

function lowestRevision(workers: readonly WorkerRecord[]): Revision {
  return Math.min(...workers.map(Workers.revisionOf)) as Revision;
}
