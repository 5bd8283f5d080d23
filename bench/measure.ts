// One measurement of one peer: a window of load, or the weight of idle connections.

import { setTimeout as wait } from "node:timers/promises";
import { type Case, CONNECTIONS, IDLE_CONNECTIONS, IDLE_WARM_CONNECTIONS } from "./cases.ts";
import { ALL_FLIPS_MS, startFlips } from "./flips.ts";
import type { Errors } from "./load/messages.ts";
import type { LoadProcess } from "./load-process.ts";
import { memoryBytes } from "./process-tree.ts";
import type { RunningPeer } from "./running-peer.ts";

const SETTLE_MS = 500;
const SETTLE_TRIALS = 8;
const SETTLED_SHARE = 0.002;

/** What a window of load showed; processor time is that of the peer's whole process tree. */
export interface LoadSample {
  readonly kind: "load";
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  /** How much of its core the peer used; well below 1 means that the load side was the limit. */
  readonly coreShare: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly megabytesPerSecond: number;
  /** Body bytes for each second of the peer's processor time, in MB: throughput if only the peer were the limit. */
  readonly megabytesPerCpuSecond: number;
  readonly errors: Errors;
}

export interface IdleSample {
  readonly kind: "idle";
  readonly bytesPerConnection: number;
  readonly failed: number;
}

export type Sample = LoadSample | IdleSample;

/** How long to load. */
export interface Window {
  readonly warmMs: number;
  readonly windowMs: number;
  readonly countMax: number;
}

/** Loads a peer with a case's work. */
export async function measureLoad(
  load: LoadProcess,
  running: RunningPeer,
  wanted: Extract<Case, { readonly kind: "load" }>,
  window: Window,
): Promise<LoadSample> {
  const flips = wanted.flips ? startFlips(running.site.adminPort) : undefined;
  const { outcome } = await load.obey(
    {
      kind: "load",
      work: wanted.work,
      port: running.site.port,
      connections: CONNECTIONS,
      rootPid: running.pid,
      sticky: running.peer.sticky && !wanted.flips,
      routes: running.peer.routes ?? 0,
      ...window,
      windowMs: wanted.flips ? Math.max(window.windowMs, ALL_FLIPS_MS) : window.windowMs,
    },
    "outcome",
  );
  if ((await flips?.close()) === 0) throw new Error("No mode was changed during the load");
  const megabytes = outcome.bodyBytes / 1e6;
  return {
    kind: "load",
    cpuUsPerRequest: outcome.cpuUs / outcome.requests,
    requestsPerSecond: outcome.requests / outcome.seconds,
    coreShare: outcome.cpuUs / 1e6 / outcome.seconds,
    p50Us: outcome.p50Us,
    p99Us: outcome.p99Us,
    megabytesPerSecond: megabytes / outcome.seconds,
    megabytesPerCpuSecond: megabytes / (outcome.cpuUs / 1e6),
    errors: outcome.errors,
  };
}

/** Weighs idle connections of a peer that was started for this and has been warmed by load. */
export async function measureIdle(load: LoadProcess, running: RunningPeer): Promise<IdleSample> {
  const { port } = running.site;
  const first = await load.obey({ kind: "open-idle", port, connections: IDLE_WARM_CONNECTIONS }, "idle");
  const before = await settledMemory(running.pid);
  const then = await load.obey({ kind: "open-idle", port, connections: IDLE_CONNECTIONS }, "idle");
  const after = await settledMemory(running.pid);
  await load.obey({ kind: "close-idle" }, "closed");
  return {
    kind: "idle",
    bytesPerConnection: (after - before) / Math.max(then.open - first.open, 1),
    failed: first.failed + then.failed,
  };
}

async function settledMemory(pid: number): Promise<number> {
  let last = memoryBytes(pid);
  for (let trial = 0; trial < SETTLE_TRIALS; trial += 1) {
    await wait(SETTLE_MS);
    const now = memoryBytes(pid);
    if (Math.abs(now - last) < last * SETTLED_SHARE) return now;
    last = now;
  }
  return last;
}

/** Errors of all kinds. */
export function errorCount(sample: Sample): number {
  if (sample.kind === "idle") return sample.failed;
  const { status, length, affinity, lost, timeout } = sample.errors;
  return status + length + affinity + lost + timeout;
}
