// Writing past the stream's books: everything arrives in its order, and what the kernel has not taken is in the books.

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import t, { type Test } from "tap";
import { writeTo } from "../../src/proxy/direct-socket.ts";
import { type Reader, readFrom } from "../../src/proxy/socket-reads.ts";

const MEGABYTE = 1_048_576;
const LARGE_BYTES = 16 * MEGABYTE;

interface Ends {
  readonly ours: Socket;
  readonly theirs: Socket;
  readonly closed: Promise<Error | undefined>;
  readonly drains: () => number;
}

/** A connection: `ours` is taken over as the data plane does it, `theirs` reads only when told to. */
async function connection(t: Test): Promise<Ends> {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const theirs = connect((server.address() as { port: number }).port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  let drains = 0;
  let closedWith: (error: Error | undefined) => void = () => undefined;
  const closed = new Promise<Error | undefined>((resolve) => {
    closedWith = resolve;
  });
  const reader: Reader = {
    onRead: () => true,
    onEnd: () => undefined,
    onDrain() {
      drains += 1;
    },
    onClose: closedWith,
  };
  const ours = readFrom(accepted, reader);
  t.teardown(() => {
    ours.destroy();
    theirs.destroy();
    server.close();
  });
  return { ours, theirs, closed, drains: () => drains };
}

function pattern(bytes: number, seed: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let at = 0; at < bytes; at += 4) buffer.writeUInt32LE((at + seed) >>> 0, at);
  return buffer;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

t.test("what the kernel takes at once is nobody's to wait for", async (t) => {
  const { ours, theirs } = await connection(t);
  for (const word of ["one ", "two ", "three"]) {
    t.equal(writeTo(ours, Buffer.from(word)), true);
    t.equal(ours.writableLength, 0);
  }
  ours.end();
  t.equal((await readAll(theirs)).toString(), "one two three");
});

t.test(
  "a reader that lags behind: the rest is in the books, later bytes wait behind it, drain tells",
  async (t) => {
    const { ours, theirs, drains } = await connection(t);
    writeTo(ours, Buffer.from("learn"));
    const large = pattern(LARGE_BYTES, 7);
    t.equal(writeTo(ours, large), false, "asks to wait");
    t.equal(ours.writableLength, LARGE_BYTES, "counted until it is out");
    writeTo(ours, Buffer.from("after"));
    t.equal(ours.writableLength, LARGE_BYTES + 5);
    t.equal(drains(), 0);
    const reading = readAll(theirs);
    await once(ours, "drain");
    t.equal(ours.writableLength, 0);
    t.equal(drains(), 1);
    writeTo(ours, Buffer.from("last"));
    ours.end();
    const all = await reading;
    t.ok(
      all.equals(Buffer.concat([Buffer.from("learn"), large, Buffer.from("afterlast")])),
      "every byte, in order",
    );
  },
);

t.test("an end behind bytes that wait comes after them", async (t) => {
  const { ours, theirs } = await connection(t);
  writeTo(ours, Buffer.from("learn"));
  writeTo(ours, pattern(LARGE_BYTES, 3));
  ours.destroySoon();
  t.equal((await readAll(theirs)).length, LARGE_BYTES + 5);
});

t.test("a reader that vanishes while bytes wait closes the socket with its error, once", async (t) => {
  const { ours, theirs, closed } = await connection(t);
  writeTo(ours, Buffer.from("learn"));
  writeTo(ours, pattern(LARGE_BYTES, 5));
  theirs.resetAndDestroy();
  const error = (await closed) as NodeJS.ErrnoException;
  t.match(error.code, /^(ECONNRESET|EPIPE)$/);
  t.equal(writeTo(ours, Buffer.from("too late")), false, "nothing more is taken");
});

t.test("a socket destroyed by us while bytes wait closes in peace", async (t) => {
  const { ours, closed } = await connection(t);
  writeTo(ours, Buffer.from("learn"));
  writeTo(ours, pattern(LARGE_BYTES, 9));
  ours.destroy();
  t.equal(await closed, undefined);
});

t.test("a write after the end is refused as Node refuses it", async (t) => {
  const { ours, closed } = await connection(t);
  writeTo(ours, Buffer.from("learn"));
  ours.end();
  writeTo(ours, Buffer.from("too late"));
  t.equal(((await closed) as NodeJS.ErrnoException).code, "ERR_STREAM_WRITE_AFTER_END");
});
