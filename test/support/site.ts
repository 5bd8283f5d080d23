// A real site as an operator has it: a keeper with its control and workers, application servers, the command line, all
// as processes of their own. Everything ends with the test.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { RouterView, ServerView } from "../../src/control/operations.ts";
import type { AppManners } from "./app-process.ts";
import { AppProcess } from "./app-process.ts";
import { LogLines } from "./log-lines.ts";
import { type Outcome, tidegate } from "./tidegate.ts";
import { type ModeName, Timeline } from "./timeline.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const LOOK_MS = 25;
const WAIT_MS_MAX = 60_000;

/** What a site is to be like. */
export interface SiteOptions {
  /** Manners of each application server; their names are Server01, Server02 and so on. */
  readonly servers: readonly AppManners[];
  readonly workers: number;
  /** Text of `domain.yaml`, once the servers have their addresses; default one application on all of them. */
  readonly domain?: (servers: readonly AppProcess[]) => string;
  /** More lines of `tidegate.yaml`, below `router`. */
  readonly router?: string;
  readonly stopGrace?: string;
  /** Called with its folder before anything starts; what it returns is called when everything has ended. */
  readonly prepare?: (folder: string) => () => void;
}

type Teardown = { teardown(end: () => unknown): void };

/** Starts the servers, then Tidegate, and waits until it is ready. */
export async function startSite(t: Teardown, options: SiteOptions): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "tidegate-"));
  const servers = options.servers.map((manners, index) => {
    const name = `Server0${index + 1}`;
    return new AppProcess(name, join(folder, `${name}.journal`), { route: `s${index + 1}`, ...manners });
  });
  const site = new Site(folder, servers, options);
  const undo = options.prepare?.(folder);
  t.teardown(async () => {
    await site.end();
    undo?.();
    await rm(folder, { recursive: true, force: true });
  });
  await Promise.all(servers.map((server) => server.start()));
  await writeFile(join(folder, "domain.yaml"), (options.domain ?? defaultDomain)(servers));
  await site.run();
  return site;
}

/** Servers as lines of `domain.yaml`, each with its route and what else is given. */
export function serverLines(servers: readonly AppProcess[], more: readonly string[] = []): string {
  return servers
    .map(({ name, port }, index) => {
      const rest = more[index] === undefined ? "" : `, ${more[index]}`;
      const route = `route: s${index + 1}`;
      return `  - { name: ${name}, node: node01, cluster: Apps, address: "127.0.0.1:${port}", ${route}${rest} }`;
    })
    .join("\n");
}

/** One application on all servers, as lines of `domain.yaml`. */
export function applicationLines(
  parts: { readonly affinity?: string; readonly traffic?: string } = {},
): string {
  const affinity = parts.affinity ?? '{ style: suffix, cookie: SID, separator: ":" }';
  return `applications:
  - id: app
    contextRoots: [/app]
    affinity: ${affinity}
    traffic: { retryInterval: 300ms, closeSpread: 200ms, connectTimeout: 2s, ${parts.traffic ?? ""} }
    editions: [{ label: "1", targets: [{ cluster: Apps }] }]
`;
}

function defaultDomain(servers: readonly AppProcess[]): string {
  return `clusters: [{ name: Apps }]\nservers:\n${serverLines(servers)}\n${applicationLines()}`;
}

/** Text of a `domain.yaml` whose edition 1 is on Server01; the others, in no cluster, are there for the next ones. */
export function onFirstServer(servers: readonly AppProcess[]): string {
  const lines = servers.map(
    ({ name, port }, at) =>
      `  - { name: ${name}, node: node01, address: "127.0.0.1:${port}", route: s${at + 1} }`,
  );
  return `servers:
${lines.join("\n")}
applications:
  - id: app
    contextRoots: [/app]
    affinity: { style: suffix, cookie: SID, separator: ":" }
    editions: [{ label: "1", targets: [{ server: Server01 }] }]
`;
}

/** Servers that know nothing of routes: the router alone keeps their users where they belong. */
export const ROUTELESS: readonly AppManners[] = [{ route: "" }, { route: "" }, { route: "" }];

