// Sending over a process channel: bounded, and without exceptions when the other end is gone.

import { deserialize, serialize } from "node:v8";
import type { RouterMessage } from "../routing/messages.ts";

/** Most bytes that wait in one channel; who does not drain them is not alive in any useful sense. */
const CHANNEL_BYTES_MAX: number = 64 * 1024 * 1024;

/** Bytes that a message without a payload is counted as. */
const SMALL_MESSAGE_BYTES = 256;

/** The part of a Node process or child process that sends; `sent` is called when the system has taken the message. */
export type RawSend = (message: object, handle: unknown, sent: (error: Error | null) => void) => void;

/** What became of a message: on its way, nobody there, or more waiting than the limit. */
export type SendOutcome = "sent" | "gone" | "backed-up";

/** One direction of a process channel. Never throws. */
export class ChannelSender {
  readonly #send: RawSend;
  readonly #isOpen: () => boolean;
  readonly #bytesMax: number;
  #waitingBytes = 0;
  #whenDrained: (() => void) | undefined;

  constructor(channel: {
    readonly send: RawSend;
    readonly isOpen: () => boolean;
    readonly bytesMax?: number;
  }) {
    this.#send = channel.send;
    this.#isOpen = channel.isOpen;
    this.#bytesMax = channel.bytesMax ?? CHANNEL_BYTES_MAX;
  }

  /** Bytes that were sent and that the system has not taken yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** @param payloadBytes - size of what the message carries, for the limit */
  post(message: object, payloadBytes = 0, handle?: unknown): SendOutcome {
    if (!this.#isOpen()) return "gone";
    const size = payloadBytes + SMALL_MESSAGE_BYTES;
    if (this.#waitingBytes + size > this.#bytesMax) return "backed-up";
    this.#waitingBytes += size;
    this.#send(message, handle, () => {
      this.#waitingBytes -= size;
      if (this.#waitingBytes === 0) this.#whenDrained?.();
    });
    return "sent";
  }

  /** Calls once when nothing waits any more; at once when that is now. */
  whenDrained(call: () => void): void {
    if (this.#waitingBytes === 0) call();
    else this.#whenDrained = call;
  }
}

/** A bus message as the bytes that travel. */
export function packMessage(message: RouterMessage): Uint8Array {
  return serialize(message);
}

/** The message in bytes that `packMessage` of the same program made. */
export function unpackMessage(bytes: Uint8Array): RouterMessage {
  return deserialize(bytes) as RouterMessage;
}
