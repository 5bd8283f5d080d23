// hot: bench/cases.ts
// The access log: one line an exchange, as JSON or in Apache's combined format, gathered and written in batches, so that
// no request waits for the disk. When the disk cannot follow, lines are dropped and counted (SPEC C4, F4).
//
// Lines are octets from the start: making them of strings cost 18 µs a request, most of it in collecting the garbage.

import { word } from "../http1/octets.ts";
import { put, putAll, putNumber } from "../http1/write-bytes.ts";
import { AFFINITY_OUTCOMES } from "../routing/decision.ts";
import { httpDate, isoSecond } from "../system/dates.ts";
import { CAUSES, type Cause } from "./causes.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Exchange } from "./exchange.ts";
import { type Escape, putTenths, putThousandths } from "./log-text.ts";
import type { InstanceTraffic } from "./traffic.ts";

/** Where lines go. `write` takes whole lines, which are the sink's from then on; false when it took none of them. */
export interface LineSink {
  write(lines: Buffer): boolean;
  close(): Promise<void>;
}

/** How a line is written; `off` writes none. */
export type AccessLogFormat = "off" | "json" | "combined";

/** What ended, how, and when: `nowMs` is monotonic, `epochMs` wall clock. */
export interface LogEntry {
  readonly exchange: Exchange;
  /** Counts of the instance that answered, or of the application when none did. */
  readonly traffic: InstanceTraffic;
  readonly status: number;
  readonly cause: Cause;
  readonly nowMs: number;
  readonly epochMs: number;
}

const BATCH_BYTES = 65_536;
/** Room for a line's own parts, beside the texts of the request. */
const LINE_ROOM = 1024;

const KEYS = {
  time: word('{"time":"'),
  client: word('Z","client":"'),
  request: word('","request":"'),
  version: word(" HTTP/1."),
  host: word('","host":"'),
  status: word('","status":'),
  cause: word(',"cause":"'),
  ms: word('","ms":'),
  upstreamMs: word(',"upstreamMs":'),
  attempts: word(',"attempts":'),
  requestBytes: word(',"requestBytes":'),
  responseBytes: word(',"responseBytes":'),
  referer: word(',"referer":"'),
  userAgent: word('","userAgent":"'),
  end: word('"}\n'),
};
const NULL = word("null");
const NOBODY = word(" - - [");
const REQUEST = word('] "');
const AFTER_REQUEST = word('" ');
const DASH = word("-");
const SPACE_QUOTE = word(' "');
const QUOTE_SPACE_QUOTE = word('" "');
const QUOTE_LINE_END = word('"\n');
const SPACE = word(" ");
const DOT = word(".");
const CAUSE_WORDS: readonly Uint8Array[] = CAUSES.map((cause) => word(cause));
const AFFINITY_WORDS: readonly Uint8Array[] = AFFINITY_OUTCOMES.map((outcome) => word(outcome));

/** The access log of a worker. `close` writes out what waits. */
export class AccessLog {
  readonly isOn: boolean;
  /** How texts are escaped for it; null while it is off. */
  readonly escape: Escape | null;
  readonly #sink: LineSink | null;
  #batch: Buffer;
  #at = 0;
  #lines = 0;
  /** Lines lost because the sink was full. */
  dropped = 0;
  #second = -1;
  #time: Uint8Array = SPACE;

  constructor(format: AccessLogFormat, sink: LineSink | null) {
    this.#sink = sink;
    this.isOn = format !== "off" && sink !== null;
    this.escape = !this.isOn ? null : format === "json" ? "json" : "apache";
    this.#batch = Buffer.allocUnsafeSlow(this.isOn ? BATCH_BYTES : 0);
  }

