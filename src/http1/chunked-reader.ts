// hot: bench/micro/head-parser.ts
// Decodes chunked framing as it comes, without copying or allocating (RFC 9112 §7.1, W25, W26):
//
//   SIZE ──hex──▶ SIZE ──";"──▶ EXTENSION ──CR──▶ SIZE_LF ──LF, size > 0──▶ DATA ──▶ DATA_CR ──▶ DATA_LF ──▶ SIZE
//                 SIZE ──CR───────────────────────▶ SIZE_LF ──LF, size 0──▶ TRAILERS ──empty line──▶ DONE
//
// Any other octet leads to FAILED, for good: after a wrong octet nobody knows where the body ends.

import { ChunkExtension } from "./chunk-extension.ts";
import { CR, HEX_VALUE, LF, SEMICOLON } from "./octets.ts";
import { TrailerSection } from "./trailer-section.ts";

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILERS = 6;
const DONE = 7;
const FAILED = 8;

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Digits of a chunk size, leading zeros included. */
const SIZE_DIGITS_MAX = 16;

/** Largest chunk: 2^48 bytes, far below 2^53, so that no float arithmetic can lie. */
const SIZE_MAX = 2 ** 48;

/** Bytes of chunk lines that one body may have beyond what its data pays for (`LINE_BYTES_FREE` a chunk, and its size). */
const EXCESS_BYTES_MAX = 16_384;
const LINE_BYTES_FREE = 32;

/**
 * One decoder a connection and direction, reset for each message. Call `read` until it has consumed the input or
 * `isDone`; how the input is cut makes no difference to the data, the end or the refusal.
 */
export class ChunkedReader {
  /** The piece of data that the last `read` found, as offsets into its bytes; empty when both are equal. */
  dataStart = 0;
  dataEnd = 0;
  /** The last chunk and the trailer section are over. */
  isDone = false;
  /** Why the framing was refused, for the log; never shown to the peer. */
  refusal = "";
  /** The trailer fields that may go on, whole lines with CRLF; empty normally. Valid once `isDone`. */
  trailers: Buffer = NO_BYTES;
  #state: number = SIZE;
  #size = 0;
  #digits = 0;
  #excess = 0;
  #dropsTrailers = false;
  readonly #extension: ChunkExtension = new ChunkExtension();
  #trailerSection: TrailerSection | null = null;

  /**
   * Gets ready for the next body.
   *
   * @param dropsTrailers - no trailer field goes on: give the head's `hasConnectionOptions`, since Connection may have
   * named some of them (W40); they are checked all the same
   */
  reset(dropsTrailers = false): void {
    this.dataStart = 0;
    this.dataEnd = 0;
    this.isDone = false;
    this.refusal = "";
    this.trailers = NO_BYTES;
    this.#state = SIZE;
    this.#size = 0;
    this.#digits = 0;
    this.#excess = 0;
    this.#dropsTrailers = dropsTrailers;
    this.#extension.reset();
    this.#trailerSection = null;
  }

  /**
   * Reads on to the end of the next piece of data, the end of the body or the end of the input `bytes[from, end)`.
   *
   * @returns the position up to which the input is consumed, or -1 when the framing is wrong: answer 400 or 502 and
   * close, and never send a last chunk of our own (W75)
   */
  read(bytes: Buffer, from: number, end: number): number {
    this.dataStart = from;
    this.dataEnd = from;
    let at = from;
    while (at >= 0 && at < end) {
      switch (this.#state) {
        case SIZE:
          at = this.#readSize(bytes, at, end);
          break;
        case EXTENSION:
          at = this.#readExtension(bytes, at, end);
          break;
        case SIZE_LF:
          at = this.#readSizeLf(bytes, at);
          break;
        case DATA:
          return this.#readData(at, end);
        case DATA_CR:
          at = this.#readOctet(bytes, at, CR, DATA_LF);
          break;
        case DATA_LF:
          at = this.#readOctet(bytes, at, LF, SIZE);
          break;
        case TRAILERS:
          at = this.#readTrailers(bytes, at, end);
          break;
        case DONE:
          return at;
        default:
          return -1;
      }
    }
    return at;
  }

  #readSize(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end) {
      const octet = bytes[at] as number;
      const digit = HEX_VALUE[octet] as number;
      if (digit > 15) return this.#endSize(octet, at);
      this.#size = this.#size * 16 + digit;
      this.#digits += 1;
      if (this.#digits > SIZE_DIGITS_MAX || this.#size > SIZE_MAX)
        return this.#refuse("chunk size too large");
      at += 1;
    }
    return at;
  }

  #endSize(octet: number, at: number): number {
    if (this.#digits === 0) return this.#refuse("chunk without a size");
    if (octet === CR) {
      this.#state = SIZE_LF;
    } else if (octet === SEMICOLON) {
      this.#extension.reset();
      this.#state = EXTENSION;
    } else {
      return this.#refuse(octet === LF ? "bare LF in chunk framing" : "invalid character in a chunk size");
    }
    return at + 1;
  }

  #readExtension(bytes: Buffer, from: number, end: number): number {
    const at = this.#extension.read(bytes, from, end);
    if (at < 0) return this.#refuse("invalid or too long chunk extension");
    if (at < end) {
      this.#state = SIZE_LF;
      return at + 1; // over the CR where it stopped
    }
    return at;
  }

  #readSizeLf(bytes: Buffer, at: number): number {
    if (bytes[at] !== LF) return this.#refuse("bare CR in chunk framing");
    // Chunks that are mostly framing cost more to read than to send: each pays for its line with its data.
    this.#excess += this.#digits + this.#extension.length - LINE_BYTES_FREE - this.#size;
    if (this.#excess < 0) this.#excess = 0;
    if (this.#excess > EXCESS_BYTES_MAX) return this.#refuse("too many chunk extensions");
    this.#state = this.#size === 0 ? TRAILERS : DATA;
    this.#digits = 0;
    this.#extension.reset();
    return at + 1;
  }

  #readData(at: number, end: number): number {
    const length = Math.min(this.#size, end - at);
    this.dataStart = at;
    this.dataEnd = at + length;
    this.#size -= length;
    if (this.#size === 0) this.#state = DATA_CR;
    return at + length;
  }

  #readOctet(bytes: Buffer, at: number, expected: number, next: number): number {
    if (bytes[at] !== expected) return this.#refuse("chunk data without CRLF after it");
    this.#state = next;
    return at + 1;
  }

  #readTrailers(bytes: Buffer, from: number, end: number): number {
    if (this.#trailerSection === null) {
      if (bytes[from] === CR && from + 1 < end && bytes[from + 1] === LF) return this.#finish(from + 2);
      this.#trailerSection = new TrailerSection(); // cold: a body with trailers, or its end cut between CR and LF
    }
    const section = this.#trailerSection;
    const at = section.read(bytes, from, end);
    if (at < 0) return this.#refuse(section.refusal);
    if (!section.isDone) return at;
    if (!this.#dropsTrailers) this.trailers = section.kept;
    this.#trailerSection = null;
    return this.#finish(at);
  }

  #finish(at: number): number {
    this.#state = DONE;
    this.isDone = true;
    return at;
  }

  #refuse(why: string): number {
    this.#state = FAILED;
    this.refusal = why;
    this.dataEnd = this.dataStart;
    return -1;
  }
}
