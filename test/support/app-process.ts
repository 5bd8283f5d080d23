// An application server of a test as a process that can be killed and started again at the same address.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AppServerOptions } from "./app-server.ts";

/** Options of an application server that a site does not choose itself. */
export type AppManners = Omit<Partial<AppServerOptions>, "name" | "journal" | "port">;

/** One application server. */
export class AppProcess {
  readonly name: string;
  readonly journal: string;
  readonly #manners: AppManners;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(name: string, journal: string, manners: AppManners) {
    this.name = name;
    this.journal = journal;
    this.#manners = manners;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it; its port stays the same when it is started again. */
  async start(): Promise<void> {
    const options: AppServerOptions = {
      route: "",
      seed: 1,
      ...this.#manners,
      name: this.name,
      port: this.#port,
      journal: this.journal,
    };
    const script = fileURLToPath(new URL("./app-server.js", import.meta.url));
    const child = fork(script, [JSON.stringify(options)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child = child;
    const [told] = (await once(child, "message")) as [{ readonly port?: number; readonly error?: string }];
    if (told.port === undefined) throw new Error(`${this.name} does not start: ${told.error}`);
    this.#port = told.port;
  }

  /** SIGKILL; resolves when it is gone. May be called twice. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** How often each id was executed, over all its lives. */
  executed(): ReadonlyMap<string, number> {
    return this.#noted("done");
  }

  /** The ids on whose arrival it closed the connection instead. */
  dropped(): ReadonlyMap<string, number> {
    return this.#noted("dropped");
  }

  #noted(word: string): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    if (!existsSync(this.journal)) return counts;
    for (const line of readFileSync(this.journal, "utf8").split("\n")) {
      const [kind = "", id = ""] = line.split(" ");
      if (kind === word) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }
}