  /** Adds the line of an exchange that is over. */
  add(entry: LogEntry): void {
    if (this.#at + entry.exchange.facts.userAgentEnd + LINE_ROOM > BATCH_BYTES) this.flush();
    this.#at = this.escape === "json" ? this.#json(this.#at, entry) : this.#combined(this.#at, entry);
    this.#lines += 1;
  }

  /** Hands what has gathered to the sink; the worker calls it a few times a second. */
  flush(): void {
    if (this.#lines === 0 || this.#sink === null) return;
    if (this.#sink.write(this.#batch.subarray(0, this.#at)))
      this.#batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
    else this.dropped += this.#lines;
    this.#at = 0;
    this.#lines = 0;
  }

  async close(): Promise<void> {
    this.flush();
    await this.#sink?.close();
  }

  #json(from: number, entry: LogEntry): number {
    const { exchange } = entry;
    const { facts, client } = exchange;
    const out = this.#batch;
    let at = putAll(out, from, KEYS.time);
    at = putAll(out, at, this.#clock(entry.epochMs));
    at = putAll(out, at, DOT);
    at = putThousandths(out, at, Math.floor(entry.epochMs) % 1000);
    at = putAll(out, at, KEYS.client);
    at = this.#client(at, client);
    at = putAll(out, at, KEYS.request);
    at = this.#requestLine(at, entry);
    at = putAll(out, at, KEYS.host);
    at = put(out, at, facts.texts, facts.targetEnd, facts.hostEnd);
    at = putAll(out, at, KEYS.status);
    at = putNumber(out, at, entry.status);
    at = putAll(out, at, KEYS.cause);
    at = putAll(out, at, CAUSE_WORDS[CAUSES.indexOf(entry.cause)] as Uint8Array);
    at = putAll(out, at, entry.traffic.logNames);
    at = putAll(out, at, AFFINITY_WORDS[exchange.decision.affinity] as Uint8Array);
    at = this.#figures(at, entry);
    at = putAll(out, at, KEYS.referer);
    at = put(out, at, facts.texts, facts.hostEnd, facts.refererEnd);
    at = putAll(out, at, KEYS.userAgent);
    at = put(out, at, facts.texts, facts.refererEnd, facts.userAgentEnd);
    return putAll(out, at, KEYS.end);
  }

  /** The client's address: the peer's own, or what a trusted proxy says. */
  #client(at: number, client: ClientConnection): number {
    const out = this.#batch;
    if (client.clientAddress === client.remoteAddress) return putAll(out, at, client.forwarded.address);
    return at + out.write(client.clientAddress, at, "latin1");
  }

  #requestLine(from: number, { exchange }: LogEntry): number {
    const { facts } = exchange;
    const at = put(this.#batch, from, facts.texts, 0, facts.targetEnd);
    return putNumber(this.#batch, putAll(this.#batch, at, KEYS.version), facts.minor);
  }

  #figures(from: number, { exchange, nowMs }: LogEntry): number {
    const out = this.#batch;
    const { startMs, headMs } = exchange;
    let at = putTenths(out, putAll(out, from, KEYS.ms), nowMs - startMs);
    at = putAll(out, at, KEYS.upstreamMs);
    at = headMs === 0 ? putAll(out, at, NULL) : putTenths(out, at, headMs - startMs);
    at = putNumber(out, putAll(out, at, KEYS.attempts), exchange.attempts.count);
    at = putAll(out, at, KEYS.requestBytes);
    at = putNumber(out, at, exchange.facts.requestBytes + exchange.request.bodyBytes);
    return putNumber(out, putAll(out, at, KEYS.responseBytes), exchange.response.bodyBytes);
  }

  /** https://httpd.apache.org/docs/2.4/logs.html#combined */
  #combined(from: number, entry: LogEntry): number {
    const { exchange } = entry;
    const { facts, response, client } = exchange;
    const out = this.#batch;
    let at = this.#client(from, client);
    at = putAll(out, at, NOBODY);
    at = putAll(out, at, this.#clock(entry.epochMs));
    at = putAll(out, at, REQUEST);
    at = this.#requestLine(at, entry);
    at = putAll(out, at, AFTER_REQUEST);
    at = putAll(out, putNumber(out, at, entry.status), SPACE);
    at = response.bodyBytes === 0 ? putAll(out, at, DASH) : putNumber(out, at, response.bodyBytes);
    at = putAll(out, at, SPACE_QUOTE);
    at = this.#orDash(at, facts.texts, facts.hostEnd, facts.refererEnd);
    at = putAll(out, at, QUOTE_SPACE_QUOTE);
    at = this.#orDash(at, facts.texts, facts.refererEnd, facts.userAgentEnd);
    return putAll(out, at, QUOTE_LINE_END);
  }

  #orDash(at: number, texts: Buffer, start: number, end: number): number {
    return start === end ? putAll(this.#batch, at, DASH) : put(this.#batch, at, texts, start, end);
  }

  /** The second as the format writes it; made once a second. */
  #clock(epochMs: number): Uint8Array {
    const second = Math.floor(epochMs / 1000);
    if (second === this.#second) return this.#time;
    this.#second = second;
    this.#time = word(this.escape === "json" ? isoSecond(epochMs) : commonLogTime(epochMs));
    return this.#time;
  }
}

/** `31/Jan/2026:12:00:00 +0000`, of `Sat, 31 Jan 2026 12:00:00 GMT`. */
function commonLogTime(epochMs: number): string {
  const [, day = "", month = "", year = "", time = ""] = httpDate(epochMs).split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}
