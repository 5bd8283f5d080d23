// Where a WebSocket frame and an event of a stream end, however the bytes are cut (SPEC M4, W64).

import t from "tap";
import { seededRandom } from "../../src/base/random.ts";
import { EventBoundary } from "../../src/proxy/event-boundary.ts";
import { closeFrame, WebSocketFrames } from "../../src/proxy/websocket-frames.ts";

/** One frame with this many bytes of payload. */
function frame(length: number, isMasked: boolean, firstOctet = 0x82): Buffer {
  const mask = isMasked ? 0x80 : 0;
  let head: Buffer;
  if (length < 126) head = Buffer.from([firstOctet, mask | length]);
  else if (length < 65_536) {
    head = Buffer.from([firstOctet, mask | 126, 0, 0]);
    head.writeUInt16BE(length, 2);
  } else {
    head = Buffer.alloc(10);
    head[0] = firstOctet;
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0, 7), Buffer.alloc(length, 0x88)]);
}

t.test("the end of a frame is found whatever its length and mask, however it is cut", (t) => {
  const random = seededRandom(7);
  for (const isMasked of [false, true]) {
    const lengths = [0, 1, 125, 126, 127, 1000, 65_535, 65_536, 70_001, 0, 0];
    const frames = lengths.map((length, index) => frame(length, isMasked, index % 2 === 0 ? 0x82 : 0x01));
    const all = Buffer.concat(frames);
    const ends = new Set<number>([0]);
    let end = 0;
    for (const one of frames) {
      end += one.length;
      ends.add(end);
    }
    const follower = new WebSocketFrames();
    let at = 0;
    while (at < all.length) {
      const next = Math.min(all.length, at + 1 + Math.floor(random.next() ** 3 * 3000));
      t.equal(follower.follow(all, at, next, false), next);
      if (follower.isAtBoundary !== ends.has(next)) t.fail(`boundary at ${next}: ${follower.isAtBoundary}`);
      at = next;
    }
    t.ok(follower.isAtBoundary);
  }
  t.end();
});

t.test("it stops at the first boundary when asked to, and nowhere else", (t) => {
  const bytes = Buffer.concat([frame(10, false), frame(300, true), frame(1, false)]);
  for (let start = 1; start < 12; start += 1) {
    const follower = new WebSocketFrames();
    follower.follow(bytes, 0, start, false);
    t.equal(follower.follow(bytes, start, bytes.length, true), 12);
  }
  t.equal(new WebSocketFrames().follow(bytes, 0, bytes.length, true), 0, "it is at one already");
  t.end();
});

t.test("a close frame has its code, and is masked for a server only", (t) => {
  t.same([...closeFrame(1012)], [0x88, 2, 0x03, 0xf4]);
  const masked = closeFrame(1012, Uint8Array.from([1, 2, 3, 4]));
  t.same([...masked], [0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xf4 ^ 2]);
  t.end();
});

/** The positions behind which an event ends, by asking after every byte. */
function eventEnds(text: string): number[] {
  const boundary = new EventBoundary();
  const bytes = Buffer.from(text);
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    boundary.pass(bytes, at, at + 1);
    if (boundary.isAtBoundary) ends.push(at + 1);
  }
  return ends;
}

t.test("an event ends at an empty line, with LF, CR or CR LF", (t) => {
  t.same(eventEnds("data: 1\n\ndata"), [9]);
  t.same(
    eventEnds("data: 1\r\n\r\ndata"),
    [10, 11],
    "a CR is a line end, and the LF behind it is no other one",
  );
  t.same(eventEnds("data: 1\r\rdata"), [9]);
  t.same(eventEnds("data: 1\ndata: 2\n"), [], "one line end is none");
  t.same(eventEnds("a\n\n\n\n"), [3, 4, 5]);
  t.end();
});

t.test("nothing was sent yet: the stream may end there", (t) => {
  t.ok(new EventBoundary().isAtBoundary);
  t.end();
});

t.test(
  "when the stream shall end, bytes go on to the first boundary and no further, however they are cut",
  (t) => {
    const bytes = Buffer.from("data: 1\n\nda");
    const rest = Buffer.from("ta: 2\n\ndata: 3\n\n");
    for (let cut = 0; cut <= rest.length; cut += 1) {
      const boundary = new EventBoundary();
      boundary.pass(bytes, 0, bytes.length);
      boundary.wantsEnd = true;
      const first = boundary.pass(rest, 0, cut);
      let passed = first;
      if (!boundary.isAtBoundary) passed = boundary.pass(rest, cut, rest.length);
      t.equal(passed, 7, `cut at ${cut}`);
      boundary.reset();
      t.ok(boundary.isAtBoundary && !boundary.wantsEnd);
    }
    t.end();
  },
);
