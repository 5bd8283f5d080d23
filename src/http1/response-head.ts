// hot: bench/micro/head-parser.ts
// A parsed response head as byte offsets into the bytes it came in. One object a worker, filled anew by each parse.

import { FIELDS_MAX } from "./request-head.ts";

/** Response fields that framing, affinity or forwarding looks at; 0 is any other field. */
export const FIELD_OTHER = 0;
export const FIELD_CONNECTION = 1;
export const FIELD_CONTENT_LENGTH = 2;
export const FIELD_TRANSFER_ENCODING = 3;
export const FIELD_KEEP_ALIVE = 4;
export const FIELD_PROXY_CONNECTION = 5;
export const FIELD_UPGRADE = 6;
export const FIELD_TE = 7;
export const FIELD_SET_COOKIE = 8;
export const FIELD_DATE = 9;
export const FIELD_CACHE_CONTROL = 10;
export const FIELD_CONTENT_TYPE = 11;
export const FIELD_TRAILER = 12;

/** `bodyLength` of a body that ends when the upstream closes (RFC 9112 §6.3, last case). */
export const UNTIL_CLOSE = -2;

const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * A response head (RFC 9112 §4, §5) as offsets into `bytes`; `[start, end)` everywhere. Fields keep order and
 * multiplicity, as in `RequestHead`.
 */
export class ResponseHead {
  bytes: Buffer = NO_BYTES;
  start = 0;
  /** First byte after the empty line. */
  end = 0;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  minor = 1;
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** Bytes of body to come given the request's method and the status; 0 for none, `CHUNKED`, `UNTIL_CLOSE`. */
  bodyLength = 0;
  /** The upstream keeps the connection after this response (RFC 9112 §9.3); false for `UNTIL_CLOSE`. */
  isPersistent = true;
  /** `Keep-Alive: timeout=` in ms, -1 when absent (W76). */
  keepAliveMs = -1;
  /** `Connection` names fields besides close, keep-alive, upgrade and te, which are not forwarded either (W40). */
  hasConnectionOptions = false;
  /** Index of the Upgrade field of a 101, else -1. */
  upgradeField = -1;
  hasSetCookie = false;
  hasDate = false;
  /** `Content-Type: text/event-stream`. */
  isEventStream = false;
  /** Why the head was refused, for the log; never shown to the client. */
  refusal = "";
  fieldCount = 0;
  readonly nameStart: Int32Array = new Int32Array(FIELDS_MAX);
  readonly nameEnd: Int32Array = new Int32Array(FIELDS_MAX);
  readonly valueStart: Int32Array = new Int32Array(FIELDS_MAX);
  readonly valueEnd: Int32Array = new Int32Array(FIELDS_MAX);
  readonly fieldId: Uint8Array = new Uint8Array(FIELDS_MAX);
}
