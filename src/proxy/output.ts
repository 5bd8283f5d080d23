// hot: bench/cases.ts
// Writing to sockets from memory that is used again: one scratch buffer a worker, as long as the kernel takes everything
// at once, which it nearly always does.

import type { Socket } from "node:net";
import { writeTo } from "./direct-socket.ts";

const SCRATCH_BYTES = 65_536 + 8192;
const NOTHING = Buffer.alloc(0);

/** The scratch buffer of a worker and the rule for when it may be used again. */
export class Output {
  #scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  /** Memory for a message of up to `size` bytes, to be given to `send` in the same turn. */
  room(size: number): Buffer {
    return size <= SCRATCH_BYTES ? this.#scratch : Buffer.allocUnsafeSlow(size);
  }

  /** Sends `[0, end)` of what `room` gave. False: the socket has enough; wait for its drain. */
  send(socket: Socket, bytes: Buffer, end: number): boolean {
    if (bytes === this.#scratch && socket.writableLength > 0) {
      // It would wait behind other bytes: a copy of its own size, so that a slow reader holds no whole scratch buffer.
      return socket.write(Buffer.from(bytes.subarray(0, end)));
    }
    const hasRoom = writeTo(socket, bytes.subarray(0, end));
    if (socket.writableLength === 0) return true; // all is with the kernel, even where Node says "wait"
    if (bytes === this.#scratch) this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    return hasRoom;
  }

  /** Copies `bytes[start, end)` into memory of its own where needed, and sends it. */
  sendCopy(socket: Socket, bytes: Buffer, start: number, end: number): boolean {
    const room = this.room(end - start);
    room.set(bytes.subarray(start, end), 0);
    return this.send(socket, room, end - start);
  }
}

/**
 * Sends bytes from where they lie. They must stay as they are until this returned true or `onDrain` of the socket's
 * reader was called; `wake` is that call for the case that Node has no drain event to give.
 */
export function sendInPlace(
  socket: Socket,
  bytes: Buffer,
  start: number,
  end: number,
  wake: () => void,
): boolean {
  const hasRoom = writeTo(socket, bytes.subarray(start, end));
  if (socket.writableLength === 0) return true;
  if (hasRoom) socket.write(NOTHING, wake);
  return false;
}

/** Large read buffers, lent to the connections through which a large body flows. */
export class BufferLender {
  readonly #free: Buffer[] = [];
  readonly #keep: number;
  readonly #size: number;

  constructor(options: { readonly size: number; readonly keep: number }) {
    this.#size = options.size;
    this.#keep = options.keep;
  }

  lend(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /** Takes a buffer back that nothing refers to any more. */
  giveBack(buffer: Buffer): void {
    if (this.#free.length < this.#keep) this.#free.push(buffer);
  }
}
