// How the processes of one tree talk: through the keeper, which passes messages on by address and reads none of them.

import type { RouterMessage } from "../routing/messages.ts";

/** `control`, `worker:3/4711` (that process), `worker:3` (the newest of the slot), `workers` (all but the sender), `all` (all but the sender) or `keeper`. */
export type Address = string;

/** One process's end of the bus. Messages from one sender to one receiver keep their order; a dead receiver loses them. */
export interface Bus {
  readonly self: Address;
  send(to: Address, message: RouterMessage): void;
  /** One receiver a process; called once for each message. */
  receive(handler: (message: RouterMessage) => void): void;
}
