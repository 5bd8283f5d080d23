// Probes all targets of a domain, each at its own pace, and tells when a verdict changes. Runs in control; the workers
// learn verdicts as marks.

import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { probeOnce } from "./probe-once.ts";
import { afterProbe, type ProbeState, UNKNOWN } from "./probe-state.ts";
import type { ProbeTarget } from "./probe-targets.ts";

/** A target that is due while so many are being probed waits for `RETRY_MS`. */
const PROBES_AT_ONCE_MAX = 256;
const RETRY_MS = 20;
/** An interval is up to this much shorter or longer, so that many probes do not fall into step. */
const JITTER = 0.1;

/** A verdict that has changed. */
export interface ProbeChange {
  readonly server: string;
  readonly address: string;
  readonly state: "up" | "down";
  /** Why it is down; `""` when it is up. */
  readonly cause: string;
}

/** What a prober needs; `onChange` is called once for each change of a verdict. */
export interface ProberOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onChange: (change: ProbeChange) => void;
}

interface Probing {
  target: ProbeTarget;
  state: ProbeState;
  cancel: CancelAlarm;
  readonly stop: AbortController;
}

/** All probes of a control process. `close` it. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #probings = new Map<string, Probing>();
  #atOnce = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /**
   * The targets from now on. One that was there before keeps its verdict; one whose probe settings changed goes on with
   * the new ones; of one that is gone nothing more is told.
   */
  setTargets(targets: readonly ProbeTarget[]): void {
    const wanted = new Map(targets.map((target) => [keyOf(target.server, target.address), target]));
    for (const [key, probing] of this.#probings) if (!wanted.has(key)) this.#end(key, probing);
    for (const [key, target] of wanted) {
      const probing = this.#probings.get(key);
      if (probing === undefined) this.#begin(key, target);
      else probing.target = target;
    }
  }

  /** What the probes say of an address of a server; undefined when it is not probed. */
  stateOf(server: string, address: string): ProbeState | undefined {
    return this.#probings.get(keyOf(server, address))?.state;
  }

  /** Ends all probes; may be called twice. */
  close(): void {
    for (const [key, probing] of this.#probings) this.#end(key, probing);
  }

  #begin(key: string, target: ProbeTarget): void {
    const probing: Probing = { target, state: UNKNOWN, cancel() {}, stop: new AbortController() };
    this.#probings.set(key, probing);
    this.#schedule(probing, this.#options.random.next() * target.probe.intervalMs * JITTER);
  }

  #end(key: string, probing: Probing): void {
    this.#probings.delete(key);
    probing.cancel();
    probing.stop.abort();
  }

  #schedule(probing: Probing, delayMs: number): void {
    probing.cancel = this.#options.clock.alarm(delayMs, () => void this.#probe(probing));
  }

  async #probe(probing: Probing): Promise<void> {
    if (this.#atOnce >= PROBES_AT_ONCE_MAX) return this.#schedule(probing, RETRY_MS);
    this.#atOnce += 1;
    const { target } = probing;
    const outcome = await probeOnce(target, this.#options.clock, probing.stop.signal);
    this.#atOnce -= 1;
    if (probing.stop.signal.aborted) return;
    const before = probing.state;
    probing.state = afterProbe(before, outcome, target.probe);
    const spread = 1 + JITTER * (2 * this.#options.random.next() - 1);
    this.#schedule(probing, probing.target.probe.intervalMs * spread);
    if (probing.state.state !== before.state) this.#tell(target, probing.state);
  }

  #tell({ server, address }: ProbeTarget, state: ProbeState): void {
    if (state.state === "unknown") return;
    const { log } = this.#options;
    const cause = state.state === "down" ? state.cause : "";
    if (state.state === "up") log.info({ server, address }, "A probe finds the server up");
    else log.warn({ server, address, cause }, "A probe finds the server down");
    this.#options.onChange({ server, address, state: state.state, cause });
  }
}

function keyOf(server: string, address: string): string {
  return `${server} ${address}`;
}
