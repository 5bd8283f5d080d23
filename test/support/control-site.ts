// A control plane on a journal in memory, a bus without processes and a clock that stands still.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { Log } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Result } from "../../src/base/result.ts";
import { unwrap } from "../../src/base/result.ts";
import type { EpochMs } from "../../src/base/units.ts";
import { ControlPlane } from "../../src/control/control-plane.ts";
import type { Journal } from "../../src/journal/journal.ts";
import type { Report } from "../../src/routing/report.ts";
import type { ProcessSettings } from "../../src/settings/process-settings.ts";
import { FakeBus } from "./fake-bus.ts";
import { FakeClock } from "./fake-clock.ts";
import { HeldJournal } from "./held-journal.ts";
import { aReport } from "./reports.ts";

/** "shop" on two servers of node01, as an operator writes it. */
export const SHOP_YAML = `
clusters: [{ name: Cluster01 }]
servers:
  - { name: Server01, node: node01, cluster: Cluster01, address: "127.0.0.1:9081", route: s1 }
  - { name: Server02, node: node01, cluster: Cluster01, address: "127.0.0.1:9082", route: s2 }
applications:
  - id: shop
    contextRoots: [/shop]
    affinity: { style: suffix, cookie: JSESSIONID, separator: ":" }
    editions: [{ label: "1", targets: [{ cluster: Cluster01 }], state: running }]
`;

/** What was logged, one entry a line. */
export interface Logged {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A log that remembers. */
export function rememberingLog(): Log & { readonly lines: Logged[] } {
  const lines: Logged[] = [];
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields, message });
    };
  return { lines, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** A control with its surroundings; closed and removed with the test. */
export interface ControlSite {
  readonly plane: ControlPlane;
  readonly bus: FakeBus;
  readonly clock: FakeClock;
  readonly journal: HeldJournal;
  readonly log: ReturnType<typeof rememberingLog>;
  readonly dataDir: string;
  /** The included file. */
  readonly include: string;
  /** Writes the included file and lets control read it again. */
  rewrite(yaml: string): Promise<void>;
  /** As if worker `slot` had reported. */
  report(slot: number, given?: Partial<Omit<Report, "revision">> & { readonly revision?: number }): void;
  /** As if worker `slot` had started and said hello. */
  hello(slot: number): void;
  /** As if the keeper had said which workers there are. */
  peers(...slots: readonly number[]): void;
}

/** What may be given instead of the usual. */
export interface SiteOptions {
  readonly yaml?: string;
  readonly journal?: HeldJournal;
  /** An earlier site whose disk this one takes over. */
  readonly dataDir?: string;
}

/** Opens a control; throws its fault when it cannot. */
export async function startControl(t: Test, options: SiteOptions = {}): Promise<ControlSite> {
  const dataDir = options.dataDir ?? temporaryFolder(t);
  const include = join(dataDir, "domain.yaml");
  writeFileSync(include, options.yaml ?? SHOP_YAML);
  const journal = options.journal ?? new HeldJournal();
  const [bus, clock, log] = [new FakeBus(), new FakeClock(), rememberingLog()];
  const settings = settingsOf(dataDir, include);
  const plane = unwrap(await openControl({ settings, journal, bus, clock, log }));
  t.teardown(() => plane.close());
  return {
    plane,
    bus,
    clock,
    journal,
    log,
    dataDir,
    include,
    rewrite(yaml) {
      writeFileSync(include, yaml);
      return plane.reload();
    },
    report(slot, given = {}) {
      const report = aReport({ worker: slot, pid: 100 + slot, incarnation: `w${slot}`, ...given });
      bus.deliver({ kind: "report", from: `worker:${slot}`, report });
    },
    hello(slot) {
      const who = { worker: slot, pid: 100 + slot, incarnation: `w${slot}` };
      bus.deliver({ kind: "hello", from: `worker:${slot}`, ...who });
    },
    peers(...slots) {
      const workers = slots.map((slot) => ({ slot, pid: 100 + slot, connections: 0 }));
      bus.deliver({ kind: "peers", workers });
    },
  };
}

/** Opens a control plane on what is given. */
export function openControl(parts: {
  readonly settings: ProcessSettings;
  readonly journal: Journal;
  readonly bus: FakeBus;
  readonly clock: FakeClock;
  readonly log: Log;
}): Promise<Result<ControlPlane>> {
  return ControlPlane.open({
    ...parts,
    random: seededRandom(1),
    sessionsKnownFrom: 0 as EpochMs,
    onStop: () => {},
  });
}

/** A folder that goes with the test. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "tidegate-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Settings of a node01 with two workers. */
export function settingsOf(dataDir: string, include: string): ProcessSettings {
  return {
    domain: "shop",
    node: "node01",
    roles: ["master", "router"],
    dataDir,
    admin: { listen: "", socket: join(dataDir, "control.sock"), tokensFile: "" },
    router: {
      workers: 2,
      listeners: [],
      client: {
        headBytes: 65_536,
        headMs: 10_000,
        stallMs: 60_000,
        idleMs: 75_000,
        requestsMax: 0,
        connectionsMax: 1000,
        connectionsPerAddress: 0,
      },
      upstream: { idleConnections: 100, idleMs: 30_000, freshMs: 1000 },
      accessLog: { format: "off", path: "stdout" },
      trustedProxies: [],
      forwarded: false,
      requestId: true,
      traceparent: false,
      via: "tidegate",
      sessionsMax: 10_000,
    },
    include,
    logLevel: "info",
    stopGraceMs: 1000,
  };
}
