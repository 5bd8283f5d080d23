// `explain`: what a request would get and why, without sending it (SPEC R6). Control compiles the table for itself as a
// worker does, and knows the sessions and marks that the workers have told it. What it does not have are a worker's turns
// and open requests: whose turn it is by weight or load is told as a fresh worker would see it.

import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import { applyMark } from "../routing/availability.ts";
import { explain } from "../routing/explain.ts";
import type { InstanceStates } from "../routing/instance-states.ts";
import type { RoutingTable } from "../routing/table.ts";
import { WorkerRouter } from "../routing/worker-router.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { InstanceRow } from "./instance-picture.ts";
import type { ExplainAnswer, ExplainQuestion } from "./operations.ts";

/** What an explainer needs. */
export interface ExplainerParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Numbers of instance keys: the same ones that `sessions` refers to. */
  readonly states: InstanceStates;
  readonly sessions: Sessions;
  /** The table of the moment. */
  readonly table: () => RoutingTable;
  /** What is known of its instances. */
  readonly rows: () => readonly InstanceRow[];
}

/** Explains by the newest table; compiles it when it is first asked about. */
export class Explainer {
  readonly #parts: ExplainerParts;
  readonly #router: WorkerRouter;
  #compiled: RoutingTable | undefined;

  constructor(parts: ExplainerParts) {
    const { random, sessions, states } = parts;
    this.#parts = parts;
    this.#router = new WorkerRouter({
      random,
      sessions,
      states,
      share: { worker: 0, workers: 1 },
      onMark: () => {}, // nothing is sent, so nothing is found out
    });
  }

  /** A request that would be refused is explained too: `ownStatus` and the last step say so. */
  explain(question: ExplainQuestion): Result<ExplainAnswer> {
    const { clock, table } = this.#parts;
    this.#router.nowMs = clock.monotonicMs();
    this.#router.nowSeconds = Math.floor(clock.epochMs() / 1000);
    const current = table();
    if (current !== this.#compiled) {
      this.#router.setTable(current);
      this.#compiled = current;
    }
    this.#takeMarks();
    return ok({ ...explain(this.#router, question), revision: current.revision });
  }

  /** Makes the marks of control's own copy those that the workers hold. */
  #takeMarks(): void {
    const { states, rows } = this.#parts;
    for (const { entry, status, cause, isDownByProbe } of rows()) {
      const state = states.stateOf(entry.key);
      const isDown = state.downSinceMs !== 0;
      if (isDown === (status === "down") && state.isDownByProbe === isDownByProbe) continue;
      const { key } = entry;
      const { nowMs } = this.#router;
      if (isDown) applyMark(state, { key, state: "up", by: "probe", cause: "" }, nowMs);
      if (status !== "down") continue;
      applyMark(
        state,
        { key, state: "down", by: isDownByProbe ? "probe" : "traffic", cause: cause ?? "" },
        nowMs,
      );
    }
  }
}
