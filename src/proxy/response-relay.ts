// hot: bench/cases.ts
// The response's way to the client: head written anew, then the body as it comes, framed as this client understands it.
//
//   head ──final head──▶ length │ chunks │ until-close ──last byte──▶ done
//    └─▶ head (1xx go on at once)                        (101: the exchange becomes a tunnel)

import { writeChunkEnd, writeChunkHead, writeLastChunk } from "../http1/chunk-writer.ts";
import { ChunkedReader } from "../http1/chunked-reader.ts";
import { parseResponseHead } from "../http1/parse-response.ts";
import { CHUNKED } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { UNTIL_CLOSE } from "../http1/response-head.ts";
import { put } from "../http1/write-bytes.ts";
import { responseHeadRoom, writeResponseHead } from "../http1/write-response-head.ts";
import { EventBoundary } from "./event-boundary.ts";
import type { Exchange } from "./exchange.ts";
import { sendInPlace } from "./output.ts";
import { switchProtocols } from "./upgrade.ts";

const HEAD = 0;
const LENGTH = 1;
const CHUNKS = 2;
const TO_THE_CLOSE = 3;
const DONE = 4;

const OWN_BUFFER_MIN = 65_536;
const TRAILER_ROOM = 8192 + 64;
const SWITCHING_PROTOCOLS = 101;
const NO_BYTES = Buffer.alloc(0);

