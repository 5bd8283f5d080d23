// What a worker reports to control, gathered from its data plane and router.

import type { InstanceState } from "../routing/compiled.ts";
import type { InstanceLoad, LeavingCount, Report } from "../routing/report.ts";
import { memoryBytes, ownPid } from "../system/environment.ts";
import type { DataPlane } from "./data-plane.ts";

/** What a report is made of. */
export interface ReportParts {
  readonly plane: DataPlane;
  readonly worker: number;
  readonly incarnation: string;
  readonly states: readonly InstanceState[];
  readonly sessions: number;
  readonly leaving: readonly LeavingCount[];
  readonly asked: number;
}

/** The report of this moment. */
export function workerReport(parts: ReportParts): Report {
  const { plane, states } = parts;
  const { causes, affinity } = plane.counts();
  const nowMs = plane.clock.monotonicMs();
  return {
    version: 1,
    worker: parts.worker,
    pid: ownPid(),
    incarnation: parts.incarnation,
    revision: plane.router.revision,
    asked: parts.asked,
    acceptedConnections: plane.acceptedConnections,
    openConnections: plane.connections.size,
    load: states.filter(isLoaded).map(loadOf),
    leaving: parts.leaving,
    traffic: plane.traffic.counts(),
    causes,
    affinity,
    marks: states
      .filter((state) => state.downSinceMs > 0)
      .map((state) => ({
        key: state.key,
        cause: state.downCause,
        ageMs: Math.round(nowMs - state.downSinceMs),
      })),
    sessions: parts.sessions,
    accessLogDropped: plane.accessLog.dropped,
    ...memoryBytes(),
  };
}

function isLoaded(state: InstanceState): boolean {
  return (
    state.inFlight > 0 || state.webSockets > 0 || state.tunnels > 0 || state.streams > 0 || state.queued > 0
  );
}

function loadOf(state: InstanceState): InstanceLoad {
  const { key, inFlight, webSockets, tunnels, streams, queued } = state;
  return { key, inFlight, webSockets, tunnels, streams, queued };
}
