// The demo shop: a small application server that holds its sessions in memory, as many real ones do.
//
//   node dist/demo/shop.js --port 9081 --name Server01 --route s1 --edition 1
//
// Its session cookie ends in its route, as with Tomcat or WebSphere: `JSESSIONID=<id>:s1`.

import http from "node:http";
import type { Duplex } from "node:stream";
import { parseArgs } from "node:util";
import { type WebSocket, WebSocketServer } from "ws";
import { PRODUCTS } from "./products.ts";
import { cartHtml, type Shop, shopPage } from "./shop-page.ts";
import { ShopSessions, type Visit } from "./shop-sessions.ts";

const TICK_MS = 2000;
const SLOW_MS_MAX = 60_000;
const FORM_BYTES_MAX = 4096;
const PIECES_MAX = 99;
const STOP_MS = 5000;

/** Ends with this WebSocket close code when the server stops: "going away". */
const GOING_AWAY = 1001;

class ShopServer {
  readonly #shop: Shop;
  readonly #sessions: ShopSessions;
  readonly #server = http.createServer((request, response) => this.#serve(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: FORM_BYTES_MAX });
  readonly #streams = new Set<http.ServerResponse>();
  readonly #ticking: NodeJS.Timeout;
  #isStopping = false;

  constructor(shop: Shop) {
    this.#shop = shop;
    this.#sessions = new ShopSessions(shop.route);
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  /** Takes no new connection, tells open ones, and lets requests finish. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#server.keepAliveTimeout = 1; // connections that are busy now close after their response
    clearInterval(this.#ticking);
    for (const socket of this.#sockets.clients) socket.close(GOING_AWAY, `${this.#shop.name} stops`);
    for (const stream of this.#streams) stream.end();
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#server.closeAllConnections(), STOP_MS);
      this.#server.close(() => {
        clearTimeout(late);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    if (this.#isStopping) response.setHeader("connection", "close");
    const target = targetOf(request);
    switch (target.pathname) {
      case "/":
      case "/shop":
        redirect(response, "/shop/");
        break;
      case "/shop/":
        this.#page(request, response);
        break;
      case "/shop/cart":
        if (request.method === "POST") this.#change(request, response);
        else redirect(response, "/shop/#cart");
        break;
      case "/shop/logout":
        this.#logout(request, response);
        break;
      case "/shop/api/session":
        json(response, 200, this.#answer(this.#visit(request, response)));
        break;
      case "/shop/events":
        this.#stream(request, response);
        break;
      case "/shop/slow":
        this.#slow(Number(target.searchParams.get("ms") ?? 1000), response);
        break;
      case "/shop/health":
        json(response, 200, { status: "up", server: this.#shop.name });
        break;
      default:
        json(response, 404, { error: `There is nothing at ${target.pathname}` });
    }
  }

  #visit(request: http.IncomingMessage, response: http.ServerResponse): Visit {
    const visit = this.#sessions.visit(request.headers.cookie, Date.now());
    if (visit.setCookie !== null) response.setHeader("set-cookie", visit.setCookie);
    response.setHeader("cache-control", "no-store");
    return visit;
  }

  #page(request: http.IncomingMessage, response: http.ServerResponse): void {
    const body = shopPage(this.#shop, this.#visit(request, response));
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(body);
  }

  #answer({ session, isLost }: Visit): object {
    const { name, route, edition, pid } = this.#shop;
    return {
      server: name,
      route,
      edition,
      pid,
      session: `${session.id.slice(0, 8)}…`,
      since: new Date(session.since).toISOString(),
      requests: session.requests,
      pieces: [...session.cart.values()].reduce((sum, count) => sum + count, 0),
      cart: Object.fromEntries(session.cart),
      isLost,
    };
  }

  #change(request: http.IncomingMessage, response: http.ServerResponse): void {
    let form = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => {
      form += text;
      if (form.length > FORM_BYTES_MAX) request.destroy();
    });
    request.on("end", () => {
      const fields = new URLSearchParams(form);
      const visit = this.#visit(request, response);
      const { cart } = visit.session;
      const id = fields.get("product") ?? "";
      const change = fields.get("change") === "-1" ? -1 : 1;
      if (!PRODUCTS.some((product) => product.id === id)) {
        json(response, 400, { error: "There is no such product" });
        return;
      }
      const count = Math.min((cart.get(id) ?? 0) + change, PIECES_MAX);
      if (count > 0) cart.set(id, count);
      else cart.delete(id);
      const wantsJson = (request.headers.accept ?? "").includes("application/json");
      if (wantsJson) json(response, 200, { ...this.#answer(visit), cartHtml: cartHtml(visit) });
      else redirect(response, "/shop/#cart");
    });
  }

  #logout(request: http.IncomingMessage, response: http.ServerResponse): void {
    response.setHeader("set-cookie", this.#sessions.end(request.headers.cookie));
    response.setHeader("session-ended", "1");
    redirect(response, "/shop/");
  }

  #slow(ms: number, response: http.ServerResponse): void {
    const waitMs = Math.min(Math.max(Number.isFinite(ms) ? ms : 1000, 0), SLOW_MS_MAX);
    const waiting = setTimeout(
      () => json(response, 200, { server: this.#shop.name, waitedMs: waitMs }),
      waitMs,
    );
    response.on("close", () => clearTimeout(waiting));
  }

  #stream(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.#visit(request, response);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: hello\ndata: ${this.#news()}\n\n`);
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
  }

  #upgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    if (targetOf(request).pathname !== "/shop/live" || this.#isStopping) {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client: WebSocket) => {
      client.on("error", () => client.terminate());
      client.on("message", (data, isBinary) => client.send(data, { binary: isBinary })); // echo
      client.send(this.#news());
    });
  }

  #tick(): void {
    const news = this.#news();
    for (const socket of this.#sockets.clients) socket.send(news);
    for (const stream of this.#streams) stream.write(`event: tick\ndata: ${news}\n\n`);
  }

  #news(): string {
    const { name, edition, pid } = this.#shop;
    const connected = this.#sockets.clients.size;
    return JSON.stringify({ server: name, edition, pid, sessions: this.#sessions.count, connected });
  }
}

/** Path and query of a request; what cannot be read is at a path where nothing is. */
function targetOf(request: http.IncomingMessage): URL {
  const base = "http://shop";
  const target = request.url ?? "/";
  return new URL(URL.canParse(target, base) ? target : "/unreadable", base);
}

function json(response: http.ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

function redirect(response: http.ServerResponse, location: string): void {
  response.writeHead(303, { location, "cache-control": "no-store" }).end();
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "9081" },
      host: { type: "string", default: "127.0.0.1" },
      name: { type: "string", default: "Server01" },
      route: { type: "string", default: "s1" },
      edition: { type: "string", default: "1" },
    },
  });
  const { name, route, edition } = values;
  const server = new ShopServer({ name, route, edition, pid: process.pid });
  const port = await server.listen(values.host, Number(values.port));
  console.log(`${name} (edition ${edition}, route ${route}) serves http://${values.host}:${port}/shop/`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void server.stop().then(() => process.exit(0)));
  }
}

main().catch((error: NodeJS.ErrnoException) => {
  const hint =
    error.code === "EADDRINUSE" ? "; another process holds the port, give another with --port" : "";
  console.error(`Cannot start the shop: ${error.message}${hint}`);
  process.exitCode = 1;
});
