import t from "tap";
import {
  CHUNK_HEAD_BYTES_MAX,
  CRLF_BYTES,
  LAST_CHUNK,
  LAST_CHUNK_BEFORE_TRAILERS,
  writeChunkHead,
} from "../../src/http1/chunk-writer.ts";

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
    const out = Buffer.alloc(CHUNK_HEAD_BYTES_MAX + 4, "#");
    const end = writeChunkHead(out, 2, size);
    t.equal(out.toString("latin1", 0, end), `##${size.toString(16)}\r\n`);
    t.match(out.toString("latin1", end), /^#+$/);
  }
  t.equal([LAST_CHUNK, LAST_CHUNK_BEFORE_TRAILERS, CRLF_BYTES].join("|"), "0\r\n\r\n|0\r\n|\r\n");
  t.end();
});
