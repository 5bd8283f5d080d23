// hot: bench/cases.ts
// Writes the fields of a parsed head anew, in their order. A field line that already has the one form that we write
// (`name: value CRLF`) is copied as it lies, and lines that follow each other are copied in one piece: the bytes are the
// same as if each had been written by itself.

import { COLON, CR, LF, SPACE } from "./octets.ts";
import type { FieldSink } from "./parse-fields.ts";
import { put } from "./write-bytes.ts";

/** Copies lines of a head that need no change; one a worker, used within one call. */
export class FieldRun {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  out: Buffer = this.#bytes;
  at = 0;

  /** Begins to write at `out[at]` from the head that lies in `bytes`. */
  begin(out: Buffer, at: number, bytes: Buffer): void {
    this.out = out;
    this.at = at;
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = 0;
  }

  /** Writes field `index` as it is. */
  keep(head: FieldSink, index: number): void {
    const nameStart = head.nameStart[index] as number;
    const nameEnd = head.nameEnd[index] as number;
    const valueStart = head.valueStart[index] as number;
    const valueEnd = head.valueEnd[index] as number;
    const bytes = this.#bytes;
    const isCanonical =
      valueStart === nameEnd + 2 &&
      bytes[nameEnd] === COLON &&
      bytes[nameEnd + 1] === SPACE &&
      bytes[valueEnd] === CR;
    if (!isCanonical) {
      this.flush();
      this.line(nameStart, nameEnd, valueStart, valueEnd);
      return;
    }
    if (nameStart !== this.#end) {
      this.flush();
      this.#start = nameStart;
    }
    this.#end = valueEnd + 2;
  }

  /** Copies what has been kept so far; call before writing to `out` by other means, and at the end. */
  flush(): void {
    if (this.#end > this.#start) this.at = put(this.out, this.at, this.#bytes, this.#start, this.#end);
    this.#start = 0;
    this.#end = 0;
  }

  /** Writes one line from offsets into the head. */
  line(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    this.beginLine(nameStart, nameEnd);
    this.piece(valueStart, valueEnd);
    this.endLine();
  }

  /** Writes a name and `: `. */
  beginLine(nameStart: number, nameEnd: number): void {
    this.at = put(this.out, this.at, this.#bytes, nameStart, nameEnd);
    this.out[this.at] = COLON;
    this.out[this.at + 1] = SPACE;
    this.at += 2;
  }

  /** Writes a piece of a value. */
  piece(start: number, end: number): void {
    this.at = put(this.out, this.at, this.#bytes, start, end);
  }

  endLine(): void {
    this.out[this.at] = CR;
    this.out[this.at + 1] = LF;
    this.at += 2;
  }
}
