// The fixed upstream: answers a handful of targets from ready-made bytes and parses no more than it must. It trusts its
// clients, which are the proxies under test.
//
//   /plain 200 bytes · /small the same, and a session cookie on a first visit · /16k · /1m · /post takes a body · /ws echoes

import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { FrameReader, serverFrame } from "./frames.ts";

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const END_OF_CHUNKS = Buffer.from("0\r\n\r\n");
const SESSION = Buffer.from("JSESSIONID=");
const CHUNKED = -1;
const WEB_SOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Sizes of the bodies by target. */
export const BODY_BYTES: Readonly<Record<string, number>> = {
  "/plain": 200,
  "/small": 200,
  "/16k": 16_384,
  "/1m": 1_048_576,
  "/post": 200,
};

/** The head and body of a target. Every body starts with the upstream's number, so that affinity can be checked. */
function answerBytes(body: {
  readonly mark: string;
  readonly bytes: number;
  readonly cookie: string;
}): Buffer {
  const head = [
    "HTTP/1.1 200 OK",
    "Server: upstream/1.0",
    "Date: Tue, 01 Jul 2025 12:00:00 GMT",
    "Content-Type: text/html;charset=UTF-8",
    `Content-Length: ${body.bytes}`,
    "Cache-Control: no-cache, no-store, max-age=0",
    "X-Content-Type-Options: nosniff",
    "Vary: Accept-Encoding",
    "Content-Language: en-GB",
  ];
  if (body.cookie !== "") head.push(`Set-Cookie: ${body.cookie}; Path=/; HttpOnly`);
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body.mark}${"x".repeat(body.bytes - 1)}`, "latin1");
}

/** Starts upstream number 1 or 2 on a free port; its own route id is `s1` or `s2`. */
export function startUpstream(number: 1 | 2): Promise<Server> {
  const answers = new Map<string, Buffer>();
  for (const [target, bytes] of Object.entries(BODY_BYTES)) {
    answers.set(target, answerBytes({ mark: `${number}`, bytes, cookie: "" }));
  }
  const server = createServer({ noDelay: true }, (socket) => {
    new UpstreamConnection(socket, { number, answers });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => resolve(server));
  });
}

interface Site {
  readonly number: 1 | 2;
  readonly answers: ReadonlyMap<string, Buffer>;
}

let sessionsMade = 0;

class UpstreamConnection {
  readonly #socket: Socket;
  readonly #site: Site;
  /** Bytes of the request body still to come, or `CHUNKED`. */
  #bodyLeft = 0;
  #tail = Buffer.alloc(0);
  #answer: Buffer | undefined;
  #held: Buffer | undefined;
  #frames: FrameReader | undefined;

  constructor(socket: Socket, site: Site) {
    this.#socket = socket;
    this.#site = site;
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("error", () => socket.destroy());
  }

  #received(chunk: Buffer): void {
    let at = 0;
    let bytes = chunk;
    if (this.#held !== undefined) {
      bytes = Buffer.concat([this.#held, chunk]);
      this.#held = undefined;
    }
    while (at < bytes.length) {
      if (this.#frames !== undefined) {
        this.#echo(bytes.subarray(at));
        return;
      }
      at = this.#bodyLeft === 0 ? this.#head(bytes, at) : this.#body(bytes, at);
    }
  }

  /** Takes a request head; returns where the bytes after it start. An incomplete one is held. */
  #head(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(END_OF_HEAD, at);
    if (end === -1) {
      this.#held = Buffer.from(bytes.subarray(at));
      return bytes.length;
    }
    const target = bytes.toString("latin1", bytes.indexOf(0x2f, at), bytes.indexOf(0x20, at + 5)); // from "/" to " "
    if (target === "/ws") this.#upgrade(bytes.toString("latin1", at, end));
    else this.#request(bytes, { at, end, target });
    return end + END_OF_HEAD.length;
  }

  #request(
    bytes: Buffer,
    head: { readonly at: number; readonly end: number; readonly target: string },
  ): void {
    let answer = this.#site.answers.get(head.target);
    if (answer === undefined) answer = this.#firstVisit(head.target);
    else if (head.target === "/small" && bytes.indexOf(SESSION, head.at) === -1)
      answer = this.#firstVisit("/small");
    if (bytes[head.at] === 0x50) this.#expectBody(bytes.toString("latin1", head.at, head.end)); // P of POST
    if (this.#bodyLeft === 0) this.#socket.write(answer);
    else this.#answer = answer;
  }

  #expectBody(head: string): void {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#bodyLeft = length === undefined ? CHUNKED : Number(length);
  }

  /** A new session; `/small?route=s17` asks for the route id in its cookie. */
  #firstVisit(target: string): Buffer {
    sessionsMade += 1;
    const route = /route=(\w+)/.exec(target)?.[1] ?? `s${this.#site.number}`;
    const id = createHash("md5").update(`session ${sessionsMade}`).digest("hex").toUpperCase();
    return answerBytes({ mark: `${this.#site.number}`, bytes: 200, cookie: `JSESSIONID=${id}.${route}` });
  }

  #body(bytes: Buffer, at: number): number {
    if (this.#bodyLeft === CHUNKED) return this.#chunks(bytes, at);
    const taken = Math.min(this.#bodyLeft, bytes.length - at);
    this.#bodyLeft -= taken;
    if (this.#bodyLeft === 0) this.#bodyEnded();
    return at + taken;
  }

  /** The bodies that we are sent are all `x`, so the last chunk cannot be mistaken. */
  #chunks(bytes: Buffer, at: number): number {
    const window = Buffer.concat([this.#tail, bytes.subarray(at)]);
    const end = window.indexOf(END_OF_CHUNKS);
    if (end === -1) {
      this.#tail = window.subarray(-END_OF_CHUNKS.length + 1);
      return bytes.length;
    }
    const taken = end + END_OF_CHUNKS.length - this.#tail.length;
    this.#tail = Buffer.alloc(0);
    this.#bodyLeft = 0;
    this.#bodyEnded();
    return at + taken;
  }

  #bodyEnded(): void {
    if (this.#answer !== undefined) this.#socket.write(this.#answer);
    this.#answer = undefined;
  }

  #upgrade(head: string): void {
    const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? "";
    const accept = createHash("sha1").update(`${key}${WEB_SOCKET_GUID}`).digest("base64");
    this.#socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    this.#frames = new FrameReader();
  }

  #echo(bytes: Buffer): void {
    for (const payload of this.#frames?.read(bytes) ?? []) this.#socket.write(serverFrame(payload));
  }
}
