// Runs the rounds: everybody is started once and stays warm; within a round, one after another is measured case by case,
// so that what disturbs the machine for a while disturbs all alike.

import { CASES, type Case } from "./cases.ts";
import { LoadProcess } from "./load-process.ts";
import { errorCount, measureIdle, measureLoad, type Sample, type Window } from "./measure.ts";
import type { Peer } from "./peer.ts";
import type { Row } from "./results.ts";
import { RunningPeer } from "./running-peer.ts";

/** The proxy has this core alone. */
const PROXY_CORE = 0;
/** Load generator and upstreams share this one. */
const LOAD_CORE = 1;
/** Before the first round: a Node proxy's code is compiled and optimised, and its young heap grown, after so many requests. */
const FIRST_WARM_MS = 15_000;
const FIRST_WARM_REQUESTS = 50_000;

export interface Plan {
  readonly cases: readonly Case[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly window: Window;
  /** Called with a line for every step. */
  readonly say: (line: string) => void;
}

/** What a run found: rows in order of measuring, and why some peers have none. */
export interface Found {
  readonly rows: readonly Row[];
  readonly failed: Readonly<Record<string, string>>;
}

/** Starts everybody, measures all rounds, ends everybody. */
export async function runRounds(plan: Plan): Promise<Found> {
  const load = await LoadProcess.start(LOAD_CORE);
  const harness = new Harness(plan, load);
  try {
    return await harness.run();
  } finally {
    await harness.close();
    await load.close();
  }
}

class Harness {
  readonly #plan: Plan;
  readonly #load: LoadProcess;
  readonly #running = new Map<string, RunningPeer>();
  readonly #failed: Record<string, string> = {};
  readonly #rows: Row[] = [];

  constructor(plan: Plan, load: LoadProcess) {
    this.#plan = plan;
    this.#load = load;
  }

  async run(): Promise<Found> {
    for (let round = 1; round <= this.#plan.rounds; round += 1) {
      for (const wanted of this.#plan.cases) await this.#runCase(wanted, round);
    }
    return { rows: this.#rows, failed: this.#failed };
  }

  async close(): Promise<void> {
    for (const running of this.#running.values()) await running.close();
  }

  async #runCase(wanted: Case, round: number): Promise<void> {
    const peers = this.#plan.peers.filter((peer) => takesPart(peer, wanted));
    const first = (round - 1) % Math.max(peers.length, 1); // nobody is always first
    for (const peer of [...peers.slice(first), ...peers.slice(0, first)]) {
      if (this.#failed[peer.name] !== undefined) continue;
      try {
        const sample = await this.#measure(peer, wanted);
        this.#rows.push({ round, case: wanted.name, peer: peer.name, sample });
        this.#plan.say(`round ${round} ${wanted.name} ${peer.name}: ${inShort(sample)}`);
      } catch (error) {
        await this.#drop(peer, error instanceof Error ? error.message : String(error));
      }
    }
  }

  async #measure(peer: Peer, wanted: Case): Promise<Sample> {
    if (wanted.kind === "idle") return this.#weigh(peer);
    const running = this.#running.get(peer.name) ?? (await this.#start(peer));
    this.#running.set(peer.name, running);
    const sample = await measureLoad(this.#load, running, wanted, this.#plan.window);
    if (running.hasEnded) throw new Error(`Ended under load: ${running.output}`);
    return sample;
  }

  async #start(peer: Peer): Promise<RunningPeer> {
    const running = await RunningPeer.start(peer, {
      core: PROXY_CORE,
      upstreamPorts: this.#load.upstreamPorts,
    });
    const warming = CASES.find((one) => one.name === "browser");
    const countMax = Math.min(FIRST_WARM_REQUESTS, this.#plan.window.countMax);
    const window = { warmMs: 1, windowMs: FIRST_WARM_MS, countMax };
    if (warming?.kind === "load") await measureLoad(this.#load, running, warming, window);
    return running;
  }

  /** Idle connections are weighed in a process of their own: one that has served other cases has memory to spare. */
  async #weigh(peer: Peer): Promise<Sample> {
    const running = await this.#start(peer);
    try {
      return await measureIdle(this.#load, running);
    } finally {
      await running.close();
    }
  }

  async #drop(peer: Peer, why: string): Promise<void> {
    this.#failed[peer.name] = why;
    this.#plan.say(`${peer.name} takes no further part: ${why}`);
    await this.#running.get(peer.name)?.close();
  }
}

/** Tidegate's variants take part only where they are named. */
function takesPart(peer: Peer, wanted: Case): boolean {
  if (wanted.kind === "load" && wanted.who !== "everybody") return wanted.who.includes(peer.name);
  if (/^tidegate-(log|\d+)$/.test(peer.name)) return false;
  return wanted.kind === "idle" || wanted.work.kind !== "web-socket" || peer.webSocket;
}

function inShort(sample: Sample): string {
  const errors = errorCount(sample);
  const wrong = errors === 0 ? "" : `, ${errors} errors`;
  if (sample.kind === "idle") return `${sample.bytesPerConnection.toFixed(0)} bytes each${wrong}`;
  return `${sample.cpuUsPerRequest.toFixed(1)} µs, ${sample.requestsPerSecond.toFixed(0)}/s${wrong}`;
}
