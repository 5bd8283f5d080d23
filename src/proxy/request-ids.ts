// hot: bench/cases.ts
// Ids for requests that come without one: X-Request-Id, and the start of a W3C trace (https://www.w3.org/TR/trace-context/).

import type { Random } from "../base/random.ts";

const DIGITS = Buffer.from("0123456789abcdef", "latin1");
const ID_DIGITS = 32;
const COUNTER_DIGITS = 8;
const NONE = new Uint8Array(0);

/** Which ids are made. */
export interface RequestIdOptions {
  readonly random: Random;
  readonly settings: { readonly requestId: boolean; readonly traceparent: boolean };
}

/** Makes ids into memory of its own; each is good until the next is made. */
export class RequestIds {
  readonly #random: Random;
  readonly #requestId: Buffer | null;
  readonly #traceparent: Buffer | null;
  #counter = 0;

  constructor(options: RequestIdOptions) {
    this.#random = options.random;
    this.#requestId = options.settings.requestId ? this.#digits(ID_DIGITS) : null;
    this.#traceparent = options.settings.traceparent ? this.#trace() : null;
  }

  /** 32 hexadecimal digits: 24 that are random to this worker, then a counter. Empty when ids are off. */
  requestId(): Uint8Array {
    if (this.#requestId === null) return NONE;
    this.#counter = (this.#counter + 1) >>> 0;
    putHex(this.#requestId, ID_DIGITS - COUNTER_DIGITS, COUNTER_DIGITS, this.#counter);
    return this.#requestId;
  }

  /** `00-<trace>-<parent>-01`, random throughout as the standard asks. Empty when traces are off. */
  traceparent(): Uint8Array {
    const trace = this.#traceparent;
    if (trace === null) return NONE;
    for (const at of [3, 11, 19, 27, 36, 44])
      putHex(trace, at, 8, Math.floor(this.#random.next() * 4_294_967_296));
    return trace;
  }

  #digits(count: number): Buffer {
    const text = Buffer.alloc(count, 0x30);
    for (let at = 0; at < count; at += 8)
      putHex(text, at, 8, Math.floor(this.#random.next() * 4_294_967_296));
    return text;
  }

  #trace(): Buffer {
    return Buffer.from(`00-${"0".repeat(32)}-${"0".repeat(16)}-01`, "latin1");
  }
}

function putHex(out: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let digit = at + digits - 1; digit >= at; digit -= 1) {
    out[digit] = DIGITS[rest & 15] as number;
    rest >>>= 4;
  }
}
