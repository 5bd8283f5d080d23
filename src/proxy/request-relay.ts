// hot: bench/cases.ts
// The request's way to the upstream: the head written anew, then the body as it comes, with back-pressure.
//
// Everything sent stays in `#out` for as long as the request could be sent again (SPEC P3, `postBufferSize`).

import { writeChunkEnd, writeChunkHead, writeLastChunk } from "../http1/chunk-writer.ts";
import { ChunkedReader } from "../http1/chunked-reader.ts";
import { isIdempotent } from "../http1/methods.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { CHUNKED } from "../http1/request-head.ts";
import { put, putAll } from "../http1/write-bytes.ts";
import { FAILOVER_LINE, REQUEST_HEAD_ROOM, writeRequestHead } from "../http1/write-request-head.ts";
import { writeTo } from "./direct-socket.ts";
import type { Exchange } from "./exchange.ts";
import { sendInPlace } from "./output.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

const OUT_BYTES = 4096;
/** A pooled exchange does not keep a larger buffer than this. */
const OUT_BYTES_KEPT = 16_384;
/** Bodies with more to come than this flow through a buffer of their own. */
const OWN_BUFFER_MIN = 65_536;
const CHUNK_ROOM = 24;
/** Length of the empty line that ends a head. */
const EMPTY_LINE_BYTES = 2;

