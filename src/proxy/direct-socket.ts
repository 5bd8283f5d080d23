// hot: bench/cases.ts
// A socket that writes past the books of its stream for as long as the kernel takes everything at once, which it nearly
// always does: the stream's accounting costs as much as a tenth of a request, and has nothing to account for then.
//
// What the kernel does not take at once is entered into the stream's books afterwards: `writableLength`, drain, end and
// errors are then those of any socket. The handle of a socket is not documented by Node; where it is not as we know it
// from Node 20 to 24 (26 has changed it), everything goes the documented way, which only costs time.

import { Socket } from "node:net";
import { getSystemErrorName } from "node:util";

type Done = (error?: Error | null) => void;

/** What Node's handle is given with a write, and calls when the kernel has taken the rest later. */
interface WriteRequest {
  oncomplete?: (this: WriteRequest, status: number) => void;
  done?: Done;
  /** Keeps the memory alive while the handle still writes from it. */
  bytes?: Buffer;
}

interface StreamHandle {
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize: number;
  writeBuffer?: (request: WriteRequest | null, bytes: Buffer) => number;
}

/** The class of Node's write requests, which it exports nowhere: learnt from the first one that Node makes itself. */
let Request: (new () => WriteRequest) | undefined;
let isLearning = true;

/** A request that was not used up, since the kernel took everything at once. */
let spare: WriteRequest | undefined;

/** Looks at the next write that Node gives to `handle`, once in the process. */
function learnFrom(handle: StreamHandle): void {
  const original = handle.writeBuffer;
  isLearning = false;
  if (original === undefined || typeof handle.writeQueueSize !== "number") return;
  handle.writeBuffer = (request, bytes) => {
    delete handle.writeBuffer; // the class's own is seen again
    if (request !== null) Request = request.constructor as new () => WriteRequest;
    return original.call(handle, request, bytes);
  };
}

function writeError(status: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { errno: status, code, syscall: "write" });
}

function onComplete(this: WriteRequest, status: number): void {
  const { done } = this;
  delete this.bytes;
  done?.(status === 0 ? null : writeError(status));
}

/** A `Socket` of which `writeTo` knows how to write directly. */
export class DirectSocket extends Socket {
  /** What the handle has taken already of the write that is being entered into the books. */
  #taken: WriteRequest | null = null;

  /** As `write`: false asks to wait for the drain. */
  writeDirectly(bytes: Buffer): boolean {
    const handle = (this as { _handle?: StreamHandle })._handle;
    if (!this.writable || this.connecting || this.writableLength > 0 || !handle) return this.write(bytes);
    if (Request === undefined) {
      if (isLearning) learnFrom(handle);
      return this.write(bytes);
    }
    const request = spare ?? new Request();
    spare = request;
    // A write that fails here fails again in the stream, whose error takes the documented way.
    if (handle.writeBuffer?.(request, bytes) !== 0) return this.write(bytes);
    if (handle.writeQueueSize === 0) return true;
    spare = undefined;
    request.bytes = bytes;
    request.oncomplete = onComplete;
    this.#taken = request;
    return this.write(bytes);
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    const taken = this.#taken;
    if (taken === null) {
      super._write(chunk, encoding, done);
      return;
    }
    this.#taken = null;
    taken.done = done;
  }
}

/** Writes all of `bytes`. False: the socket has enough; wait for its drain. */
export function writeTo(socket: Socket, bytes: Buffer): boolean {
  return socket instanceof DirectSocket ? socket.writeDirectly(bytes) : socket.write(bytes);
}
