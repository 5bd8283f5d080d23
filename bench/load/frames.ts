// As much of WebSocket framing (RFC 6455 §5.2) as an echo of short messages needs: one frame a message, up to 64 KB.

const BINARY_FINAL = 0x82;
const MASKED = 0x80;
const LONG_LENGTH = 126;
const MASK_BYTES = 4;

/** Cuts received bytes into frames; what is not whole yet is kept for the next call. */
export class FrameReader {
  #held = Buffer.alloc(0);

  /** Returns the unmasked payloads that are complete, in order; they are only valid until the caller returns. */
  read(bytes: Buffer): readonly Buffer[] {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const payloads: Buffer[] = [];
    let at = 0;
    for (let frame = frameAt(all, at); frame !== undefined; frame = frameAt(all, at)) {
      payloads.push(frame.payload);
      at = frame.end;
    }
    this.#held = at === all.length ? Buffer.alloc(0) : Buffer.from(all.subarray(at));
    return payloads;
  }
}

function frameAt(bytes: Buffer, at: number): { readonly payload: Buffer; readonly end: number } | undefined {
  if (bytes.length < at + 2) return undefined;
  const second = bytes.readUInt8(at + 1);
  let length = second & ~MASKED;
  let start = at + 2;
  if (length === LONG_LENGTH) {
    if (bytes.length < at + 4) return undefined;
    length = bytes.readUInt16BE(at + 2);
    start = at + 4;
  }
  const isMasked = (second & MASKED) !== 0;
  const mask = start;
  if (isMasked) start += MASK_BYTES;
  if (bytes.length < start + length) return undefined;
  const payload = bytes.subarray(start, start + length);
  if (isMasked) unmask(payload, bytes.subarray(mask, mask + MASK_BYTES));
  return { payload, end: start + length };
}

function unmask(payload: Buffer, mask: Buffer): void {
  for (let index = 0; index < payload.length; index += 1) {
    payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
}

function header(payloadBytes: number, masked: number): Buffer {
  if (payloadBytes < LONG_LENGTH) return Buffer.from([BINARY_FINAL, masked | payloadBytes]);
  return Buffer.from([BINARY_FINAL, masked | LONG_LENGTH, payloadBytes >> 8, payloadBytes & 0xff]);
}

/** A frame as a server sends it. The payload is copied. */
export function serverFrame(payload: Buffer): Buffer {
  return Buffer.concat([header(payload.length, 0), payload]);
}

/** A frame as a client sends it, masked. */
export function clientFrame(payload: Buffer): Buffer {
  const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  const masked = Buffer.from(payload);
  unmask(masked, mask);
  return Buffer.concat([header(payload.length, MASKED), mask, masked]);
}
