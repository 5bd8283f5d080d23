// Reads a stream of messages as a connection of ours does: heads, bodies, pieces as they arrive.

import { ChunkedReader } from "../../src/http1/chunked-reader.ts";
import { isWorthParsing } from "../../src/http1/head-end.ts";
import { INCOMPLETE } from "../../src/http1/parse-fields.ts";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import { parseResponseHead } from "../../src/http1/parse-response.ts";
import { CHUNKED, FIELD_UPGRADE, METHOD_CONNECT, RequestHead } from "../../src/http1/request-head.ts";
import { ResponseHead, UNTIL_CLOSE } from "../../src/http1/response-head.ts";

const HEAD_MAX = 16_384;

/** A message as either implementation reports it; all strings are latin1. */
export interface Message {
  /** Method, or status. */
  readonly verb: string;
  /** Target, or reason phrase. */
  readonly target: string;
  readonly version: string;
  /** Names and values in turn, as they came. */
  readonly fields: readonly string[];
  readonly body: string;
}

/** What became of a stream. */
export interface Reading {
  /** The messages that came whole. */
  readonly messages: readonly Message[];
  /** How it ended: more is needed, the last message ends the connection, what follows is refused, or may be no HTTP. */
  readonly end: "open" | "closed" | "refused" | "switch";
  /** Names and values of the trailer fields that go on. */
  readonly trailers: readonly string[];
}

/** A head in bytes, with what both kinds share. */
type AnyHead = RequestHead | ResponseHead;

/** Reads whole messages from a stream that arrives in pieces which end at the offsets `cuts`, then at its end. */
class StreamReader {
  readonly messages: Message[] = [];
  readonly trailers: string[] = [];
  readonly #bytes: Buffer;
  readonly #cuts: number[];
  readonly #chunks: ChunkedReader = new ChunkedReader();
  #at = 0;
  #end: number;

  constructor(bytes: Buffer, cuts: readonly number[]) {
    this.#bytes = bytes;
    this.#cuts = [...cuts];
    this.#end = this.#cuts.shift() ?? bytes.length;
  }

  /** The next piece arrives. False when there is none. */
  #arrive(): boolean {
    if (this.#end === this.#bytes.length) return false;
    this.#end = this.#cuts.shift() ?? this.#bytes.length;
    return true;
  }

  readHead(parse: (bytes: Buffer, at: number, end: number) => number): number {
    let searched = this.#at;
    let isFirst = true;
    do {
      if (isFirst || isWorthParsing(this.#bytes, this.#at, searched, this.#end, HEAD_MAX)) {
        const result = parse(this.#bytes, this.#at, this.#end);
        if (result !== INCOMPLETE) {
          if (result > 0) this.#at = result;
          return result;
        }
      }
      isFirst = this.#end === this.#at;
      searched = this.#end;
    } while (this.#arrive());
    return parse(this.#bytes, this.#at, this.#end);
  }

  /** The body, undefined when it does not come whole, null when its framing is wrong. */
  readBody(length: number): string | undefined | null {
    if (length === CHUNKED) return this.#readChunks();
    if (length === UNTIL_CLOSE) {
      while (this.#arrive());
      return this.#take(this.#bytes.length - this.#at);
    }
    while (this.#end - this.#at < length) if (!this.#arrive()) return undefined;
    return this.#take(length);
  }

  #take(length: number): string {
    this.#at += length;
    return this.#bytes.toString("latin1", this.#at - length, this.#at);
  }

  #readChunks(): string | undefined | null {
    const chunks = this.#chunks;
    chunks.reset();
    let body = "";
    while (!chunks.isDone) {
      if (this.#at === this.#end && !this.#arrive()) return undefined;
      const at = chunks.read(this.#bytes, this.#at, this.#end);
      if (at < 0) return null;
      body += this.#bytes.toString("latin1", chunks.dataStart, chunks.dataEnd);
      this.#at = at;
    }
    for (const line of chunks.trailers.toString("latin1").split("\r\n")) {
      if (line !== "")
        this.trailers.push(line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2));
    }
    return body;
  }
}

/** Reads requests until one is refused, ends the connection, or does not come whole. */
export function readRequests(bytes: Buffer, cuts: readonly number[] = []): Reading {
  const head = new RequestHead();
  const stream = new StreamReader(bytes, cuts);
  const ended = (end: Reading["end"]): Reading => ({
    messages: stream.messages,
    end,
    trailers: stream.trailers,
  });
  for (;;) {
    const result = stream.readHead((from, at, end) => parseRequestHead(head, from, at, end, HEAD_MAX));
    if (result <= 0) return ended(result === INCOMPLETE ? "open" : "refused");
    if (head.method === METHOD_CONNECT) return ended("switch");
    const started = {
      verb: bytes.toString("latin1", head.methodStart, head.methodEnd),
      target: bytes.toString("latin1", head.targetStart, head.targetEnd),
      version: `1.${head.minor}`,
      fields: fieldsOf(head),
    };
    const { isPersistent } = head;
    const mayUpgrade = head.fieldId.subarray(0, head.fieldCount).includes(FIELD_UPGRADE);
    const body = stream.readBody(head.bodyLength);
    if (typeof body !== "string") return ended(body === null ? "refused" : "open");
    stream.messages.push({ ...started, body });
    if (!isPersistent) return ended("closed");
    if (mayUpgrade) return ended("switch"); // what follows waits for the answer (W31)
  }
}

/** Reads interim responses and one final one to a request of this method; a closed connection ends the stream. */
export function readResponse(bytes: Buffer, method: number, cuts: readonly number[] = []): Reading {
  const head = new ResponseHead();
  const stream = new StreamReader(bytes, cuts);
  const ended = (end: Reading["end"]): Reading => ({
    messages: stream.messages,
    end,
    trailers: stream.trailers,
  });
  for (;;) {
    const result = stream.readHead((from, at, end) =>
      parseResponseHead(head, from, at, end, HEAD_MAX, method),
    );
    if (result <= 0) return ended(result === INCOMPLETE ? "open" : "refused");
    const started = {
      verb: String(head.status),
      target: bytes.toString("latin1", head.reasonStart, head.reasonEnd),
      version: `1.${head.minor}`,
      fields: fieldsOf(head),
    };
    const { status } = head;
    const body = stream.readBody(head.bodyLength);
    if (typeof body !== "string") return ended(body === null ? "refused" : "open");
    stream.messages.push({ ...started, body });
    if (status === 101) return ended("switch");
    if (status >= 200) return ended("closed");
  }
}

function fieldsOf(head: AnyHead): string[] {
  const fields: string[] = [];
  for (let field = 0; field < head.fieldCount; field += 1) {
    fields.push(
      head.bytes.toString("latin1", head.nameStart[field], head.nameEnd[field]),
      head.bytes.toString("latin1", head.valueStart[field], head.valueEnd[field]),
    );
  }
  return fields;
}
