// A bus without processes: keeps what was sent, and delivers what a test says.

import type { RouterMessage } from "../../src/routing/messages.ts";
import type { Address, Bus } from "../../src/system/bus.ts";

/** One end of a bus. */
export class FakeBus implements Bus {
  readonly self: Address;
  readonly sent: { readonly to: Address; readonly message: RouterMessage }[] = [];
  #handler: (message: RouterMessage) => void = () => {};

  constructor(self: Address = "control") {
    this.self = self;
  }

  send(to: Address, message: RouterMessage): void {
    this.sent.push({ to, message });
  }

  receive(handler: (message: RouterMessage) => void): void {
    this.#handler = handler;
  }

  /** As if another process had sent it. */
  deliver(message: RouterMessage): void {
    this.#handler(message);
  }

  /** Messages of a kind that were sent so far, in order. */
  sentOf<Kind extends RouterMessage["kind"]>(kind: Kind): Extract<RouterMessage, { readonly kind: Kind }>[] {
    return this.sent
      .map(({ message }) => message)
      .filter((message): message is Extract<RouterMessage, { readonly kind: Kind }> => message.kind === kind);
  }
}
