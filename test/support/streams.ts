// Long and large traffic: uploads, downloads, drips, WebSockets and event streams, each checked to the last byte.

import { createHash } from "node:crypto";
import { WebSocket } from "ws";
import { type Random, randomBelow } from "../../src/base/random.ts";
import { UserClient } from "./user-client.ts";
import { pause, read } from "./users.ts";
import { type Company, type Expected, isAnswered } from "./verdict.ts";

const UPLOAD_BYTES_MAX = 300_000;
const DOWNLOAD_BYTES_MAX = 600_000;
const CHUNK_BYTES = 20_000;
const SERVICE_RESTART = 1012;

/** Sends bodies of all sizes, with their length or in chunks; each has an id and is to arrive once and whole. */
export async function runUploader(company: Company, name: string, random: Random): Promise<void> {
  const client = new UserClient(company.site.port);
  for (let number = 1; !company.isOver; number += 1) {
    const id = `${name}.${number}`;
    const bytes = Buffer.alloc(1 + randomBelow(random, UPLOAD_BYTES_MAX), id);
    const body = random.next() < 0.5 ? bytes : chunksOf(bytes);
    const outcome = await client.ask({ method: "POST", path: `/app/upload?id=${id}`, body });
    const isDone = isAnswered(company, outcome, { who: `upload ${id}`, isIdempotent: false });
    company.verdict.ordered(id, isDone ? "answered" : "told");
    if (isDone) {
      const { counter, digest } = read(outcome);
      const isWhole = counter === bytes.length && digest === createHash("sha256").update(bytes).digest("hex");
      if (!isWhole) company.verdict.blame(`upload ${id} of ${bytes.length} bytes arrived as ${counter}`);
      company.verdict.count("uploads");
    }
    await pause(random);
  }
  client.close();
}

/** Fetches large bodies and reads them slowly. */
export async function runDownloader(company: Company, name: string, random: Random): Promise<void> {
  const client = new UserClient(company.site.port);
  while (!company.isOver) {
    const bytes = 1 + randomBelow(random, DOWNLOAD_BYTES_MAX);
    const path = `/app/download?bytes=${bytes}${random.next() < 0.5 ? "&chunked" : ""}`;
    let at = 0;
    let isRight = true;
    const onPiece = async (piece: Buffer): Promise<void> => {
      for (const [index, octet] of piece.entries()) if (octet !== octetAt(at + index)) isRight = false;
      at += piece.length;
      if (random.next() < 0.2) await pause(random);
    };
    const outcome = await client.ask({ path, onPiece });
    if (isAnswered(company, outcome, { who: name, isIdempotent: true })) {
      if (!isRight || at !== bytes) company.verdict.blame(`${name} got ${at} of ${bytes} bytes, or others`);
      company.verdict.count("downloads");
    }
  }
  client.close();
}

/** The octet of `/app/download` at a position. */
function octetAt(at: number): number {
  return (at * 31 + (at >>> 8)) & 0xff;
}

/** Fetches answers that come line by line. */
export async function runDripReader(company: Company, name: string, random: Random): Promise<void> {
  const client = new UserClient(company.site.port);
  while (!company.isOver) {
    const lines = 1 + randomBelow(random, 20);
    const outcome = await client.ask({ path: `/app/slow?lines=${lines}&ms=${5 + randomBelow(random, 40)}` });
    if (!isAnswered(company, outcome, { who: name, isIdempotent: true })) continue;
    const right = Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join("");
    if (outcome.body.toString() !== right) company.verdict.blame(`${name} got other lines`);
    company.verdict.count("drips");
  }
  client.close();
}

