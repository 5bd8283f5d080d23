// Servers that answer in every framing, close kept connections at the worst moment, break off, and die.

import type { Test } from "tap";
import { type RawArrival, RawUpstream } from "../../support/raw.ts";
import { bodyOf, type Chaos, type Fault } from "./chaos.ts";

/** The script of all servers: what a request gets is its target's id's. */
export async function behave(chaos: Chaos, arrival: RawArrival): Promise<void> {
  const [method = "", target = ""] = arrival.start.split(" ");
  const [, kind = "", id = ""] = target.split("/");
  if (kind === "ws") return echo(arrival);
  const fault = chaos.arrived(method, id);
  if (fault === "early") {
    chaos.closed();
    arrival.answer(`HTTP/1.1 413 Too Large\r\nX-Id: ${id}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  if (fault === "die-early") return die(chaos, arrival);
  const request = await arrival.whole();
  if (request === undefined) return; // the client, or a fail-over, has given it up
  if (method !== "GET" && request.body.toString() !== bodyOf(id, 1))
    chaos.wrong(`body of ${id} is not its own`);
  if (chaos.chance(0.2)) await chaos.pause(chaos.below(8));
  if (fault === "die-late") return die(chaos, arrival);
  if (fault === "garbage") return arrival.answer("SSH-2.0-OpenSSH\r\n\r\n");
  await answer(chaos, arrival, id, fault);
}

function die(chaos: Chaos, { peer }: RawArrival): void {
  chaos.closed();
  if (chaos.chance(0.5)) peer.reset();
  else peer.socket.destroy();
}

async function answer(chaos: Chaos, arrival: RawArrival, id: string, fault: Fault): Promise<void> {
  const { peer } = arrival;
  const body = bodyOf(id, 2);
  if (chaos.chance(0.1)) arrival.answer("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
  // Where a body lasts until the close, nobody can tell a broken one from a whole one.
  const framing = chaos.below(fault === "truncate" ? 2 : 3);
  const fields = [
    "Transfer-Encoding: chunked\r\n",
    `Content-Length: ${body.length}\r\n`,
    "Connection: close\r\n",
  ];
  if (framing === 2) chaos.untilClose.add(id);
  arrival.answer(`HTTP/1.1 200 OK\r\nX-Id: ${id}\r\n${fields[framing]}\r\n`);
  const limit = fault === "truncate" ? body.length / 2 : body.length;
  for (let at = 0; at < limit; ) {
    const piece = body.slice(at, at + 1 + chaos.below(chaos.chance(0.1) ? 50 : 60_000));
    at += piece.length;
    arrival.answer(framing === 0 ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
    if (chaos.chance(0.02)) await chaos.pause(chaos.below(3));
  }
  if (fault === "truncate") {
    die(chaos, arrival);
    return;
  }
  if (framing === 0) arrival.answer("0\r\n\r\n");
  if (framing === 2) {
    chaos.closed();
    peer.finish();
  } else if (chaos.chance(0.12)) {
    // The worst moment: when the next request may be on its way.
    await chaos.pause(chaos.below(3));
    chaos.closed();
    if (chaos.chance(0.5)) peer.finish();
    else peer.socket.destroy();
  }
}

async function echo(arrival: RawArrival): Promise<void> {
  const { peer } = arrival;
  await arrival.whole();
  arrival.answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  while (peer.ending === "open") {
    await peer.until(() => peer.bytes.length > 0 || peer.ending !== "open");
    const { bytes } = peer;
    peer.bytes = Buffer.alloc(0);
    if (bytes.length > 0) peer.send(bytes);
  }
  peer.finish();
}

/** A server that dies and comes back on its port until the run is over. */
export class MortalServer {
  readonly port: number;
  readonly #t: Test;
  readonly #chaos: Chaos;
  #upstream: RawUpstream;

  private constructor(t: Test, chaos: Chaos, upstream: RawUpstream) {
    this.#t = t;
    this.#chaos = chaos;
    this.#upstream = upstream;
    this.port = upstream.port;
  }

  static async open(t: Test, chaos: Chaos): Promise<MortalServer> {
    return new MortalServer(t, chaos, await RawUpstream.open(t, (arrival) => behave(chaos, arrival)));
  }

  /** Dies and comes back until the run is over; is there at the end. */
  async live(): Promise<void> {
    const chaos = this.#chaos;
    while (!chaos.isOver) {
      await chaos.pause(300 + chaos.below(600));
      chaos.died();
      this.#upstream.close();
      await chaos.pause(20 + chaos.below(150));
      chaos.closed();
      this.#upstream = await RawUpstream.open(this.#t, (arrival) => behave(chaos, arrival), this.port);
    }
  }
}
