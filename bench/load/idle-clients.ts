// Connections that make one request each and then stay open and silent.

import { connect, type Socket } from "node:net";
import type { Work } from "./messages.ts";
import { firstVisit, requestBytes } from "./requests.ts";
import { cookiesSet, ResponseReader, Shape } from "./response-reader.ts";

const OPENING_AT_ONCE = 32;
const ANSWER_MS = 10_000;

const received = Buffer.alloc(65_536);

/** A browser's request for a small page, in one session for all: what is weighed is the connections. */
const WORK: Extract<Work, { readonly kind: "http" }> = {
  kind: "http",
  method: "GET",
  path: "/small",
  head: "browser",
  uploadBytes: 0,
  responseBytes: 200,
};

/** Keeps what it opened until `close`. */
export class IdleClients {
  readonly #sockets = new Set<Socket>();

  /** Opens `count` more; returns how many of them are open and answered, and how many are not. */
  async open(port: number, count: number): Promise<{ readonly open: number; readonly failed: number }> {
    const cookies = cookiesSet(
      (await this.#visit(port, requestBytes(firstVisit(WORK), { cookies: "", query: "" }))) ?? "",
    );
    const request = requestBytes(WORK, { cookies, query: "" });
    let left = count;
    let failed = 0;
    const next = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        if ((await this.#visit(port, request)) === undefined) failed += 1;
      }
    };
    await Promise.all(Array.from({ length: OPENING_AT_ONCE }, next));
    return { open: this.#sockets.size, failed };
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /** One request on a connection of its own, which stays open; the answer's head, or undefined when it failed. */
  #visit(port: number, request: Buffer): Promise<string | undefined> {
    return new Promise((resolve) => {
      const reader = new ResponseReader(new Shape());
      const limit = setTimeout(() => socket.destroy(), ANSWER_MS);
      const socket = connect({
        port,
        host: "127.0.0.1",
        onread: {
          buffer: received,
          callback: (count) => {
            const reading = reader.read(received, count);
            if (reading === "whole") {
              clearTimeout(limit);
              resolve(reader.head);
            } else if (reading !== "more") socket.destroy();
            return true;
          },
        },
      });
      this.#sockets.add(socket);
      socket.on("connect", () => socket.write(request));
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        clearTimeout(limit);
        this.#sockets.delete(socket);
        resolve(undefined);
      });
    });
  }
}
