// hot: bench/micro/head-parser.ts
// Checks and skips the extensions of one chunk line (RFC 9112 §7.1.1): `;name`, `;name=token` or `;name="quoted"`, any
// number of them. No white space, which the RFC calls bad; nobody here knows an extension, so that none goes on.
//
//   NAME_START ──▶ NAME ──"="──▶ VALUE_START ──▶ VALUE            every state after a whole extension leads to
//                                VALUE_START ──DQUOTE──▶ QUOTED ◀─▶ ESCAPED       NAME_START by ";" and to the end by CR
//                                                        QUOTED ──DQUOTE──▶ QUOTED_END

import { BACKSLASH, CR, EQUALS, IS_TOKEN, IS_VALUE, QUOTE, SEMICOLON } from "./octets.ts";

const NAME_START = 0;
const NAME = 1;
const VALUE_START = 2;
const VALUE = 3;
const QUOTED = 4;
const ESCAPED = 5;
const QUOTED_END = 6;
const BROKEN = 7;

/** Most bytes of extensions on one chunk line. */
const EXTENSION_BYTES_MAX = 256;

/** The extensions of one chunk line, read as they come. */
export class ChunkExtension {
  /** Bytes seen on this line. */
  length = 0;
  #state: number = NAME_START;

  /** Gets ready for the next line. */
  reset(): void {
    this.length = 0;
    this.#state = NAME_START;
  }

  /** Reads up to the CR that ends the line, whose position it answers; `end` when it has not come, -1 when it is wrong. */
  read(bytes: Uint8Array, from: number, end: number): number {
    for (let at = from; at < end; at += 1) {
      const octet = bytes[at] as number;
      if (octet === CR && this.#isWhole()) return at;
      this.length += 1;
      this.#state = this.length > EXTENSION_BYTES_MAX ? BROKEN : this.#next(octet);
      if (this.#state === BROKEN) return -1;
    }
    return end;
  }

  #isWhole(): boolean {
    return this.#state === NAME || this.#state === VALUE || this.#state === QUOTED_END;
  }

  #next(octet: number): number {
    switch (this.#state) {
      case NAME_START:
        return IS_TOKEN[octet] === 1 ? NAME : BROKEN;
      case NAME:
        if (octet === EQUALS) return VALUE_START;
        return IS_TOKEN[octet] === 1 ? NAME : afterWhole(octet);
      case VALUE_START:
        if (octet === QUOTE) return QUOTED;
        return IS_TOKEN[octet] === 1 ? VALUE : BROKEN;
      case VALUE:
        return IS_TOKEN[octet] === 1 ? VALUE : afterWhole(octet);
      case QUOTED:
        if (octet === QUOTE) return QUOTED_END;
        if (octet === BACKSLASH) return ESCAPED;
        return IS_VALUE[octet] === 1 ? QUOTED : BROKEN;
      case ESCAPED:
        return IS_VALUE[octet] === 1 ? QUOTED : BROKEN;
      default:
        return afterWhole(octet);
    }
  }
}

function afterWhole(octet: number): number {
  return octet === SEMICOLON ? NAME_START : BROKEN;
}
