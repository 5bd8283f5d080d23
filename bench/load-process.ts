// Our end of the load process: orders go in, answers come back, one at a time.

import { join } from "node:path";
import type { Answer, Order } from "./load/messages.ts";
import { ROOT } from "./peer.ts";
import { type Started, startPinned } from "./processes.ts";

/** Load generator and upstreams, pinned to a core. */
export class LoadProcess {
  readonly upstreamPorts: readonly [number, number];
  readonly #started: Started;

  private constructor(started: Started, upstreamPorts: readonly [number, number]) {
    this.#started = started;
    this.upstreamPorts = upstreamPorts;
  }

  static async start(core: number): Promise<LoadProcess> {
    const script = join(ROOT, "dist/bench/load/main.js");
    const launch = { command: process.execPath, args: [script] };
    const started = startPinned(launch, { core, cwd: ROOT, channel: true });
    const ready = await nextAnswer(started);
    if (ready.kind !== "ready") throw new Error(`The load process said "${ready.kind}" first`);
    return new LoadProcess(started, ready.upstreamPorts);
  }

  /** Sends an order and waits for its answer, which must be of the kind that is named. */
  async obey<Kind extends Answer["kind"]>(
    order: Order,
    kind: Kind,
  ): Promise<Extract<Answer, { readonly kind: Kind }>> {
    const answer = nextAnswer(this.#started);
    this.#started.child.send(order);
    const got = await answer;
    if (isOf(got, kind)) return got;
    throw new Error(got.kind === "failed" ? got.message : `The load process answered "${got.kind}"`);
  }

  close(): Promise<void> {
    return this.#started.close();
  }
}

function isOf<Kind extends Answer["kind"]>(
  answer: Answer,
  kind: Kind,
): answer is Extract<Answer, { readonly kind: Kind }> {
  return answer.kind === kind;
}

function nextAnswer(started: Started): Promise<Answer> {
  const { child } = started;
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error(`The load process ended: ${started.output()}`));
    child.once("exit", ended);
    child.once("message", (answer: Answer) => {
      child.off("exit", ended);
      resolve(answer);
    });
  });
}
