// `explain`: what a request would get and why, without sending it (SPEC R6), on control's own copy of the table.

import type { Clock } from "../base/clock.ts";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import type { RoutingTable } from "../routing/table.ts";
import type { ExplainAnswer, ExplainQuestion } from "./operations.ts";

/** What an explainer needs. */
export interface ExplainerParts {
  readonly clock: Clock;
  /** The table of the moment. */
  readonly table: () => RoutingTable;
}

/** Explains by the newest table. */
export class Explainer {
  readonly #parts: ExplainerParts;

  constructor(parts: ExplainerParts) {
    this.#parts = parts;
  }

  /** Refuses with `BAD_COMMAND` what is no request. */
  explain(question: ExplainQuestion): Result<ExplainAnswer> {
    const { revision } = this.#parts.table();
    return refuse("BAD_COMMAND", `Cannot explain "${question.url}" by revision ${revision} yet`);
  }
}
