// A file, or standard output, to which whole lines are appended in batches. Several processes may append to one file: each
// batch is one write with O_APPEND.

import { createWriteStream, type WriteStream } from "node:fs";
import type { Log } from "../base/log.ts";

/** Bytes that may wait for the disk. */
const WAITING_MAX = 4 * 1024 * 1024;

/** Takes whole lines and writes them when the disk can. */
export class FileLines {
  readonly #stream: NodeJS.WritableStream & { readonly writableLength: number };
  readonly #isOurs: boolean;
  #hasFailed = false;

  /** `path` is a file, made when it is not there, or `stdout`. What goes wrong with it is logged once. */
  constructor(path: string, log: Log) {
    this.#isOurs = path !== "stdout";
    this.#stream = this.#isOurs ? createWriteStream(path, { flags: "a" }) : process.stdout;
    this.#stream.on("error", (error: Error) => {
      if (!this.#hasFailed)
        log.error({ path, error: error.message }, "Cannot write the access log; lines are dropped");
      this.#hasFailed = true;
    });
  }

  /** False when too many lines wait already, or the file has failed: these were not taken. */
  write(lines: Buffer): boolean {
    if (this.#hasFailed || this.#stream.writableLength > WAITING_MAX) return false;
    this.#stream.write(lines);
    return true;
  }

  /** Writes what waits and closes the file. */
  close(): Promise<void> {
    if (!this.#isOurs || this.#hasFailed) return Promise.resolve();
    return new Promise((resolve) => {
      (this.#stream as WriteStream).end(() => resolve());
    });
  }
}
