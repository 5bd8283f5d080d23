// The routers as operators see them. One so far: the workers of this node, under the node's name.

import type { MonotonicMs, Revision } from "../base/units.ts";
import type { RouterView } from "./operations.ts";
import type { WorkerRecord } from "./workers.ts";
import { revisionOf } from "./workers.ts";

/** The router's view; its revision is that of the worker that lags most.
 * `lastReportMs` counts from when control first knew of a worker that has not reported yet. */
export function routerView(name: string, workers: readonly WorkerRecord[], now: MonotonicMs): RouterView {
  return {
    name,
    revision: workers.length === 0 ? (0 as Revision) : lowestRevision(workers),
    live: workers.length > 0,
    workers: workers.map((worker) => ({
      slot: worker.slot,
      pid: worker.pid,
      revision: revisionOf(worker),
      connections: worker.report?.openConnections ?? 0,
      inFlight: worker.report?.load.reduce((sum, load) => sum + load.inFlight, 0) ?? 0,
      sessions: worker.report?.sessions ?? 0,
      rssBytes: worker.report?.rssBytes ?? 0,
      lastReportMs: Math.round(now - (worker.reportedAt ?? worker.metAt)),
    })),
  };
}

function lowestRevision(workers: readonly WorkerRecord[]): Revision {
  return Math.min(...workers.map(revisionOf)) as Revision;
}
