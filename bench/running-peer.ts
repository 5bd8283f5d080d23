// A peer that has been started and answers requests.

import { setTimeout as wait } from "node:timers/promises";
import { request } from "undici";
import type { Peer, Site } from "./peer.ts";
import { freePort, makeFolder, removeFolder, type Started, startPinned } from "./processes.ts";

const READY_MS = 30_000;
const RETRY_MS = 50;
const ANSWER_MS = 1_000;
const OUTPUT_SHOWN = 600;

/** Owns the process and its temporary folder. */
export class RunningPeer {
  readonly peer: Peer;
  readonly site: Site;
  readonly #started: Started;

  private constructor(peer: Peer, site: Site, started: Started) {
    this.peer = peer;
    this.site = site;
    this.#started = started;
  }

  /** Starts a peer on a core and waits until it forwards a request; throws what it said when it does not. */
  static async start(
    peer: Peer,
    where: { readonly core: number; readonly upstreamPorts: readonly [number, number] },
  ): Promise<RunningPeer> {
    const dir = makeFolder(peer.name.replaceAll(/\W/g, "-"));
    const site: Site = {
      dir,
      port: await freePort(),
      adminPort: await freePort(),
      upstreamPorts: where.upstreamPorts,
    };
    const started = startPinned(peer.launch(site), { core: where.core, cwd: dir });
    const running = new RunningPeer(peer, site, started);
    try {
      await running.#untilReady();
    } catch (error) {
      await running.close();
      throw error;
    }
    return running;
  }

  get pid(): number {
    return this.#started.pid;
  }

  /** What it said last. */
  get output(): string {
    return this.#started.output().trim().slice(-OUTPUT_SHOWN);
  }

  get hasEnded(): boolean {
    return this.#started.hasEnded();
  }

  async close(): Promise<void> {
    await this.#started.close();
    removeFolder(this.site.dir);
  }

  async #untilReady(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    let last = "";
    while (performance.now() < deadline && !this.#started.hasEnded()) {
      try {
        const { statusCode, body } = await request(`http://127.0.0.1:${this.site.port}/plain`, {
          reset: true,
          headersTimeout: ANSWER_MS, // a listener that nobody accepts from yet takes connections all the same
        });
        await body.dump();
        if (statusCode === 200) return;
        last = `status ${statusCode}`;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
      await wait(RETRY_MS);
    }
    throw new Error(`Does not answer (${last}): ${this.output}`);
  }
}
