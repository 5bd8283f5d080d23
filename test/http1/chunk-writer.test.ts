import t from "tap";
import { writeChunkHead, writeLastChunk } from "../../src/http1/chunk-writer.ts";

t.test("a chunk's size is written in hexadecimal with its CRLF, and nothing else is touched [W25]", (t) => {
  const sizes = [
    1,
    9,
    10,
    15,
    16,
    17,
    255,
    256,
    4095,
    4096,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 48 - 1,
  ];
  for (const size of sizes) {
    const out = Buffer.alloc(18, "#");
    const end = writeChunkHead(out, 2, size);
    t.equal(out.toString("latin1", 0, end), `##${size.toString(16)}\r\n`);
    t.match(out.toString("latin1", end), /^#+$/);
  }
  t.end();
});

t.test("a body ends with the empty chunk, its trailers and an empty line [W25, W26]", (t) => {
  for (const trailers of ["", "X-Sum: 1\r\n"]) {
    const out = Buffer.alloc(64, "#");
    const end = writeLastChunk(out, 1, Buffer.from(trailers));
    t.equal(out.toString("latin1", 0, end + 1), `#0\r\n${trailers}\r\n#`);
  }
  t.end();
});