/** Text of a `domain.yaml` with another style of affinity. */
export function domainWith(affinity: string): (servers: readonly AppProcess[]) => string {
  return (servers) =>
    `clusters: [{ name: Apps }]\nservers:\n${serverLines(servers)}\n${applicationLines({ affinity })}`;
}

/** Sessions are known by what the workers have learned only: nothing in the cookie says where it belongs. */
export const LEARNING: string = "{ style: learn, cookie: SID }";

/** Sums over all workers and servers that are to be zero when nobody is there. */
export interface OpenWork {
  readonly inFlight: number;
  readonly sessions: number;
  readonly tunnels: number;
  readonly connections: number;
}

/** A running site. */
export class Site {
  readonly folder: string;
  readonly servers: readonly AppProcess[];
  readonly timeline: Timeline = new Timeline();
  readonly log: LogLines = new LogLines();
  readonly #options: SiteOptions;
  #keeper: ChildProcess | undefined;
  #port = 0;

  constructor(folder: string, servers: readonly AppProcess[], options: SiteOptions) {
    this.folder = folder;
    this.servers = servers;
    this.#options = options;
  }

  /** Where clients come in; the same after a restart. */
  get port(): number {
    return this.#port;
  }

  get keeper(): ChildProcess {
    if (this.#keeper === undefined) throw new Error("Tidegate does not run");
    return this.#keeper;
  }

  server(name: string): AppProcess {
    const found = this.servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`There is no ${name}`);
    return found;
  }

