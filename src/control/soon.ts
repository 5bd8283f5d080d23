// Something that is to be done once, shortly after it was asked for, however often that was.

import type { CancelAlarm, Clock } from "../base/clock.ts";

/** Messages of several workers come in bursts: one look answers them all. */
const SOON_MS = 20;

/** One such thing. `close` it. */
export class Soon {
  readonly #clock: Clock;
  readonly #act: () => void;
  #cancel: CancelAlarm | undefined;

  constructor(clock: Clock, act: () => void) {
    this.#clock = clock;
    this.#act = act;
  }

  /** Does it in `SOON_MS`, unless that is under way. */
  ask(): void {
    this.#cancel ??= this.#clock.alarm(SOON_MS, () => {
      this.#cancel = undefined;
      this.#act();
    });
  }

  /** Nothing more is done until it is asked again; may be called twice. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
