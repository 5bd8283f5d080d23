// Reads the answers that a proxy passes on. All answers of a run look alike, so the head of one that was parsed whole serves
// as the pattern of the next: it must have the same length, status 200, and end at the same byte. A body of another length
// then shows at once, because what follows is no head.

const END_OF_HEAD = "\r\n\r\n";
const LF = 10;
const CR = 13;
const TWO = 0x32;
const ZERO = 0x30;

/** Lengths of the last head that was parsed; shared by all connections of a run. */
export class Shape {
  headBytes = 0;
  bodyBytes = -1;
}

/** What `ResponseReader.read` found. */
export type Reading = "more" | "whole" | "bad status" | "bad length";

/** One at a time: `read` until it is not `"more"`, then `next`. */
export class ResponseReader {
  /** The body's first byte: which upstream answered. */
  mark = 0;
  /** The head of an answer that was parsed whole, or empty: read it after a first visit. */
  head = "";
  bodyBytes = 0;
  readonly #shape: Shape;
  #held: Buffer | undefined;
  #bodyLeft = -1;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  next(): void {
    this.mark = 0;
    this.head = "";
    this.#bodyLeft = -1;
  }

  /** Takes the first `count` bytes of `bytes`, which the caller overwrites afterwards. */
  read(bytes: Buffer, count: number): Reading {
    if (this.#bodyLeft >= 0) return this.#body(bytes[0] ?? 0, count);
    if (this.#held === undefined && this.#looksLikeTheLast(bytes, count)) {
      this.#bodyLeft = this.#shape.bodyBytes;
      this.bodyBytes = this.#shape.bodyBytes;
      return this.#body(bytes[this.#shape.headBytes] ?? 0, count - this.#shape.headBytes);
    }
    return this.#parse(bytes.subarray(0, count));
  }

  #looksLikeTheLast(bytes: Buffer, count: number): boolean {
    const end = this.#shape.headBytes;
    return (
      end > 0 &&
      count >= end &&
      bytes[end - 1] === LF &&
      bytes[end - 2] === CR &&
      bytes[end - 3] === LF &&
      bytes[end - 4] === CR &&
      bytes[9] === TWO &&
      bytes[10] === ZERO &&
      bytes[11] === ZERO
    );
  }

  #body(first: number, count: number): Reading {
    if (this.mark === 0 && count > 0) this.mark = first;
    this.#bodyLeft -= count;
    if (this.#bodyLeft > 0) return "more";
    return this.#bodyLeft === 0 ? "whole" : "bad length";
  }

  #parse(bytes: Buffer): Reading {
    const all = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
    const end = all.indexOf(END_OF_HEAD);
    if (end === -1) {
      this.#held = Buffer.from(all);
      return "more";
    }
    this.#held = undefined;
    this.head = all.toString("latin1", 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.head)?.[1];
    if (!/^HTTP\/1\.1 200 /.test(this.head)) return "bad status";
    if (length === undefined) return "bad length";
    this.#shape.headBytes = end + END_OF_HEAD.length;
    this.#shape.bodyBytes = Number(length);
    this.#bodyLeft = this.#shape.bodyBytes;
    this.bodyBytes = this.#shape.bodyBytes;
    return this.#body(all[this.#shape.headBytes] ?? 0, all.length - this.#shape.headBytes);
  }
}

/** `name=value` of every cookie that a head sets, as a Cookie field has them. */
export function cookiesSet(head: string): string {
  return [...head.matchAll(/\r\nset-cookie: *([^;\r]+)/gi)].map((found) => found[1] ?? "").join("; ");
}
