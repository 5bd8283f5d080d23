// A strict little reader of HTTP/1.x messages for tests: what it takes in is exactly what RFC 9112 lets a sender generate,
// and nothing more. It is written for being read, not for speed, and shares no code with what it judges.

/** A message as it lay on the wire. */
export interface RawMessage {
  /** Start line without its CRLF. */
  readonly start: string;
  /** Field lines, without CRLF, in order. */
  readonly lines: readonly string[];
  /** Start line, field lines and the empty line, byte for byte. */
  readonly head: string;
  /** Body without its framing. */
  readonly body: Buffer;
  readonly framing: "none" | "length" | "chunked" | "close";
  /** Trailer lines of a chunked body. */
  readonly trailers: readonly string[];
  /** The whole message, byte for byte. */
  readonly raw: Buffer;
}

/** How a message whose head is known is framed. */
export type FramingOf = (start: string, lines: readonly string[]) => RawMessage["framing"];

const EMPTY = Buffer.alloc(0);

/** The values of a field, in order; names are compared without regard to case. */
export function values(message: { readonly lines: readonly string[] }, name: string): string[] {
  const prefix = `${name.toLowerCase()}:`;
  return message.lines
    .filter((line) => line.toLowerCase().startsWith(prefix))
    .map((line) => line.slice(prefix.length).trim());
}

/** Framing of a request (RFC 9112 §6.3). */
export const requestFraming: FramingOf = (_start, lines) => {
  const codings = values({ lines }, "transfer-encoding");
  const lengths = values({ lines }, "content-length");
  if (codings.length + lengths.length > 1) throw new Error(`Two framings: ${lines.join(" | ")}`);
  if (codings.length === 1) return "chunked";
  return lengths.length === 1 ? "length" : "none";
};

/** Framing of a response to a request with this method. */
export function responseFraming(method: string): FramingOf {
  return (start, lines) => {
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw new Error(`No status line: ${start}`);
    const framing = requestFraming(start, lines);
    if (status < 200 || status === 204) {
      if (framing !== "none") throw new Error(`A ${status} with a body's framing: ${lines.join(" | ")}`);
      return "none";
    }
    if (method === "HEAD" || status === 304) return "none";
    return framing === "none" ? "close" : framing;
  };
}

interface Head {
  readonly start: string;
  readonly lines: readonly string[];
  readonly end: number;
}

function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [start = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  for (const line of [start, ...lines]) {
    if (/[\r\n\0]/.test(line)) throw new Error(`A control character in ${JSON.stringify(line)}`);
  }
  for (const line of lines) {
    if (!/^[!#$%&'*+.^_`|~\w-]+: ?/.test(line)) throw new Error(`No field line: ${JSON.stringify(line)}`);
  }
  return { start, lines, end: end + 4 };
}

interface Chunks {
  readonly body: Buffer;
  readonly trailers: readonly string[];
  readonly end: number;
}

/** Undefined while it is not whole; throws when a chunk line has anything but plain hexadecimal digits. */
function readChunks(bytes: Buffer, from: number): Chunks | undefined {
  const pieces: Buffer[] = [];
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const line = bytes.toString("latin1", at, lineEnd);
    if (!/^[0-9a-f]{1,12}$/.test(line)) throw new Error(`No chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    at = lineEnd + 2;
    if (size === 0) return readTrailers(bytes, at, pieces);
    if (bytes.length < at + size + 2) return undefined;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
    if (bytes.toString("latin1", at, at + 2) !== "\r\n") throw new Error("No CRLF after chunk data");
    at += 2;
  }
}

function readTrailers(bytes: Buffer, from: number, pieces: readonly Buffer[]): Chunks | undefined {
  const trailers: string[] = [];
  let at = from;
  for (;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return undefined;
    if (end === at) return { body: Buffer.concat(pieces), trailers, end: end + 2 };
    trailers.push(bytes.toString("latin1", at, end));
    at = end + 2;
  }
}

/**
 * Reads the message that `bytes` begins with.
 *
 * @param hasEnded - no more bytes will come: the end of a body that lasts until the close
 * @returns undefined while it is not whole; throws when it is no message
 */
export function readMessage(bytes: Buffer, framingOf: FramingOf, hasEnded: boolean): RawMessage | undefined {
  const head = readHead(bytes);
  if (head === undefined) return undefined;
  const framing = framingOf(head.start, head.lines);
  const made = (body: Buffer, trailers: readonly string[], end: number): RawMessage => ({
    start: head.start,
    lines: head.lines,
    head: bytes.toString("latin1", 0, head.end),
    body: Buffer.from(body),
    framing,
    trailers,
    raw: Buffer.from(bytes.subarray(0, end)),
  });
  if (framing === "none") return made(EMPTY, [], head.end);
  if (framing === "close") return hasEnded ? made(bytes.subarray(head.end), [], bytes.length) : undefined;
  if (framing === "chunked") {
    const chunks = readChunks(bytes, head.end);
    return chunks === undefined ? undefined : made(chunks.body, chunks.trailers, chunks.end);
  }
  const length = Number(values(head, "content-length")[0]);
  if (!Number.isSafeInteger(length)) throw new Error("No length");
  if (bytes.length < head.end + length) return undefined;
  return made(bytes.subarray(head.end, head.end + length), [], head.end + length);
}
