// The trailer section of a chunked body (RFC 9112 §7.1.2). Cold: bodies with trailers are rare, so that it collects the
// section whole and parses it as the fields of a head. It never becomes part of a head (W26).

import { fieldNames } from "./field-names.ts";
import { isWorthParsing } from "./head-end.ts";
import { latin1 } from "./octets.ts";
import { INCOMPLETE, parseFields } from "./parse-fields.ts";
import { FIELDS_MAX } from "./request-head.ts";

/** Most bytes of a trailer section, its empty line included. */
const TRAILER_BYTES_MAX = 8192;

/** Most fields of a trailer section. */
const TRAILER_FIELDS_MAX = 32;

const IS_DROPPED = 1;
const FRAMES = 2;

/**
 * Fields that a trailer may not carry (RFC 9110 §6.5.1): routing, request modifiers, authentication, control of
 * the response, of the content and of the connection, cookies, and what proxies say of each other. They are dropped,
 * but for those that frame: whoever sends these wants somebody to see another end of the body, and is refused.
 */
const FORBIDDEN_NAMES = fieldNames({
  "transfer-encoding": FRAMES,
  "content-length": FRAMES,
  ...Object.fromEntries(
    [
      ..."host connection keep-alive proxy-connection te trailer upgrade".split(" "),
      ..."expect max-forwards range if-match if-none-match if-modified-since if-unmodified-since if-range".split(
        " ",
      ),
      ..."authorization proxy-authorization www-authenticate proxy-authenticate cookie set-cookie".split(" "),
      ..."age cache-control expires date location retry-after vary pragma warning".split(" "),
      ..."content-encoding content-type content-range".split(" "),
      ..."via forwarded x-real-ip x-request-id traceparent tracestate x-failover session-ended".split(" "),
    ].map((name) => [name, IS_DROPPED]),
  ),
});

const NO_BYTES: Buffer = Buffer.alloc(0);

/** What `parseFields` fills; one for all sections, since a parse is synchronous. */
const fields = {
  fieldCount: 0,
  nameStart: new Int32Array(FIELDS_MAX),
  nameEnd: new Int32Array(FIELDS_MAX),
  valueStart: new Int32Array(FIELDS_MAX),
  valueEnd: new Int32Array(FIELDS_MAX),
  fieldId: new Uint8Array(FIELDS_MAX),
  refusal: "",
};

/** One trailer section as it comes. */
export class TrailerSection {
  isDone = false;
  refusal = "";
  /** The fields that may go on, written anew, whole lines with CRLF. Valid once `isDone`. */
  kept: Buffer = NO_BYTES;
  #collected: Buffer = NO_BYTES;

  /** Takes what belongs to the section from `bytes[from, end)`; answers the position after it, -1 when it is wrong. */
  read(bytes: Buffer, from: number, end: number): number {
    const before = this.#collected.length;
    const taken = Math.min(end - from, TRAILER_BYTES_MAX - before);
    this.#collected = Buffer.concat([this.#collected, bytes.subarray(from, from + taken)]);
    const length = this.#collected.length;
    if (!isWorthParsing(this.#collected, 0, before, length, TRAILER_BYTES_MAX)) return from + taken;
    const sectionEnd = parseFields(fields, FORBIDDEN_NAMES, this.#collected, 0, length);
    if (sectionEnd < 0) return this.#refuse(`${fields.refusal} in the trailer section`);
    if (sectionEnd === INCOMPLETE) {
      return length === TRAILER_BYTES_MAX ? this.#refuse("trailer section too large") : from + taken;
    }
    if (fields.fieldCount > TRAILER_FIELDS_MAX) return this.#refuse("too many trailer fields");
    if (fields.fieldId.subarray(0, fields.fieldCount).includes(FRAMES)) {
      return this.#refuse("framing field in the trailer section");
    }
    this.#keepFields();
    this.isDone = true;
    return from + sectionEnd - before;
  }

  #keepFields(): void {
    const lines: string[] = [];
    for (let field = 0; field < fields.fieldCount; field += 1) {
      if (fields.fieldId[field] !== 0) continue;
      const name = latin1(
        this.#collected,
        fields.nameStart[field] as number,
        fields.nameEnd[field] as number,
      );
      if (/^(x-forwarded-|proxy-)/i.test(name)) continue;
      const value = latin1(
        this.#collected,
        fields.valueStart[field] as number,
        fields.valueEnd[field] as number,
      );
      lines.push(`${name}: ${value}\r\n`);
    }
    if (lines.length > 0) this.kept = Buffer.from(lines.join(""), "latin1");
  }

  #refuse(why: string): number {
    this.refusal = why;
    return -1;
  }
}