/** The sending half of an exchange, used again with it. */
export class RequestRelay {
  readonly #exchange: Exchange;
  readonly #chunks: ChunkedReader = new ChunkedReader();
  #out: Buffer = Buffer.allocUnsafeSlow(OUT_BYTES);
  #end = 0;
  #sent = 0;
  #headEnd = 0;
  /** The kernel has not taken all of `#out` yet: its memory is not used again. */
  #isOutHeld = false;
  #keepsBody = false;
  #keepMax = 0;
  #left = 0;
  #isChunked = false;
  isDone = false;
  isReplayable = true;
  isIdempotent = false;
  method = 0;
  /** Body bytes received, without framing. */
  bodyBytes = 0;
  readonly #wake: () => void;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#wake = () => this.upstreamDrained();
  }

  get wantsOwnBuffer(): boolean {
    return !this.isDone && !this.#isChunked && !this.#keepsBody && this.#left > OWN_BUFFER_MIN;
  }

  /** Nothing of this request has been given to a connection. */
  get nothingSent(): boolean {
    return this.#sent === 0;
  }

  /**
   * Writes the head anew and takes what is there of the body.
   *
   * @returns the position after the bytes that belong to this request, or -1 when the body's framing is wrong
   */
  begin(head: RequestHead, bytes: Buffer, bodyStart: number, end: number): number {
    const { plane, decision, client } = this.#exchange;
    const forwarded = client.forwarded;
    this.#sent = 0;
    this.method = head.method;
    this.isIdempotent = isIdempotent(head.method);
    this.isReplayable = true;
    this.bodyBytes = 0;
    this.#end = 0;
    const hostBytes = 2 * (head.hostEnd - head.hostStart); // once more in X-Forwarded-Host, and in Forwarded
    const size =
      head.end - head.start + head.fieldCount + hostBytes + forwarded.lines.length + REQUEST_HEAD_ROOM;
    this.#reserve(size + forwarded.forwarded.length);
    this.#headEnd = writeRequestHead(this.#out, 0, head, decision, forwarded, plane.additions);
    this.#end = this.#headEnd;
    this.#isChunked = head.bodyLength === CHUNKED;
    this.#left = head.bodyLength;
    this.isDone = head.bodyLength === 0;
    if (this.isDone) {
      this.#keepsBody = false;
      return bodyStart;
    }
    this.#keepMax = decision.application?.entry.traffic.postBufferBytes ?? 0;
    this.#keepsBody = this.isIdempotent && this.#left <= this.#keepMax;
    this.#chunks.reset(head.hasConnectionOptions);
    return this.#append(bytes, bodyStart, end);
  }

  /** More bytes from the client. False stops reading until the upstream has taken what there is. */
  onBytes(bytes: Buffer, start: number, end: number, isOwn: boolean): boolean {
    const exchange = this.#exchange;
    if (this.isDone) return exchange.client.keep(bytes, start, end);
    const upstream = exchange.upstream;
    exchange.bodyMoved();
    if (upstream === null || !upstream.isOpen) {
      this.#takeSurplus(bytes, this.#append(bytes, start, end), end);
      return this.isDone;
    }
    if (this.#keepsBody && this.bodyBytes + (end - start) > this.#keepMax) this.#keepsBody = false;
    if (this.#keepsBody) {
      const next = this.#append(bytes, start, end);
      const goesOn = this.flush(upstream);
      return this.#takeSurplus(bytes, next, end) && goesOn;
    }
    this.isReplayable = false;
    return this.#isChunked
      ? this.#passChunks(upstream, bytes, start, end)
      : this.#passLength(upstream, bytes, start, end, isOwn);
  }

  /** Sends what has been kept and not sent yet. */
  flush(upstream: UpstreamConnection): boolean {
    const start = this.#sent;
    this.#sent = this.#end;
    const { socket } = upstream;
    const hasRoom = writeTo(socket, this.#out.subarray(start, this.#end));
    if (socket.writableLength === 0) return true;
    this.#isOutHeld = true;
    return hasRoom;
  }

  /** The next flush sends everything from the start: on another connection. */
  rewind(isFailover: boolean): void {
    this.#sent = 0;
    if (!isFailover) return;
    this.#reserve(this.#end + FAILOVER_LINE.length);
    const cut = this.#headEnd - EMPTY_LINE_BYTES;
    this.#out.copyWithin(cut + FAILOVER_LINE.length, cut, this.#end);
    putAll(this.#out, cut, FAILOVER_LINE);
    this.#headEnd += FAILOVER_LINE.length;
    this.#end += FAILOVER_LINE.length;
  }

  /** The Accept field of the head as written; undefined when no head was written for this request. */
  accept(): string | undefined {
    if (this.#headEnd === 0) return undefined;
    return /\r\naccept:[ \t]*([^\r]*)/i.exec(this.#out.toString("latin1", 0, this.#headEnd))?.[1] ?? "";
  }

  /** The upstream has taken everything. */
  upstreamDrained(): void {
    if ((this.#exchange.upstreamSocket?.writableLength ?? 0) > 0) return;
    if (!this.isDone) this.#exchange.bodyMoved();
    this.#exchange.client.startReading();
  }

  /** Makes the relay ready for another request. */
  recycle(): void {
    if (this.#isOutHeld || this.#out.length > OUT_BYTES_KEPT) this.#out = Buffer.allocUnsafeSlow(OUT_BYTES);
    this.#isOutHeld = false;
    this.#headEnd = 0;
    this.#sent = 0;
    this.bodyBytes = 0;
    this.isDone = false;
  }

  /** What came after this request belongs to the next one. */
  #takeSurplus(bytes: Buffer, at: number, end: number): boolean {
    if (at < 0) return false;
    return at < end ? this.#exchange.client.keep(bytes, at, end) : true;
  }

  /** Puts body bytes behind what is kept; returns the position after them, or -1 after a framing error. */
  #append(bytes: Buffer, start: number, end: number): number {
    if (this.#isChunked) return this.#appendChunks(bytes, start, end);
    const count = Math.min(this.#left, end - start);
    this.#reserve(this.#end + count);
    this.#end = put(this.#out, this.#end, bytes, start, start + count);
    this.#took(count);
    return start + count;
  }

  #took(count: number): void {
    this.#left -= count;
    this.bodyBytes += count;
    this.isDone = this.#left === 0;
    if (this.isDone) this.#exchange.requestDone();
  }

  #appendChunks(bytes: Buffer, start: number, end: number): number {
    this.#reserve(this.#end + (end - start) + CHUNK_ROOM);
    const before = this.#end;
    const next = this.#encode(this.#out, before, bytes, start, end);
    if (next < 0) return -1;
    this.#end = this.#encodedEnd;
    if (this.isDone) {
      const { trailers } = this.#chunks;
      this.#reserve(this.#end + trailers.length + CHUNK_ROOM);
      this.#end = writeLastChunk(this.#out, this.#end, trailers);
      this.#exchange.requestDone();
    }
    return next;
  }

  #encodedEnd = 0;

  /** Writes each piece of chunk data as a chunk of its own; returns how far it read, or -1. */
  #encode(out: Buffer, from: number, bytes: Buffer, start: number, end: number): number {
    const chunks = this.#chunks;
    let at = start;
    let position = from;
    while (at < end && !chunks.isDone) {
      at = chunks.read(bytes, at, end);
      if (at < 0) {
        this.#exchange.requestMalformed();
        return -1;
      }
      const size = chunks.dataEnd - chunks.dataStart;
      if (size === 0) continue;
      this.bodyBytes += size;
      position = writeChunkHead(out, position, size);
      position = put(out, position, bytes, chunks.dataStart, chunks.dataEnd);
      position = writeChunkEnd(out, position);
    }
    this.isDone = chunks.isDone;
    this.#encodedEnd = position;
    return at;
  }

  #passLength(
    upstream: UpstreamConnection,
    bytes: Buffer,
    start: number,
    end: number,
    isOwn: boolean,
  ): boolean {
    const { output } = this.#exchange.plane;
    const stop = start + Math.min(this.#left, end - start);
    const goesOn = isOwn
      ? sendInPlace(upstream.socket, bytes, start, stop, this.#wake)
      : output.sendCopy(upstream.socket, bytes, start, stop);
    this.#took(stop - start);
    return this.#takeSurplus(bytes, stop, end) && goesOn;
  }

  #passChunks(upstream: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean {
    const { output } = this.#exchange.plane;
    const trailerRoom = 8192;
    const out = output.room((end - start) * 2 + CHUNK_ROOM + trailerRoom);
    const next = this.#encode(out, 0, bytes, start, end);
    if (next < 0) return false;
    const stop = this.isDone
      ? writeLastChunk(out, this.#encodedEnd, this.#chunks.trailers)
      : this.#encodedEnd;
    const goesOn = stop === 0 ? true : output.send(upstream.socket, out, stop);
    if (this.isDone) this.#exchange.requestDone();
    return this.#takeSurplus(bytes, next, end) && goesOn;
  }

  #reserve(size: number): void {
    if (size <= this.#out.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(size, this.#out.length * 2));
    larger.set(this.#out.subarray(0, this.#end), 0);
    this.#out = larger;
    this.#isOutHeld = false;
  }
}
