// The access log: one line an exchange, as JSON or in Apache's combined format, gathered and written in batches, so that
// no request waits for the disk. When the disk cannot follow, lines are dropped and counted (SPEC C4, F4).

import { AFFINITY_OUTCOMES } from "../routing/decision.ts";
import { isoSecond } from "../system/dates.ts";
import type { Cause } from "./causes.ts";
import type { Exchange } from "./exchange.ts";

/** Where lines go. `write` takes whole lines; false when it holds too many already and took none of them. */
export interface LineSink {
  write(lines: string): boolean;
  close(): Promise<void>;
}

/** How a line is written; `off` writes none. */
export type AccessLogFormat = "off" | "json" | "combined";

const BATCH_CHARACTERS = 32_768;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The access log of a worker. `close` writes out what waits. */
export class AccessLog {
  readonly isOn: boolean;
  readonly #format: AccessLogFormat;
  readonly #sink: LineSink | null;
  #batch = "";
  #lines = 0;
  /** Lines lost because the sink was full. */
  dropped = 0;
  #second = -1;
  #time = "";

  constructor(format: AccessLogFormat, sink: LineSink | null) {
    this.#format = format;
    this.#sink = sink;
    this.isOn = format !== "off" && sink !== null;
  }

  /** Adds the line of an exchange that is over. Times: `nowMs` monotonic, `epochMs` wall clock. */
  add(
    exchange: Exchange,
    status: number,
    cause: Cause,
    times: { readonly nowMs: number; readonly epochMs: number },
  ): void {
    this.#batch +=
      this.#format === "json"
        ? this.#json(exchange, status, cause, times)
        : this.#combined(exchange, status, times);
    this.#lines += 1;
    if (this.#batch.length >= BATCH_CHARACTERS) this.flush();
  }

  /** Hands what has gathered to the sink; the worker calls it a few times a second. */
  flush(): void {
    if (this.#lines === 0 || this.#sink === null) return;
    if (!this.#sink.write(this.#batch)) this.dropped += this.#lines;
    this.#batch = "";
    this.#lines = 0;
  }

  async close(): Promise<void> {
    this.flush();
    await this.#sink?.close();
  }

  #json(
    exchange: Exchange,
    status: number,
    cause: Cause,
    times: { readonly nowMs: number; readonly epochMs: number },
  ): string {
    const { facts, decision, response, request, client } = exchange;
    const instance = exchange.instance;
    const upstreamMs = exchange.headMs === 0 ? "null" : (exchange.headMs - exchange.startMs).toFixed(1);
    return (
      `{"time":"${this.#iso(times.epochMs)}","client":"${client.clientAddress}","request":${quote(facts.requestLine)},` +
      `"host":${quote(facts.host)},"status":${status},"cause":"${cause}",` +
      `"application":"${decision.application?.entry.id ?? ""}","edition":"${instance?.edition.entry.label ?? ""}",` +
      `"server":"${instance?.entry.server ?? ""}","affinity":"${AFFINITY_OUTCOMES[decision.affinity] ?? ""}",` +
      `"ms":${(times.nowMs - exchange.startMs).toFixed(1)},"upstreamMs":${upstreamMs},"attempts":${exchange.attempts},` +
      `"requestBytes":${facts.requestBytes + request.bodyBytes},"responseBytes":${response.bodyBytes},` +
      `"referer":${quote(facts.referer)},"userAgent":${quote(facts.userAgent)}}\n`
    );
  }

  /** https://httpd.apache.org/docs/2.4/logs.html#combined */
  #combined(exchange: Exchange, status: number, times: { readonly epochMs: number }): string {
    const { facts, response, client } = exchange;
    const size = response.bodyBytes === 0 ? "-" : response.bodyBytes;
    return (
      `${client.clientAddress || "-"} - - [${this.#clf(times.epochMs)}] ${quote(facts.requestLine)} ${status} ${size} ` +
      `${quote(facts.referer || "-")} ${quote(facts.userAgent || "-")}\n`
    );
  }

  #iso(epochMs: number): string {
    const second = Math.floor(epochMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = isoSecond(epochMs);
    }
    return `${this.#time}.${String(Math.floor(epochMs) % 1000).padStart(3, "0")}Z`;
  }

  #clf(epochMs: number): string {
    const second = Math.floor(epochMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      const [date = "", time = ""] = isoSecond(epochMs).split("T");
      const [year = "", month = "", day = ""] = date.split("-");
      this.#time = `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`;
    }
    return this.#time;
  }
}

/** Quotes as JSON does, which Apache's own escaping of quotes, backslashes and controls agrees with where it matters. */
function quote(text: string): string {
  return JSON.stringify(text);
}
