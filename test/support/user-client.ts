// A user's HTTP client: one kept connection, and failures as values with what is needed to judge them.

import http from "node:http";
import type { Socket } from "node:net";

/** What is asked. A body that is a list goes out in chunks. */
export interface Question {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | readonly Buffer[];
  /** Called for every piece of the answer's body; the next one comes when it has resolved. */
  readonly onPiece?: (piece: Buffer) => Promise<void> | void;
}

/** When something happened, on which connection. */
export interface Timing {
  readonly startedAt: number;
  readonly endedAt: number;
  /** When the connection was opened. */
  readonly openedAt: number;
  readonly isReused: boolean;
}

/** A whole answer. */
export interface Answer extends Timing {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Empty when `onPiece` took it. */
  readonly body: Buffer;
}

/** No answer, or only a part of one. */
export interface Broken extends Timing {
  readonly kind: "broken";
  readonly cause: string;
  readonly hadHead: boolean;
}

const opened = new WeakMap<Socket, number>();

/** One client; close it. */
export class UserClient {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends and waits for the whole answer; never rejects. */
  ask(question: Question): Promise<Answer | Broken> {
    const startedAt = performance.now();
    const { method = "GET", path, headers = {}, body } = question;
    return new Promise((resolve) => {
      let openedAt = startedAt;
      let hadHead = false;
      const request = http.request({
        ...{ host: "127.0.0.1", port: this.#port, agent: this.#agent, method, path },
        headers: { ...headers, ...lengthOf(body) },
      });
      const timing = (): Timing => ({
        ...{ startedAt, openedAt, isReused: request.reusedSocket, endedAt: performance.now() },
      });
      const fail = (error: Error): void =>
        resolve({ kind: "broken", cause: error.message, hadHead, ...timing() });
      request.on("socket", (socket) => {
        openedAt = opened.get(socket) ?? performance.now();
        opened.set(socket, openedAt);
      });
      request.on("error", fail);
      request.on("response", (response) => {
        hadHead = true;
        read(response, question.onPiece).then((whole) => {
          const { statusCode: status = 0, headers: fields } = response;
          resolve({ kind: "answer", status, headers: fields, body: whole, ...timing() });
        }, fail);
      });
      send(request, body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function lengthOf(body: Question["body"]): Readonly<Record<string, string>> {
  return body instanceof Buffer ? { "content-length": String(body.length) } : {};
}

function send(request: http.ClientRequest, body: Question["body"]): void {
  if (body !== undefined && !(body instanceof Buffer)) for (const chunk of body) request.write(chunk);
  request.end(body instanceof Buffer ? body : undefined);
}

async function read(response: http.IncomingMessage, onPiece: Question["onPiece"]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) {
    if (onPiece === undefined) pieces.push(piece);
    else await onPiece(piece);
  }
  if (!response.complete) throw new Error("the answer is cut short");
  return Buffer.concat(pieces);
}