  /** Runs Tidegate, as `tidegate run` does; resolves when it is ready. */
  async run(): Promise<void> {
    await writeFile(join(this.folder, "tidegate.yaml"), this.#settings());
    const from = this.log.all.length;
    const child = spawn(process.execPath, [MAIN, "run", "--config", "tidegate.yaml"], {
      cwd: this.folder,
      env: { PATH: process.env["PATH"] ?? "", TZ: "UTC" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#keeper = child;
    this.log.follow(child.stdout);
    this.log.follow(child.stderr);
    const said = await this.log.find(({ msg }) => msg.includes("listener http: "), from);
    this.#port = Number(/:(\d+)$/.exec(said.msg)?.[1]);
    await this.until("it is ready", async () => (await this.call("GET", "/readyz")).status === 200);
  }

  /** Stops Tidegate as an operator does; resolves to its exit status. */
  async stop(): Promise<number | null> {
    const { keeper } = this;
    const exited = once(keeper, "exit");
    keeper.kill("SIGTERM");
    const [status] = await exited;
    this.#keeper = undefined;
    return status;
  }

  /** SIGKILL for a process of Tidegate; the others' connections go on. Resolves to its pid when it is gone. */
  async kill(address: string): Promise<number> {
    const pid = this.pidOf(address);
    if (address.startsWith("worker")) this.timeline.breaksConnections();
    const from = this.log.all.length;
    process.kill(pid, "SIGKILL");
    await this.log.find((line) => line.msg === "A process has died" && line.pid === pid, from);
    return pid;
  }

  /** SIGKILL for the keeper itself; its processes end by themselves. */
  async killKeeper(): Promise<void> {
    const { keeper } = this;
    this.timeline.breaksConnections();
    const exited = once(keeper, "exit");
    keeper.kill("SIGKILL");
    await exited;
    this.#keeper = undefined;
  }

  /** The process that has an address (`control`, `worker:0`) now, as the keeper's log says. */
  pidOf(address: string): number {
    const started = this.log.all.findLast(
      (line) => line.msg === "A process starts" && line.address === address,
    );
    if (started?.pid === undefined) throw new Error(`There is no ${address}`);
    return started.pid;
  }

  /** Waits until another process than `victim` is at the address and decides by a table; resolves to its pid. */
  async workerServes(address: string, victim: number): Promise<number> {
    await this.until(`there is a new ${address}`, async () => {
      const pid = this.pidOf(address);
      const workers = (await this.routers()).flatMap((router) => router.workers);
      return pid !== victim && workers.some((worker) => worker.pid === pid && worker.revision > 0);
    });
    return this.pidOf(address);
  }

  /** Runs a command of the command line to its end. */
  cli(...args: readonly string[]): Promise<Outcome> {
    return tidegate(args, { folder: this.folder });
  }

  /** Calls the admin API over its socket. Status 0: nobody is there. */
  call(
    method: "GET" | "PUT" | "POST" | "DELETE",
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const socketPath = join(this.folder, "var", "control.sock");
    const sent = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve) => {
      const headers = sent === undefined ? {} : { "content-type": "application/json" };
      const request = http.request({ socketPath, method, path, headers }, (response) => {
        text(response).then(
          (whole) => resolve({ status: response.statusCode ?? 0, body: whole }),
          () => resolve({ status: 0, body: "" }),
        );
      });
      request.on("error", () => resolve({ status: 0, body: "" }));
      request.end(sent);
    });
  }

  /** Gets a resource of the admin API. */
  async get<Resource>(path: string): Promise<Resource> {
    const { status, body } = await this.call("GET", path);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${body}`);
    return JSON.parse(body) as Resource;
  }

  /** Sets a mode by the command line or the API and notes when it was sure. Throws when it was not applied everywhere. */
  async mode(server: string, mode: ModeName, by: "cli" | "api" = "api"): Promise<string> {
    const isSet = this.timeline.modeBegins(server, mode);
    const told =
      by === "cli"
        ? await this.cli("mode", server, mode)
        : await this.call("PUT", `/v1/servers/${server}/mode`, { mode });
    if ("out" in told ? told.status !== 0 : told.status !== 200) {
      throw new Error(`${server} was not set to ${mode}: ${JSON.stringify(told)}`);
    }
    isSet();
    return "out" in told ? told.out : told.body;
  }

  /** Kills an application server. */
  async killServer(name: string): Promise<void> {
    const server = this.server(name);
    const hasGone = this.timeline.dies(server.pid);
    await server.kill();
    hasGone();
  }

  async routers(): Promise<readonly RouterView[]> {
    return (await this.get<{ readonly routers: readonly RouterView[] }>("/v1/routers")).routers;
  }

  async serverViews(): Promise<readonly ServerView[]> {
    return (await this.get<{ readonly servers: readonly ServerView[] }>("/v1/servers")).servers;
  }

  /** What is open now, over all workers and servers. */
  async openWork(): Promise<OpenWork> {
    const [views, routers] = await Promise.all([this.serverViews(), this.routers()]);
    const workers = routers.flatMap((router) => router.workers);
    return {
      inFlight: sum(views.map((view) => view.inFlight)) + sum(workers.map((worker) => worker.inFlight)),
      sessions: sum(views.map((view) => view.sessions)) + sum(workers.map((worker) => worker.sessions)),
      tunnels: sum(views.map((view) => view.tunnels)),
      connections: sum(workers.map((worker) => worker.connections)),
    };
  }

  /** Waits until a condition that no event tells of holds, looking again and again; throws after a time. */
  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    const limit = performance.now() + WAIT_MS_MAX;
    while (!(await holds())) {
      if (performance.now() > limit) throw new Error(`Waited in vain until ${what}\n${this.log.last(30)}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Ends everything, at once; may be called twice. */
  async end(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    await Promise.all(this.servers.map((server) => server.kill()));
    if (keeper !== undefined && keeper.exitCode === null && keeper.signalCode === null) {
      const exited = once(keeper, "exit");
      keeper.kill("SIGTERM");
      keeper.kill("SIGINT");
      await exited;
    }
    await this.log.closed();
    // The orphans of a killed keeper have closed their pipes, but the system may not have done with them yet.
    const pids = this.log.all.flatMap((line) => (line.msg === "A process starts" ? [line.pid ?? 0] : []));
    await this.until("all processes are gone", () => !pids.some(isThere));
  }

  #settings(): string {
    const { workers, router = "", stopGrace = "5s" } = this.#options;
    return `domain: scenario
node: node01
data: var
include: domain.yaml
stopGrace: ${stopGrace}
admin: { listen: "off" }
router:
  workers: ${workers}
  listeners: [{ name: http, listen: "127.0.0.1:${this.#port}" }]
${router}
`;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
