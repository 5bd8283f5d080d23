// Takes routing tables from control and installs them: compiled in slices between requests, switched in one turn.

import type { CompiledTable } from "../routing/compile.ts";
import type { RoutingTable, TableChange } from "../routing/table.ts";
import { applyTableChange } from "../routing/table-change.ts";
import type { WorkerRouter } from "../routing/worker-router.ts";
import { nextTurn } from "../system/turns.ts";

/** Who installs a table, and who is told. */
export interface TableKeeperParts {
  readonly router: WorkerRouter;
  /** A table is in use. */
  readonly onInstalled: (isFirst: boolean) => void;
  /** A change did not fit the table held: the whole one is needed. */
  readonly onMissing: () => void;
}

/** Tables are installed one after the other, in the order in which they came; of several whole ones only the last. */
export class TableKeeper {
  readonly #parts: TableKeeperParts;
  /** The newest table known, installed or about to be. */
  #newest: RoutingTable | null = null;
  #isCompiling = false;
  #hasInstalled = false;
  #compiled: RoutingTable | null = null;

  constructor(parts: TableKeeperParts) {
    this.#parts = parts;
  }

  replace(table: RoutingTable): void {
    this.#newest = table;
    this.#compile();
  }

  change(change: TableChange): void {
    const held = this.#newest;
    const next = held === null ? undefined : applyTableChange(held, change);
    if (next?.ok === true) this.replace(next.value);
    else if (held === null || held.revision < change.revision) this.#parts.onMissing();
  }

  #compile(): void {
    if (this.#isCompiling || this.#newest === null || this.#newest === this.#compiled) return;
    const table = this.#newest;
    this.#isCompiling = true;
    this.#step(table, this.#parts.router.compile(table));
  }

  #step(table: RoutingTable, compiling: Generator<void, CompiledTable>): void {
    const step = compiling.next();
    if (step.done !== true) {
      nextTurn(() => this.#step(table, compiling));
      return;
    }
    const isFirst = !this.#hasInstalled;
    this.#parts.router.install(step.value);
    this.#compiled = table;
    this.#hasInstalled = true;
    this.#isCompiling = false;
    this.#parts.onInstalled(isFirst);
    this.#compile(); // another one may have come meanwhile
  }
}
