// Clients that do all that clients do, and check every byte that they get.

import type { Test } from "tap";
import { RawClient, statusOf } from "../../support/raw.ts";
import type { RawMessage } from "../../support/raw-message.ts";
import { values } from "../../support/raw-message.ts";
import { bodyOf, type Chaos, IDEMPOTENT } from "./chaos.ts";

const CLOSE = "\x88\x02\x03\xf4";

interface Asked {
  readonly id: string;
  readonly method: string;
  readonly bytes: string;
  /** May be sent again: idempotent, and kept in memory. */
  readonly isReplayable: boolean;
}

/** A client that works through a number of steps, on as many connections as it takes. */
export class ChaosClient {
  readonly #t: Test;
  readonly #chaos: Chaos;
  readonly #port: number;
  #connection: RawClient | null = null;

  constructor(t: Test, chaos: Chaos, port: number) {
    this.#t = t;
    this.#chaos = chaos;
    this.#port = port;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps && !this.#chaos.isOver; step += 1) await this.#step();
    this.#leave();
  }

  async #step(): Promise<void> {
    const chaos = this.#chaos;
    const what = chaos.below(20);
    if (what === 0) await this.#abort();
    else if (what === 1) await this.#webSocket();
    else if (what < 4) await this.#pipeline();
    else if (what < 6) await this.#slowly(this.#request());
    else await this.#once(this.#request());
    if (chaos.chance(0.1)) this.#leave();
    if (chaos.chance(0.3)) await chaos.pause(chaos.below(6));
  }

  #request(only?: string): Asked {
    const chaos = this.#chaos;
    const id = chaos.nextId();
    const method = only ?? ["GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE"][chaos.below(7)] ?? "GET";
    const head = `${method} /r/${id} HTTP/1.1\r\nHost: a\r\n`;
    if (method === "GET") return { id, method, bytes: `${head}\r\n`, isReplayable: true };
    const body = bodyOf(id, 1);
    const isReplayable = IDEMPOTENT.has(method) && body.length < 60_000;
    if (chaos.chance(0.5)) {
      return { id, method, bytes: `${head}Content-Length: ${body.length}\r\n\r\n${body}`, isReplayable };
    }
    let chunks = "";
    for (let at = 0; at < body.length; ) {
      const piece = body.slice(at, at + 1 + chaos.below(20_000));
      chunks += `${piece.length.toString(16)}\r\n${piece}\r\n`;
      at += piece.length;
    }
    return { id, method, bytes: `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`, isReplayable };
  }

  async #open(): Promise<RawClient> {
    if (this.#connection === null || this.#connection.ending !== "open") {
      this.#connection?.socket.destroy();
      this.#connection = await RawClient.open(this.#t, this.#port);
    }
    return this.#connection;
  }

  #leave(): void {
    if (this.#connection === null) return;
    if (this.#chaos.chance(0.5)) this.#connection.reset();
    else this.#connection.socket.destroy();
    this.#connection = null;
  }

  async #once(asked: Asked): Promise<void> {
    const client = await this.#open();
    const sentMs = this.#chaos.nowMs();
    client.send(asked.bytes);
    await this.#take(client, asked, sentMs);
  }

  async #slowly(asked: Asked): Promise<void> {
    const client = await this.#open();
    const sentMs = this.#chaos.nowMs();
    for (let at = 0; at < asked.bytes.length && client.ending === "open"; ) {
      const piece = asked.bytes.slice(at, at + 1 + this.#chaos.below(at < 60 ? 15 : 40_000));
      client.send(piece);
      at += piece.length;
      await this.#chaos.pause(0);
    }
    await this.#take(client, asked, sentMs);
  }

  async #pipeline(): Promise<void> {
    const client = await this.#open();
    const all = [this.#request("GET"), this.#request("GET"), this.#request()];
    const sentMs = this.#chaos.nowMs();
    client.send(all.map((asked) => asked.bytes).join(""));
    for (const asked of all) if (!(await this.#take(client, asked, sentMs, true))) return;
  }

  /** Takes the answer; true when the connection goes on. */
  async #take(client: RawClient, asked: Asked, sentMs: number, isPipelined = false): Promise<boolean> {
    const response = await client.response(asked.method).catch(() => undefined);
    if (response === undefined) {
      this.#judgeNothing(client, asked, sentMs, isPipelined);
      client.socket.destroy();
      return false;
    }
    this.#judge(response, asked, sentMs);
    if (!values(response, "connection").includes("close")) return true;
    client.socket.destroy();
    this.#connection = null;
    return false;
  }

  #judge(response: RawMessage, asked: Asked, sentMs: number): void {
    const chaos = this.#chaos;
    const status = statusOf(response);
    const fault = chaos.faults.get(asked.id);
    chaos.count(String(status));
    const said = `${asked.method} ${asked.id} (${fault ?? "no fault"}) got ${status}`;
    if (status === 200 || status === 413) {
      if (values(response, "x-id")[0] !== asked.id) chaos.wrong(`${said} of ${values(response, "x-id")[0]}`);
      if (status === 413 && fault !== "early") chaos.wrong(said);
      const body = response.body.toString();
      if (status === 200 && body !== bodyOf(asked.id, 2) && !chaos.mayBeCut(asked.id, body, sentMs))
        chaos.wrong(`${said}, not its body but ${body.length} bytes of it`);
    } else if (status !== 502 && status !== 503) chaos.wrong(said);
    else if (fault !== undefined && fault !== "truncate" && fault !== "early")
      return; // with nobody else to ask
    else if (asked.isReplayable || status === 503) chaos.wrong(`${said}, though it may be repeated`);
    else if (!chaos.mayHaveCrossed(sentMs)) chaos.wrong(`${said} without a reason`);
  }

  /** No answer, or not a whole one. */
  #judgeNothing(client: RawClient, asked: Asked, sentMs: number, isPipelined: boolean): void {
    const chaos = this.#chaos;
    const fault = chaos.faults.get(asked.id);
    const hasBegun = client.text.includes("HTTP/1.1 200");
    chaos.count(hasBegun ? "cut" : "none");
    const said = `${asked.method} ${asked.id} (${fault ?? "no fault"}) got ${hasBegun ? "half an answer" : "none"}`;
    if (fault === "truncate" || (fault !== undefined && !asked.isReplayable)) return;
    if (chaos.mayHaveCrossed(sentMs) && (hasBegun || !asked.isReplayable || isPipelined)) return;
    chaos.wrong(`${said} without a reason`);
  }

  /** Sends part of a request, or all of it, and goes away. */
  async #abort(): Promise<void> {
    const client = await this.#open();
    const { bytes } = this.#request();
    client.send(bytes.slice(0, this.#chaos.below(bytes.length)));
    await this.#chaos.pause(this.#chaos.below(4));
    this.#leave();
    this.#chaos.count("aborted");
  }

  async #webSocket(): Promise<void> {
    const chaos = this.#chaos;
    this.#leave();
    const client = await RawClient.open(this.#t, this.#port);
    const response = await client
      .ask("GET /ws/1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
      .catch(() => undefined);
    if (response === undefined || statusOf(response) !== 101) {
      chaos.count("no tunnel");
      client.socket.destroy();
      return;
    }
    let sent = "";
    for (let message = 0; message < 4; message += 1) {
      const payload = "m".repeat(chaos.below(100));
      const frame = `\x82${String.fromCharCode(payload.length)}${payload}`;
      sent += frame;
      client.send(frame);
      await client.until(
        () => client.text.length >= sent.length || client.ending !== "open" || client.isGone,
      );
      await chaos.pause(chaos.below(5));
    }
    const { text } = client;
    const isEcho = sent.startsWith(text);
    const isClosed = text.endsWith(CLOSE) && sent.startsWith(text.slice(0, -CLOSE.length));
    if (!isEcho && !isClosed) chaos.wrong(`a tunnel said ${JSON.stringify(text)} to ${JSON.stringify(sent)}`);
    chaos.count(isClosed ? "tunnel closed" : "tunnel");
    client.socket.destroy();
  }
}
