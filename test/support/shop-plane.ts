// The data plane with one application, "shop", at / on the upstreams that a test gives it.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { type PlaneOptions, type RunningPlane, startPlane } from "./data-plane.ts";

const LOOK_MS = 3;

export interface ShopOptions extends Omit<PlaneOptions, "domain"> {
  /** Addresses of Server01, Server02 and so on. */
  readonly addresses: readonly string[];
  /** Further keys of each server, such as `maxConnections: 1`. */
  readonly server?: string;
  /** Flow mapping of the application's `traffic`. */
  readonly traffic?: string;
  readonly affinity?: string;
  /** Further lines of the application, each with its four spaces. */
  readonly application?: string;
}

/** The `domain.yaml` of the shop. */
export function shopYaml(options: Omit<ShopOptions, "lines" | "replicate" | "settings" | "clock">): string {
  const extra = options.server === undefined ? "" : `, ${options.server}`;
  const servers = options.addresses.map(
    (address, index) =>
      `  - { name: Server0${index + 1}, node: node01, cluster: Cluster01, address: "${address}", route: s${index + 1}${extra} }`,
  );
  return `
clusters: [{ name: Cluster01 }]
servers:
${servers.join("\n")}
applications:
  - id: shop
    contextRoots: [/]
    affinity: ${options.affinity ?? "{ style: none }"}
    traffic: ${options.traffic ?? "{}"}
${options.application ?? ""}
    editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }]
`;
}

/** Starts a data plane in front of the shop. */
export function startShop(t: Test, options: ShopOptions): Promise<RunningPlane> {
  const { settings, lines, replicate, clock } = options;
  return startPlane(t, {
    domain: shopYaml(options),
    ...(settings === undefined ? {} : { settings }),
    ...(lines === undefined ? {} : { lines }),
    ...(replicate === undefined ? {} : { replicate }),
    ...(clock === undefined ? {} : { clock }),
  });
}

/** Everything that counts something is back at zero; returns what is not. */
export function leftovers(running: RunningPlane): readonly string[] {
  const { plane, router } = running;
  const left: string[] = [];
  const add = (name: string, count: number): void => {
    if (count !== 0) left.push(`${name} ${count}`);
  };
  add("queued", plane.queues.length);
  add("tunnels", plane.tunnels.size);
  add("streams", plane.streams.size);
  for (const state of router.states.all()) {
    add(`${state.key} in flight`, state.inFlight);
    add(`${state.key} queued`, state.queued);
    add(`${state.key} webSockets`, state.webSockets);
    add(`${state.key} tunnels`, state.tunnels);
    add(`${state.key} streams`, state.streams);
  }
  return left;
}

/** Waits until `isTrue`, for states that have no event of their own: it is asked again every few milliseconds. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS));
}

/** Waits until nothing is under way. */
export function quiet(running: RunningPlane): Promise<void> {
  return until(() => leftovers(running).length === 0);
}

/** Lets clients of a Unix socket in too, whose small buffers fill at the same byte every time. Returns its path. */
export async function listenOnPath(t: Test, running: RunningPlane): Promise<string> {
  const path = socketPath(t);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
    running.plane.accept(socket, 0),
  );
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  return path;
}

/** A path for a Unix socket, short enough for the kernel; its folder goes with the test. */
export function socketPath(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "tidegate-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "socket");
}
