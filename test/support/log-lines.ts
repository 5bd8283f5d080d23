// The log of a process as it grows: what was said, and waiting for what will be.

import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** One line of Tidegate's log; what is no JSON is in `msg`. */
export interface LogLine {
  readonly name?: string;
  readonly level?: string;
  readonly msg: string;
  readonly address?: string;
  readonly pid?: number;
}

/** Lines of one or more streams. */
export class LogLines {
  readonly all: LogLine[] = [];
  #waiting: (() => void)[] = [];
  #open = 0;

  /** Reads a stream to its end. */
  follow(stream: Readable): void {
    this.#open += 1;
    const lines = createInterface({ input: stream });
    lines.on("line", (line) => {
      this.all.push(parsed(line));
      this.#wake();
    });
    lines.on("close", () => {
      this.#open -= 1;
      this.#wake();
    });
  }

  /** The first line that fits, from the given position on; waits for it. Rejects when nobody can say it any more. */
  async find(fits: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    let at = from;
    for (;;) {
      for (; at < this.all.length; at += 1) {
        const line = this.all[at];
        if (line !== undefined && fits(line)) return line;
      }
      if (this.#open === 0) throw new Error(`Nobody said it; the last lines: ${this.last(20)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when every stream has ended. */
  async closed(): Promise<void> {
    while (this.#open > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The last lines, for messages. */
  last(count: number): string {
    return this.all
      .slice(-count)
      .map((line) => JSON.stringify(line))
      .join("\n");
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) call();
  }
}

function parsed(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line };
  }
}
