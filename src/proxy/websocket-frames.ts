// hot: bench/cases.ts
// Follows the frames of a WebSocket without looking into them (RFC 6455 §5.2), so that a connection can be closed where
// one frame ends: the only place where a close frame of our own may stand.

const LENGTH_MASK = 0x7f;
const MASK_BIT = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;

/** Where one direction of a WebSocket stands: inside a frame, or between two. */
export class WebSocketFrames {
  /** Header bytes seen of the frame that is under way; 0 between frames. */
  #headerSeen = 0;
  #headerSize = 2;
  #length = 0;
  #payloadLeft = 0;

  /** The next byte begins a frame. */
  get isAtBoundary(): boolean {
    return this.#headerSeen === 0 && this.#payloadLeft === 0;
  }

  /** Follows `bytes[start, end)`. With `stopAtBoundary`, returns the position of the first boundary; else `end`. */
  follow(bytes: Buffer, start: number, end: number, stopAtBoundary: boolean): number {
    let at = start;
    while (at < end) {
      if (stopAtBoundary && this.isAtBoundary) return at;
      if (this.#payloadLeft > 0) {
        const count = Math.min(this.#payloadLeft, end - at);
        this.#payloadLeft -= count;
        at += count;
      } else {
        this.#seeHeader(bytes[at] as number);
        at += 1;
      }
    }
    return at;
  }

  #seeHeader(octet: number): void {
    this.#headerSeen += 1;
    if (this.#headerSeen === 1) {
      this.#headerSize = 2;
      this.#length = 0;
    } else if (this.#headerSeen === 2) {
      const short = octet & LENGTH_MASK;
      const extended = short === LENGTH_16 ? 2 : short === LENGTH_64 ? 8 : 0;
      this.#headerSize = 2 + extended + ((octet & MASK_BIT) === 0 ? 0 : MASK_BYTES);
      this.#length = extended === 0 ? short : 0;
      this.#extendedEnd = 2 + extended;
    } else if (this.#headerSeen <= this.#extendedEnd) {
      this.#length = this.#length * 256 + octet;
    }
    if (this.#headerSeen < this.#headerSize || this.#headerSeen < 2) return;
    this.#payloadLeft = this.#length;
    this.#headerSeen = 0;
  }

  #extendedEnd = 2;
}

/**
 * A close frame with a code (RFC 6455 §5.5.1, §7.4): 1012 is "service restart", after which clients connect again (W64).
 *
 * @param maskKey - four bytes for a frame to a server, which must be masked; absent for one to a client
 */
export function closeFrame(code: number, maskKey?: Uint8Array): Buffer {
  const payload = Buffer.from([code >> 8, code & 0xff]);
  if (maskKey === undefined) return Buffer.concat([Buffer.from([0x88, payload.length]), payload]);
  const masked = payload.map((octet, index) => octet ^ (maskKey[index % MASK_BYTES] as number));
  return Buffer.concat([
    Buffer.from([0x88, MASK_BIT | payload.length]),
    maskKey.subarray(0, MASK_BYTES),
    masked,
  ]);
}
