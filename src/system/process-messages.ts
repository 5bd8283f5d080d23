// What the keeper says to a process that it has just forked, before the bus carries anything else.

import type { ProcessSettings } from "../settings/process-settings.ts";

/** First message to every forked process. */
export interface StartMessage {
  readonly kind: "start";
  readonly role: "control" | "worker";
  /** Slot of the worker from 0; -1 for control. */
  readonly slot: number;
  /** Told apart from an earlier process in the same slot. */
  readonly incarnation: string;
  readonly settings: ProcessSettings;
}

/** Sent to a worker with the listening `net.Server` as the handle; one for each listener, in order of `settings`. */
export interface ListenerMessage {
  readonly kind: "listener";
  readonly index: number;
}
