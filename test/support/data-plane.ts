// A data plane in the test's own process, on a real port, with the table that a domain.yaml gives.

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import type { Test } from "tap";
import type { Clock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { unwrap } from "../../src/base/result.ts";
import type { EpochMs } from "../../src/base/units.ts";
import { routingTableOf } from "../../src/control/routing-table.ts";
import { apply } from "../../src/domain/apply.ts";
import type { Command } from "../../src/domain/command.ts";
import { type Domain, emptyDomain } from "../../src/domain/domain.ts";
import { AccessLog, type LineSink } from "../../src/proxy/access-log.ts";
import { DataPlane } from "../../src/proxy/data-plane.ts";
import { InstanceStates } from "../../src/routing/instance-states.ts";
import { WorkerRouter } from "../../src/routing/worker-router.ts";
import { SessionTable } from "../../src/sessions/session-table.ts";
import { readProcessSettings } from "../../src/settings/read-process-settings.ts";
import { readResources } from "../../src/settings/read-resources.ts";
import { systemClock } from "../../src/system/clock.ts";

const SECRETS = { tokenKeys: ["11".repeat(32)], fingerprintKey: "22".repeat(32) };

export interface PlaneOptions {
  /** `domain.yaml`. */
  readonly domain: string;
  /** `tidegate.yaml`; empty for the defaults. */
  readonly settings?: string;
  /** Gets the lines of the access log. */
  readonly lines?: string[];
  readonly replicate?: (whenKnown: () => void) => void;
  /** The system's, unless a test moves time itself. */
  readonly clock?: Clock;
}

/** A data plane that listens. */
export interface RunningPlane {
  readonly port: number;
  /** Of the preview listener. */
  readonly previewPort: number;
  readonly plane: DataPlane;
  readonly router: WorkerRouter;
  readonly sessions: SessionTable;
  /** Applies a command to the domain and switches to the new table. */
  submit(command: Command): void;
  setMode(server: string, mode: "normal" | "affinity" | "break" | "stop", page?: string): void;
}

/** Starts a data plane on a free loopback port; it ends with the test. */
export async function startPlane(t: Test, options: PlaneOptions): Promise<RunningPlane> {
  const context = { file: "tidegate.yaml", hostName: "node01", cpus: 1 };
  const settings = unwrap(readProcessSettings(options.settings ?? "", context)).router;
  const clock = options.clock ?? systemClock;
  const states = new InstanceStates();
  const slots = {
    slotOf: (key: string): number => states.stateOf(key).slot,
    keyOf: (at: number): string => states.at(at)?.key ?? "",
  };
  const sessions = new SessionTable({
    sessionsMax: settings.sessionsMax,
    epochSeconds: () => Math.floor(clock.epochMs() / 1000),
    slots,
  });
  const random = seededRandom(1);
  const router = new WorkerRouter({
    random,
    sessions,
    share: { worker: 0, workers: 1 },
    onMark: () => undefined,
    states,
  });
  const { lines } = options;
  const sink: LineSink | null =
    lines === undefined
      ? null
      : {
          write: (text) => lines.push(...text.toString("latin1").trimEnd().split("\n")) > 0,
          close: async () => undefined,
        };
  const plane = new DataPlane({
    settings,
    listeners: [false, true].map((isPreview) => ({
      name: isPreview ? "preview" : "http",
      virtualHost: "",
      port: 8080,
      isPreview,
      isSecure: false,
    })),
    router,
    clock,
    random,
    accessLog: new AccessLog(sink === null ? "off" : settings.accessLog.format, sink),
    ...(options.replicate === undefined ? {} : { replicate: options.replicate }),
  });
  let domain: Domain = emptyDomain("test");
  const submit = (command: Command): void => {
    domain = unwrap(apply(domain, command, clock.epochMs() as EpochMs)).domain;
    router.setTable(routingTableOf(domain, SECRETS));
    plane.tableChanged();
  };
  const origin = { actor: "test" };
  submit({
    kind: "apply-resources",
    origin,
    resources: unwrap(readResources(options.domain, { file: "domain.yaml" })),
  });
  const servers = [0, 1].map((listener) =>
    createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) =>
      plane.accept(socket, listener),
    ),
  );
  const [port = 0, previewPort = 0] = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return (server.address() as AddressInfo).port;
    }),
  );
  t.teardown(() => {
    for (const server of servers) server.close();
    plane.close();
  });
  return {
    port,
    previewPort,
    plane,
    router,
    sessions,
    submit,
    setMode: (name, mode, page) => {
      const given = page === undefined ? {} : { page };
      submit({ kind: "set-mode", origin, target: { kind: "server", name: name as never }, mode, ...given });
    },
  };
}