/** The answering half of an exchange, used again with it. */
export class ResponseRelay {
  readonly #exchange: Exchange;
  readonly #chunks: ChunkedReader = new ChunkedReader();
  readonly #events: EventBoundary = new EventBoundary();
  #state = HEAD;
  #left = 0;
  #partial: Buffer = NO_BYTES;
  /** The client gets the body in chunks. */
  #isChunked = false;
  isEventStream = false;
  /** Any byte has come from the upstream. */
  hasBegun = false;
  /** The upstream connection may carry another request when this one is over. */
  isReusable = false;
  keepAliveMs = -1;
  status = 0;
  bodyBytes = 0;
  /** The client's connection ends with this response. */
  closes = false;
  /** An event stream that was ended for a mode change. */
  wasEnded = false;
  readonly #wake: () => void;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#wake = () => this.clientDrained();
  }

  get wantsOwnBuffer(): boolean {
    return this.#state === LENGTH && this.#left > OWN_BUFFER_MIN;
  }

  /** The final head has gone to the client: an error can no longer be told but by a cut connection. */
  get isCommitted(): boolean {
    return this.#state !== HEAD;
  }

  /** An event stream that ends at its next boundary. */
  get isEnding(): boolean {
    return this.isEventStream && this.#events.wantsEnd;
  }

  recycle(): void {
    this.#state = HEAD;
    this.#partial = NO_BYTES;
    this.hasBegun = false;
    this.isEventStream = false;
    this.isReusable = false;
    this.keepAliveMs = -1;
    this.status = 0;
    this.bodyBytes = 0;
    this.closes = false;
    this.wasEnded = false;
  }

  /** Bytes from the upstream. False stops reading it until the client has taken what there is. */
  onBytes(bytes: Buffer, count: number, isOwn: boolean): boolean {
    this.hasBegun = true;
    switch (this.#state) {
      case HEAD:
        return this.#readHead(bytes, count);
      case LENGTH:
        this.#exchange.bytesMoved();
        return this.#passLength(bytes, count, isOwn);
      case DONE:
        this.isReusable = false;
        return true;
      default:
        this.#exchange.bytesMoved();
        return this.#passFramed(bytes, count);
    }
  }

  /** The upstream has closed in peace: the end of a body that ends so. False: the response is cut short. */
  upstreamEnded(): boolean {
    if (this.#state !== TO_THE_CLOSE) return false;
    this.#end();
    return true;
  }

  clientDrained(): void {
    if (this.#state === DONE) return;
    if (this.#state === HEAD)
      this.#exchange.upstream?.startReading(); // more interim heads may follow
    // A late call for an exchange before this one must not free a buffer that is still being written.
    else if (this.#exchange.clientSocket.writableLength === 0) this.#exchange.clientCaughtUp();
  }

  /** Ends an event stream for a mode change: at once, or when the event that is under way is over (SPEC M4). */
  endEventStream(): void {
    if (this.#state === HEAD || this.#state === DONE || !this.isEventStream) return;
    this.#events.wantsEnd = true;
    if (this.#events.isAtBoundary) this.#endStream();
  }

  #readHead(bytes: Buffer, count: number): boolean {
    const exchange = this.#exchange;
    const { plane } = exchange;
    const head = plane.responseHead;
    let from = bytes;
    let end = count;
    if (this.#partial.length > 0) {
      from = Buffer.concat([this.#partial, bytes.subarray(0, count)]);
      end = from.length;
      this.#partial = NO_BYTES;
    }
    let at = 0;
    let goesOn = true;
    while (at < end) {
      const bodyStart = parseResponseHead(
        head,
        from,
        at,
        end,
        plane.responseHeadMax,
        exchange.request.method,
      );
      if (bodyStart < 0) {
        exchange.upstreamFailed("malformed");
        return true;
      }
      if (bodyStart === 0) {
        this.#partial = Buffer.from(from.subarray(at, end));
        return goesOn;
      }
      if (head.status === SWITCHING_PROTOCOLS) {
        return this.#switchProtocols(head, from, bodyStart, end);
      }
      if (head.status >= 200) return this.#begin(head, from, bodyStart, end);
      goesOn = this.#passInterim(head);
      at = bodyStart;
    }
    return goesOn;
  }

  /** 1xx heads go on as they come, but not to HTTP/1.0 clients (W60). */
  #passInterim(head: ResponseHead): boolean {
    const exchange = this.#exchange;
    if (exchange.clientMinor === 0) return true;
    const { plane } = exchange;
    const out = plane.output.room(head.end - head.start + TRAILER_ROOM);
    return plane.output.send(
      exchange.client.socket,
      out,
      writeResponseHead(out, 0, head, null, plane.interimForm),
    );
  }

  #switchProtocols(head: ResponseHead, bytes: Buffer, bodyStart: number, end: number): boolean {
    const exchange = this.#exchange;
    if (!exchange.isUpgrade || !exchange.request.isDone) {
      exchange.upstreamFailed("malformed");
      return true;
    }
    this.status = head.status;
    this.#state = DONE;
    return switchProtocols(exchange, head, bytes, bodyStart, end);
  }

  /** The final head: says what the body looks like to the client, and sends both as far as they are there. */
  #begin(head: ResponseHead, bytes: Buffer, bodyStart: number, end: number): boolean {
    const exchange = this.#exchange;
    const { plane } = exchange;
    const { edits, form } = plane;
    plane.router.succeeded(exchange.decision);
    plane.router.readResponse(exchange.decision, head, edits);
    const { bodyLength } = head;
    this.status = head.status;
    this.keepAliveMs = head.keepAliveMs;
    this.isReusable = head.isPersistent;
    const isUnbounded = bodyLength === CHUNKED || bodyLength === UNTIL_CLOSE;
    this.isEventStream = head.isEventStream && isUnbounded; // one with a length cannot be ended early
    exchange.headReceived(edits.mustReplicate);
    if (this.isEventStream) exchange.streamBegan();
    this.#isChunked = isUnbounded && exchange.clientMinor === 1;
    this.closes = exchange.mustClose() || (isUnbounded && exchange.clientMinor === 0);
    form.isChunked = this.#isChunked;
    form.keepsLength = !isUnbounded && head.status !== 204; // RFC 9110 §8.6
    form.closes = this.closes;
    form.saysKeepAlive = exchange.clientMinor === 0 && !this.closes;
    form.isUpgrade = false;
    form.dateLine = plane.dateLine();
    const out = plane.output.room(responseHeadRoom(head, edits) + (end - bodyStart) + TRAILER_ROOM);
    const at = writeResponseHead(out, 0, head, edits, form);
    if (bodyLength > 0) {
      this.#state = LENGTH;
      this.#left = bodyLength;
      const stop = bodyStart + this.#take(end - bodyStart);
      if (stop < end) this.isReusable = false;
      return this.#send(out, put(out, at, bytes, bodyStart, stop));
    }
    if (!isUnbounded) {
      if (bodyStart < end) this.isReusable = false;
      this.#state = DONE;
      return this.#send(out, at);
    }
    this.#state = bodyLength === CHUNKED ? CHUNKS : TO_THE_CLOSE;
    this.#chunks.reset(head.hasConnectionOptions);
    this.#events.reset();
    return this.#sendFramed(out, at, bytes, bodyStart, end);
  }

  /** Counts body bytes of a known length; the state is DONE after the last. */
  #take(available: number): number {
    const count = Math.min(this.#left, available);
    this.#left -= count;
    this.bodyBytes += count;
    if (this.#left === 0) this.#state = DONE;
    return count;
  }

  #passLength(bytes: Buffer, count: number, isOwn: boolean): boolean {
    const { plane, client } = this.#exchange;
    const taken = this.#take(count);
    if (taken < count) this.isReusable = false;
    if (!isOwn || this.#exchange.held.isHeld) {
      const out = plane.output.room(taken);
      return this.#send(out, put(out, 0, bytes, 0, taken));
    }
    const goesOn = sendInPlace(client.socket, bytes, 0, taken, this.#wake);
    if (this.#state === DONE) this.#exchange.responseDone();
    else if (!goesOn) this.#exchange.clientIsBehind();
    return goesOn;
  }

  #passFramed(bytes: Buffer, count: number): boolean {
    // A chunk of one byte takes six on either side; a piece that the read boundary cut off gets a head of its own.
    const out = this.#exchange.plane.output.room(count + TRAILER_ROOM);
    return this.#sendFramed(out, 0, bytes, 0, count);
  }

  /** Sends body bytes whose end is not known beforehand, behind what is in `out` already. */
  #sendFramed(out: Buffer, from: number, bytes: Buffer, start: number, end: number): boolean {
    let position = from;
    let at = start;
    if (this.#state === TO_THE_CLOSE) {
      position = this.#putData(out, position, bytes, start, end);
      return position === 0 ? true : this.#send(out, position);
    }
    const chunks = this.#chunks;
    while (at < end && !chunks.isDone && this.#state === CHUNKS) {
      at = chunks.read(bytes, at, end);
      if (at < 0) {
        this.#cutShort(out, position);
        return true;
      }
      position = this.#putData(out, position, bytes, chunks.dataStart, chunks.dataEnd);
    }
    if (chunks.isDone && this.#state === CHUNKS) {
      if (at < end) this.isReusable = false;
      this.#state = DONE;
      if (this.#isChunked) position = writeLastChunk(out, position, chunks.trailers);
    }
    return position === 0 && this.#state !== DONE ? true : this.#send(out, position);
  }

  /** Puts data as one chunk, or as it is for a client without chunks. */
  #putData(out: Buffer, from: number, bytes: Buffer, start: number, dataEnd: number): number {
    let end = dataEnd;
    if (this.isEventStream) {
      end = this.#events.pass(bytes, start, dataEnd);
      if (this.#events.wantsEnd && this.#events.isAtBoundary) this.#finishAtBoundary();
    }
    const size = end - start;
    let at = from;
    this.bodyBytes += size;
    if (size > 0 && this.#isChunked) {
      at = writeChunkEnd(out, put(out, writeChunkHead(out, at, size), bytes, start, end));
    } else if (size > 0) at = put(out, at, bytes, start, end);
    if (this.#state === DONE && this.#isChunked) at = writeLastChunk(out, at, NO_BYTES);
    return at;
  }

  /** The event under way is over, and the stream was to end there. */
  #finishAtBoundary(): void {
    this.isReusable = false;
    this.wasEnded = true;
    this.#state = DONE;
  }

  /** Ends the stream between two reads. */
  #endStream(): void {
    this.isReusable = false;
    this.wasEnded = true;
    this.#end();
  }

  /** The body is over; only its end is still to be sent. */
  #end(): void {
    this.#state = DONE;
    const out = this.#exchange.plane.output.room(TRAILER_ROOM);
    this.#send(out, this.#isChunked ? writeLastChunk(out, 0, NO_BYTES) : 0);
  }

  #cutShort(out: Buffer, end: number): void {
    if (end > 0) this.#exchange.plane.output.send(this.#exchange.client.socket, out, end);
    this.#exchange.responseCutShort();
  }

  /** Sends and, after the last byte, tells the exchange. */
  #send(out: Buffer, end: number): boolean {
    const exchange = this.#exchange;
    const { plane } = exchange;
    if (exchange.held.isHeld)
      return exchange.held.keep(Buffer.from(out.subarray(0, end)), this.#state === DONE);
    const goesOn = end === 0 ? true : plane.output.send(exchange.client.socket, out, end);
    if (this.#state === DONE) {
      exchange.responseDone();
      return true;
    }
    if (!goesOn) exchange.clientIsBehind();
    return goesOn;
  }
}
