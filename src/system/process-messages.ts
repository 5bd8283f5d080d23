// What the keeper and a process that it has forked say to each other over their channel. What the processes say among
// themselves rides in `BusPost` and `BusDelivery` as bytes, which the keeper passes on and does not read.

import type { EpochMs } from "../base/units.ts";
import type { ProcessSettings } from "../settings/process-settings.ts";
import type { Address } from "./bus.ts";

/** First message to every forked process. */
export interface StartMessage {
  readonly kind: "start";
  readonly role: "control" | "worker";
  /** Slot of the worker from 0; -1 for control. */
  readonly slot: number;
  /** Told apart from an earlier process in the same slot. */
  readonly incarnation: string;
  /** When the keeper started: what processes told each other before is forgotten. */
  readonly treeStartedAt: EpochMs;
  readonly settings: ProcessSettings;
}

/** Sent to a worker that asked, with the listening socket as the handle; one for each listener, in order of `settings`. */
export interface ListenerMessage {
  readonly kind: "listener";
  readonly index: number;
}

/** How many connections a worker may hold before it has to ask again (`accept-spread.ts`). Comes before the listeners. */
export interface AcceptLimitMessage {
  readonly kind: "accept-limit";
  readonly limit: number;
}

/** A message for this process; `bytes` is a `RouterMessage` in V8's serialization. */
export interface BusDelivery {
  readonly kind: "bus";
  readonly bytes: Uint8Array;
}

/** Keeper → child. */
export type KeeperMessage = StartMessage | ListenerMessage | AcceptLimitMessage | BusDelivery;

/** A message for somebody else. */
export interface BusPost {
  readonly kind: "bus";
  readonly to: Address;
  readonly bytes: Uint8Array;
}

/** Child → keeper. */
export type ChildMessage =
  | BusPost
  /** It does its work: the process that it replaces may stop. */
  | { readonly kind: "ready" }
  /** A worker wants to accept, for the first time or after a pause; `open` is how many connections it holds. */
  | { readonly kind: "listeners-please"; readonly open: number }
  /** How many connections it holds, told when that has changed and as the answer to a limit. */
  | { readonly kind: "open-connections"; readonly open: number };
