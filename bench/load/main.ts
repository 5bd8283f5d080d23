// The load process: both upstreams and the load generator in one event loop, so that they cost little on the core they share.
// It obeys orders from its parent, one at a time, and ends with it.

import type { AddressInfo } from "node:net";
import { ProcessorTime } from "../process-tree.ts";
import { HttpClient } from "./http-client.ts";
import { IdleClients } from "./idle-clients.ts";
import type { Answer, LoadOrder, Order, Outcome } from "./messages.ts";
import { Shape } from "./response-reader.ts";
import { Tally } from "./tally.ts";
import { startUpstream } from "./upstream.ts";
import { WebSocketClient } from "./web-socket-client.ts";

const STOP_MS = 5_000;
const COUNT_CHECK_MS = 20;

const idleClients = new IdleClients();

interface Client {
  start(): void;
  stop(onIdle: () => void): void;
  abort(): void;
}

function tell(answer: Answer): void {
  process.send?.(answer);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function clientsFor(order: LoadOrder, tally: Tally): readonly Client[] {
  const { work, port, sticky, connections, routes } = order;
  const indexes = Array.from({ length: connections }, (_, index) => index);
  if (work.kind === "web-socket") {
    return indexes.map(() => new WebSocketClient({ port, payloadBytes: work.payloadBytes, tally }));
  }
  const run = { work, port, sticky, connections, routes, tally, shape: new Shape() };
  return indexes.map((index) => new HttpClient(run, index));
}

/** Lets every client finish; those that still wait after the limit are counted as errors. */
function stopAll(clients: readonly Client[]): Promise<void> {
  return new Promise((resolve) => {
    let working = clients.length;
    const limit = setTimeout(() => {
      for (const client of clients) client.abort();
    }, STOP_MS);
    for (const client of clients) {
      client.stop(() => {
        working -= 1;
        if (working > 0) return;
        clearTimeout(limit);
        resolve();
      });
    }
  });
}

async function load(order: LoadOrder): Promise<Outcome> {
  const tally = new Tally();
  const clients = clientsFor(order, tally);
  for (const client of clients) client.start();
  await wait(order.warmMs);
  const processor = new ProcessorTime(order.rootPid);
  const cpuBeforeUs = processor.readUs();
  const openedAtMs = performance.now();
  tally.openWindow();
  while (performance.now() - openedAtMs < order.windowMs && tally.requests < order.countMax) {
    await wait(Math.min(COUNT_CHECK_MS, order.windowMs));
  }
  const seconds = (performance.now() - openedAtMs) / 1000;
  const { requests, bodyBytes } = tally;
  const cpuUs = processor.readUs() - cpuBeforeUs;
  const [p50Us, p99Us] = [tally.latency.percentile(0.5), tally.latency.percentile(0.99)];
  await stopAll(clients);
  return { requests, seconds, cpuUs, p50Us, p99Us, bodyBytes, errors: tally.errors() };
}

async function obey(order: Order): Promise<Answer> {
  switch (order.kind) {
    case "load":
      return { kind: "outcome", outcome: await load(order) };
    case "open-idle":
      return { kind: "idle", ...(await idleClients.open(order.port, order.connections)) };
    case "close-idle":
      idleClients.close();
      return { kind: "closed" };
  }
}

async function main(): Promise<void> {
  const ports: number[] = [];
  for (const number of [1, 2] as const) {
    const server = await startUpstream(number);
    ports.push((server.address() as AddressInfo).port);
  }
  const [first = 0, second = 0] = ports;
  process.on("message", (order: Order) => {
    obey(order).then(tell, (error: Error) => tell({ kind: "failed", message: error.message }));
  });
  process.on("disconnect", () => process.exit(0));
  process.on("SIGINT", () => {}); // the parent decides when to end
  tell({ kind: "ready", upstreamPorts: [first, second] });
}

await main();
