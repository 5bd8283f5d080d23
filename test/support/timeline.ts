// What a test has done to its site and when, so that its users know what may happen to them: nothing else is excused.
// Times are `performance.now()`.

/** The four modes of a server. */
export type ModeName = "normal" | "affinity" | "break" | "stop";

interface Phase {
  readonly mode: ModeName;
  /** When the command was given: it may be in force from now on. */
  readonly from: number;
  /** When it had returned: it is in force. */
  sureFrom: number;
}

/** The record of one site. */
export class Timeline {
  readonly #modes = new Map<string, Phase[]>();
  readonly #deaths = new Map<number, { readonly from: number; until: number }>();
  readonly #breaks: number[] = [];

  /** A command sets the mode of a server; the result is to be called when it has returned. */
  modeBegins(server: string, mode: ModeName): () => void {
    const phases = this.#modes.get(server) ?? [];
    const phase: Phase = { mode, from: performance.now(), sureFrom: Number.POSITIVE_INFINITY };
    phases.push(phase);
    this.#modes.set(server, phases);
    return () => {
      phase.sureFrom = performance.now();
    };
  }

  /** An application server's process is about to be killed; the result is to be called when it has gone. */
  dies(pid: number): () => void {
    const death = { from: performance.now(), until: Number.POSITIVE_INFINITY };
    this.#deaths.set(pid, death);
    return () => {
      death.until = performance.now();
    };
  }

  /** A process that carries client connections is about to be killed. */
  breaksConnections(): void {
    this.#breaks.push(performance.now());
  }

  /** Whether the server may have been in one of the modes at some moment of the time. */
  couldBe(server: string, modes: readonly ModeName[], from: number, to: number): boolean {
    return this.#phasesAt(server, from, to).some((phase) => modes.includes(phase.mode));
  }

  /** Whether the server was in one of the modes all the time. */
  surelyWas(server: string, modes: readonly ModeName[], from: number, to: number): boolean {
    return this.#phasesAt(server, from, to).every((phase) => modes.includes(phase.mode));
  }

  hasDied(pid: number, by: number): boolean {
    return (this.#deaths.get(pid)?.from ?? Number.POSITIVE_INFINITY) <= by;
  }

  /** Whether any application server died in that time. */
  someoneDied(from: number, to: number): boolean {
    return [...this.#deaths.values()].some((death) => death.from <= to && death.until >= from);
  }

  /** The last death before a moment in words, for messages. */
  lastDeath(before: number): string {
    const last = [...this.#deaths].findLast(([, death]) => death.from <= before);
    if (last === undefined) return "no server had died";
    const [pid, { from, until }] = last;
    return `server process ${pid} had died from ${Math.round(from)} to ${Math.round(until)}`;
  }

  /** Whether a client's connection that was open for this time may have been lost with a killed process. */
  couldBreak(openedAt: number, endedAt: number): boolean {
    return this.#breaks.some((at) => at >= openedAt && at <= endedAt);
  }

  /** All phases that may have been in force in the time. A mode ends for sure only when the next command has returned. */
  #phasesAt(server: string, from: number, to: number): readonly Phase[] {
    const normal: Phase = {
      mode: "normal",
      from: Number.NEGATIVE_INFINITY,
      sureFrom: Number.NEGATIVE_INFINITY,
    };
    const phases = [normal, ...(this.#modes.get(server) ?? [])];
    return phases.filter((phase, index) => {
      const next = phases[index + 1];
      const endsAt = next === undefined ? Number.POSITIVE_INFINITY : next.sureFrom;
      return phase.from <= to && endsAt >= from;
    });
  }
}
