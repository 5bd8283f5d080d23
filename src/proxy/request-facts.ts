// hot: bench/cases.ts
// What the access log and own answers want to know of a request after its head's bytes are gone.

import { word } from "../http1/octets.ts";
import type { RequestHead } from "../http1/request-head.ts";
import * as is from "../http1/request-head.ts";
import { equalsValue } from "../http1/request-semantics.ts";
import { ESCAPED_OCTET_MAX, type Escape, putEscaped } from "./log-text.ts";

const WEBSOCKET = word("websocket");
/** Octets of one text that are kept for the log; the rest is cut. */
const TEXT_MAX = 2048;
/** Room that is enough for nearly every request; what needs more gets it. */
const ROOM = 2048;
const NO_BYTES = Buffer.alloc(0);

/** Facts of one request, filled anew with each; texts are kept only for a log that is on. */
export class RequestFacts {
  isHead = false;
  isWebSocket = false;
  requestBytes = 0;
  minor = 1;
  /** Texts for the access log, escaped for it, one behind the other: each starts where the one before ends. */
  texts: Buffer = NO_BYTES;
  /** End of method and target. */
  targetEnd = 0;
  hostEnd = 0;
  refererEnd = 0;
  userAgentEnd = 0;

  /** Reads a head whose bytes are still there. `style` is that of the log, null while it is off. */
  read(head: RequestHead, style: Escape | null): void {
    this.isHead = head.method === is.METHOD_HEAD;
    this.isWebSocket = head.upgradeField >= 0 && equalsValue(head, head.upgradeField, WEBSOCKET);
    this.requestBytes = head.end - head.start;
    if (style !== null) this.#keepTexts(head, style);
  }

  /** The Accept field, while the head's bytes are still there. */
  acceptNow(head: RequestHead): string {
    const index = fieldOf(head, is.FIELD_ACCEPT);
    return index < 0 ? "" : head.bytes.toString("latin1", head.valueStart[index], head.valueEnd[index]);
  }

  #keepTexts(head: RequestHead, style: Escape): void {
    this.minor = head.minor;
    this.targetEnd = this.#keep(head, 0, head.methodStart, head.targetEnd, style);
    this.hostEnd = this.#keep(head, this.targetEnd, head.hostStart, head.hostEnd, style);
    this.refererEnd = this.#keepField(head, this.hostEnd, is.FIELD_REFERER, style);
    this.userAgentEnd = this.#keepField(head, this.refererEnd, is.FIELD_USER_AGENT, style);
  }

  #keepField(head: RequestHead, at: number, id: number, style: Escape): number {
    const index = fieldOf(head, id);
    if (index < 0) return at;
    return this.#keep(head, at, head.valueStart[index] as number, head.valueEnd[index] as number, style);
  }

  #keep(head: RequestHead, at: number, start: number, end: number, style: Escape): number {
    const length = Math.min(end - start, TEXT_MAX);
    const needed = at + length * ESCAPED_OCTET_MAX;
    if (needed > this.texts.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(ROOM, needed));
      larger.set(this.texts.subarray(0, at), 0);
      this.texts = larger;
    }
    return putEscaped(this.texts, at, head.bytes, { start, end: start + length }, style);
  }
}

/** Index of the first field with this id, or -1. */
function fieldOf(head: RequestHead, id: number): number {
  for (let index = 0; index < head.fieldCount; index += 1) if (head.fieldId[index] === id) return index;
  return -1;
}