/** Talks over WebSockets, one after the other: what it sends comes back, in order, until it or a mode ends it. */
export async function runWebSocketUser(company: Company, name: string, random: Random): Promise<void> {
  while (!company.isOver) {
    const openedAt = performance.now();
    const socket = new WebSocket(`ws://127.0.0.1:${company.site.port}/app/socket`);
    const messages = new Messages(socket);
    const hello = await messages.next();
    if (hello === null) {
      excuseClose(company, { who: name, openedAt, code: messages.code, home: undefined, isOpen: false });
      continue;
    }
    const home = JSON.parse(hello) as { readonly server: string; readonly pid: number };
    let isOpen = true;
    for (let left = 1 + randomBelow(random, 40); left > 0 && isOpen && !company.isOver; left -= 1) {
      const sent = `${name} ${left} ${"x".repeat(randomBelow(random, 2000))}`;
      socket.send(sent);
      const echo = await messages.next();
      isOpen = echo !== null;
      if (echo !== null && echo !== sent) company.verdict.blame(`${name} sent ${sent} and got ${echo}`);
      if (isOpen) company.verdict.count("messages");
      await pause(random);
    }
    if (isOpen) {
      socket.close(1000);
      await messages.closed;
      if (messages.code === 1000) continue;
    }
    excuseClose(company, { who: name, openedAt, code: messages.code, home, isOpen: true });
  }
}

/** The messages of a WebSocket, one after the other. */
class Messages {
  readonly closed: Promise<void>;
  code = 0;
  readonly #came: string[] = [];
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket) {
    socket.on("error", () => undefined); // its close follows
    socket.on("message", (data) => {
      this.#came.push(String(data));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code) => {
        this.code = code;
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Null when it was closed. */
  async next(): Promise<string | null> {
    while (this.#came.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#came.shift() ?? null;
  }
}

/** Blames a close that nothing the test did explains; `break` says 1012, a killed process says nothing. */
function excuseClose(
  company: Company,
  seen: {
    readonly who: string;
    readonly openedAt: number;
    readonly code: number;
    readonly home: Expected["home"];
    readonly isOpen: boolean;
  },
): void {
  const { timeline } = company.site;
  const now = performance.now();
  const { home, code, openedAt } = seen;
  const isBroken = timeline.couldBreak(openedAt, now);
  const isDead = home === undefined ? timeline.someoneDied(openedAt, now) : timeline.hasDied(home.pid, now);
  const isClosed = home !== undefined && timeline.couldBe(home.server, ["break", "stop"], openedAt, now);
  if (code === SERVICE_RESTART && isClosed) company.verdict.count("sockets closed by a mode");
  else if (isBroken || isDead) company.verdict.count("excused: sockets of the killed");
  else
    company.verdict.blame(
      `${seen.who} had its WebSocket closed with ${code}${seen.isOpen ? "" : " at once"}`,
    );
}

/** Follows event streams: numbered without a gap, and ended at an event's end by nothing but a mode. */
export async function runEventReader(company: Company, name: string, random: Random): Promise<void> {
  while (!company.isOver) {
    const client = new UserClient(company.site.port);
    const seen = {
      text: "",
      home: undefined as Expected["home"],
      events: 0,
      left: 5 + randomBelow(random, 60),
    };
    const isEnough = (): boolean => company.isOver || seen.left <= 0;
    const onPiece = (piece: Buffer): void => {
      seen.text += piece.toString();
      for (let end = seen.text.indexOf("\n\n"); end >= 0; end = seen.text.indexOf("\n\n")) {
        const event = seen.text.slice(0, end);
        seen.text = seen.text.slice(end + 2);
        const told = JSON.parse(event.slice(event.indexOf("data: ") + 6));
        seen.events += 1;
        seen.left -= 1;
        seen.home ??= told;
        if (told.number !== seen.events || told.pid !== seen.home?.pid)
          company.verdict.blame(`${name} got event ${event} as number ${seen.events}`);
      }
      if (isEnough()) throw new Error("enough");
    };
    const outcome = await client.ask({ path: "/app/events", onPiece });
    client.close();
    company.verdict.count("events", seen.events);
    if (outcome.kind === "broken" && outcome.cause === "enough") continue;
    const who = `${name} after ${seen.events} events`;
    const expected =
      seen.home === undefined ? { who, isIdempotent: true } : { who, isIdempotent: true, home: seen.home };
    if (!isAnswered(company, outcome, expected)) continue;
    const { startedAt, endedAt } = outcome;
    const { timeline } = company.site;
    const isClosed =
      seen.home !== undefined && timeline.couldBe(seen.home.server, ["break", "stop"], startedAt, endedAt);
    if (!isClosed || seen.text !== "") company.verdict.blame(`${name}'s events ended after "${seen.text}"`);
    else company.verdict.count("streams ended by a mode");
  }
}

function chunksOf(bytes: Buffer): readonly Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES));
  return chunks;
}
