// hot: bench/micro/head-parser.ts
// A parsed request head as byte offsets into the bytes it came in. One object a worker, filled anew by each parse:
// parsing, deciding and writing the upstream head happen in one turn, so nobody keeps it.

/** Field names that routing, framing or forwarding looks at; a value of `fieldId`. 0 is any other field. */
export const FIELD_OTHER = 0;
export const FIELD_HOST = 1;
export const FIELD_CONNECTION = 2;
export const FIELD_CONTENT_LENGTH = 3;
export const FIELD_TRANSFER_ENCODING = 4;
export const FIELD_COOKIE = 5;
export const FIELD_UPGRADE = 6;
export const FIELD_EXPECT = 7;
export const FIELD_TE = 8;
export const FIELD_KEEP_ALIVE = 9;
export const FIELD_PROXY_CONNECTION = 10;
export const FIELD_FORWARDED = 11;
export const FIELD_X_FORWARDED_FOR = 12;
export const FIELD_X_FORWARDED_PROTO = 13;
export const FIELD_X_FORWARDED_HOST = 14;
export const FIELD_X_FORWARDED_PORT = 15;
export const FIELD_X_REQUEST_ID = 16;
export const FIELD_TRACEPARENT = 17;
export const FIELD_VIA = 18;
export const FIELD_MAX_FORWARDS = 19;
export const FIELD_TRAILER = 20;
export const FIELD_X_FAILOVER = 21;
export const FIELD_ACCEPT = 22;
export const FIELD_REFERER = 23;
export const FIELD_USER_AGENT = 24;

/** Most fields a head may have (W11). */
export const FIELDS_MAX = 100;

/** `bodyLength` of a chunked body: its length shows as it comes. */
export const CHUNKED = -1;

/** Methods by number; `METHOD_OTHER` is any other token. */
export const METHOD_OTHER = 0;
export const METHOD_GET = 1;
export const METHOD_HEAD = 2;
export const METHOD_POST = 3;
export const METHOD_PUT = 4;
export const METHOD_DELETE = 5;
export const METHOD_OPTIONS = 6;
export const METHOD_TRACE = 7;
export const METHOD_CONNECT = 8;
export const METHOD_PATCH = 9;

const NO_BYTES = Buffer.alloc(0);

/**
 * A request head (RFC 9112 §2 to §5) as offsets into `bytes`; `[start, end)` everywhere. Fields keep their order and
 * multiplicity: field `i` has `nameStart[i]`, `nameEnd[i]`, `valueStart[i]`, `valueEnd[i]` (without white space around
 * the value) and `fieldId[i]`.
 */
export class RequestHead {
  bytes: Buffer = NO_BYTES;
  start = 0;
  /** First byte after the empty line. */
  end = 0;
  methodStart = 0;
  methodEnd = 0;
  /** The request target as received, absolute-form included. */
  targetStart = 0;
  targetEnd = 0;
  /** The path inside the target, without query; empty for `*` and authority-form. */
  pathStart = 0;
  pathEnd = 0;
  /** Host and port that route the request: the target's authority in absolute-form, else the Host field (W10). */
  hostStart = 0;
  hostEnd = 0;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  minor = 1;
  /** One of the `METHOD_…` numbers. */
  method = 0;
  /** The target is absolute-form: its authority replaces the Host field. */
  isAbsolute = false;
  /** Bytes of body to come, 0 for none, `CHUNKED`. */
  bodyLength = 0;
  /** The client keeps the connection after this exchange (RFC 9112 §9.3). */
  isPersistent = true;
  /** `Connection` names fields besides close, keep-alive, upgrade and te, which are not forwarded either (W40). */
  hasConnectionOptions = false;
  /** Index of the Upgrade field when the client asks for an upgrade (RFC 9110 §7.8), else -1. */
  upgradeField = -1;
  /** The client waits for 100 (Continue) before it sends the body. */
  expectsContinue = false;
  /** Why the head was refused, for the log; never shown to the client. */
  refusal = "";
  fieldCount = 0;
  readonly nameStart: Int32Array = new Int32Array(FIELDS_MAX);
  readonly nameEnd: Int32Array = new Int32Array(FIELDS_MAX);
  readonly valueStart: Int32Array = new Int32Array(FIELDS_MAX);
  readonly valueEnd: Int32Array = new Int32Array(FIELDS_MAX);
  readonly fieldId: Uint8Array = new Uint8Array(FIELDS_MAX);
}
