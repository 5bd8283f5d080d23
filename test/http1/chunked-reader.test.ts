import t from "tap";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { writeChunkHead, writeLastChunk } from "../../src/http1/chunk-writer.ts";
import { ChunkedReader } from "../../src/http1/chunked-reader.ts";

interface Body {
  readonly data: string;
  /** "done", "open" when more is needed, else why it was refused. */
  readonly end: string;
  readonly trailers: string;
  /** What follows the body. */
  readonly rest: string;
}

/** Reads a body in pieces of these lengths (the last one repeats), with stale bytes behind each piece. */
function readInPieces(reader: ChunkedReader, text: string, cuts: readonly number[]): Body {
  let data = "";
  let position = 0;
  let turn = 0;
  while (position < text.length && !reader.isDone) {
    const length = Math.min(cuts[Math.min(turn, cuts.length - 1)] ?? 1, text.length - position);
    turn += 1;
    const bytes = Buffer.from(`#${text.slice(position, position + length)}\r\n0\r\n\r\n`, "latin1");
    let at = 1;
    while (at < 1 + length && !reader.isDone) {
      at = reader.read(bytes, at, 1 + length);
      if (at < 0) return { data, end: reader.refusal, trailers: "", rest: "" };
      data += bytes.toString("latin1", reader.dataStart, reader.dataEnd);
    }
    position += at - 1;
  }
  return {
    data,
    end: reader.isDone ? "done" : "open",
    trailers: reader.trailers.toString("latin1"),
    rest: reader.isDone ? text.slice(position) : "",
  };
}

/** Reads a body whole, byte by byte and in two pieces cut everywhere; throws when the answers differ. */
function read(text: string, dropsTrailers = false): Body {
  const reader = new ChunkedReader();
  const readAgain = (cuts: readonly number[]): Body => {
    reader.reset(dropsTrailers);
    return readInPieces(reader, text, cuts);
  };
  const whole = readAgain([text.length]);
  const step = text.length > 2000 ? Math.ceil(text.length / 40) : 1;
  for (let cut = 1; cut < text.length; cut += step) {
    const body = readAgain([cut, text.length]);
    if (JSON.stringify(body) !== JSON.stringify(whole))
      throw new Error(`cut at ${cut}: ${JSON.stringify(body)}`);
  }
  const single = readAgain([1]);
  if (JSON.stringify(single) !== JSON.stringify(whole))
    throw new Error(`byte by byte: ${JSON.stringify(single)}`);
  return whole;
}

t.test("a chunked body gives its data and ends exactly where it ends, however it is cut [W25]", (t) => {
  t.same(read("5\r\nhello\r\n0\r\n\r\n"), { data: "hello", end: "done", trailers: "", rest: "" });
  t.same(read("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /"), {
    data: "hello world",
    end: "done",
    trailers: "",
    rest: "GET /",
  });
  t.same(read("0\r\n\r\n\r\n"), { data: "", end: "done", trailers: "", rest: "\r\n" });
  t.same(read("000\r\n\r\n"), { data: "", end: "done", trailers: "", rest: "" });
  t.equal(
    read("A\r\n0123456789\r\na\r\n0123456789\r\n0b\r\n0\r\n\r\n567890\r\n0\r\n\r\n").data,
    "012345678901234567890\r\n\r\n567890",
  );
  t.equal(read("0000000000000005\r\nhello\r\n0\r\n\r\n").data, "hello");
  t.equal(read("3\r\n\0\n\r\r\n0\r\n\r\n").data, "\0\n\r");
  t.end();
});

t.test("a body whose end has not come stays open [W24]", (t) => {
  for (const text of [
    "",
    "5",
    "5\r",
    "5\r\n",
    "5\r\nhell",
    "5\r\nhello",
    "5\r\nhello\r\n",
    "0\r\n",
    "0\r\n\r",
    "0\r\nX: y\r\n",
    '5;a="',
    "ffffffff\r\nx",
  ]) {
    t.equal(read(text).end, "open", JSON.stringify(text));
  }
  t.end();
});

t.test("a chunk size is hexadecimal digits only, within limits [W25]", (t) => {
  const sizes = [
    "",
    " 5",
    "5 ",
    "\t5",
    "0x5",
    "+5",
    "-5",
    "5h",
    "g",
    "5,5",
    "5.0",
    "5\x0b",
    "\xb5",
    "0_5",
    "5 ;a",
  ];
  for (const size of sizes) t.match(read(`${size}\r\nhello\r\n0\r\n\r\n`).end, /chunk/, JSON.stringify(size));
  t.match(read("1000000000001\r\n").end, /too large/);
  t.equal(read("1000000000000\r\n").end, "open", "2^48 is the limit");
  t.match(read("ffffffffffffffff\r\n").end, /too large/);
  t.match(read("100000000000000000000\r\n").end, /too large/);
  t.match(read("10000000000000005\r\nhello\r\n0\r\n\r\n").end, /too large/, "2^64 + 5 is not 5");
  t.match(read(`${"0".repeat(16)}5\r\nhello\r\n`).end, /too large/, "endless zeros");
  t.end();
});

t.test("only CRLF ends a chunk line, its data and the body [W03] [W25]", (t) => {
  const broken = [
    "5\nhello\r\n0\r\n\r\n",
    "5\rhello\r\n0\r\n\r\n",
    "5\r\rhello\r\n0\r\n\r\n",
    "5\n\rhello\r\n0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhello\r0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhelloo\r\n0\r\n\r\n",
    "5\r\nhell\r\n0\r\n\r\n",
    "5\r\nhello\r\n\r\n0\r\n\r\n",
    "0\n\r\n",
    "0\n\n",
    "0\r\n\n",
    "0\r\n\rx",
    "0\r\nX: y\n\r\n",
    "0\r\nX: y\r\n\n",
    "0\r\nGET / HTTP/1.1\r\n\r\n",
    "5;a\nhello\r\n0\r\n\r\n",
    "5;a\r\rhello\r\n0\r\n\r\n",
  ];
  for (const text of broken) {
    const { end } = read(text);
    t.notOk(end === "done" || end === "open", `${JSON.stringify(text)}: ${end}`);
  }
  t.end();
});

t.test("chunk extensions are understood and ignored [W25]", (t) => {
  for (const extension of [
    ";a",
    ";a=b",
    ";a;b=c;d",
    ';a="b c"',
    ';a="b\\"\\\\;c";d',
    ';a=""',
    ";!#=~|",
    ';a="\xe4\t"',
  ]) {
    t.equal(read(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`).data, "hello", extension);
    t.equal(read(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`).end, "done", extension);
  }
  t.end();
});

t.test("malformed chunk extensions are refused [W25]", (t) => {
  const extensions = [
    ";",
    ";;a",
    ";a;",
    ";=b",
    ";a=",
    ";a= b",
    "; a",
    ";a =b",
    ';a="b',
    ';a="b"c',
    ";a=b=c",
    ";a(b",
    ';a="\n"',
    ';a="\\\r"',
    ";a\0",
    ";\xe4",
  ];
  for (const extension of extensions) {
    const { end } = read(`5${extension}\r\nhello\r\n0\r\n\r\n`);
    t.match(end, /extension|bare/, extension);
  }
  t.end();
});

t.test("chunk extensions are limited on a line and over a body [W25] [F4]", (t) => {
  t.equal(read(`5;${"a".repeat(255)}\r\nhello\r\n0\r\n\r\n`).end, "done");
  t.match(read(`5;${"a".repeat(257)}\r\nhello\r\n0\r\n\r\n`).end, /too long/);
  const tiny = `1;${"a".repeat(200)}\r\nx\r\n`;
  t.equal(read(`${tiny.repeat(50)}0\r\n\r\n`).end, "done");
  t.match(read(`${tiny.repeat(500)}0\r\n\r\n`).end, /too many chunk extensions/);
  t.equal(read(`${"1\r\nx\r\n".repeat(3000)}0\r\n\r\n`).data.length, 3000, "small chunks alone are no harm");
  const paid = `200;${"a".repeat(200)}\r\n${"x".repeat(512)}\r\n`;
  t.equal(read(`${paid.repeat(200)}0\r\n\r\n`).end, "done", "data pays for its extensions");
  t.end();
});

t.test("trailer fields come out beside the data, written anew, never mixed with a head [W26]", (t) => {
  t.same(read("0\r\nX-Sum:  abc \r\nx-b:\r\nX-Sum: \xe4\r\n\r\nrest"), {
    data: "",
    end: "done",
    trailers: "X-Sum: abc\r\nx-b: \r\nX-Sum: \xe4\r\n",
    rest: "rest",
  });
  t.equal(read("5\r\nhello\r\n0;a=b\r\nGrpc-Status: 0\r\n\r\n").trailers, "Grpc-Status: 0\r\n");
  t.end();
});

t.test(
  "trailer fields that route, authenticate, set cookies or name this hop are dropped [W26] [W40]",
  (t) => {
    const names =
      "HOST Connection keep-alive proxy-connection TE Trailer Upgrade Expect Max-Forwards Range If-Match Authorization Proxy-Authorization WWW-Authenticate Proxy-Authenticate Cookie Set-Cookie Cache-Control Expires Date Location Retry-After Vary Content-Encoding Content-Type Content-Range Via Forwarded X-Forwarded-For X-Forwarded-Whatever X-Real-IP X-Request-Id Traceparent X-Failover Session-Ended Proxy-Anything".split(
        " ",
      );
    for (const name of names) {
      const body = read(`0\r\nA: 1\r\n${name}: 1\r\nB: 2\r\n\r\n`);
      t.equal(body.trailers, "A: 1\r\nB: 2\r\n", name);
    }
    t.equal(read("0\r\nHost: a\r\n\r\n").trailers, "");
    t.same(read("0\r\nX-Hop: a\r\n\r\nrest", true), { data: "", end: "done", trailers: "", rest: "rest" });
    t.end();
  },
);

t.test("a malformed or too large trailer section is refused [W26] [W06] [W07] [F4]", (t) => {
  const bad = [
    "X : y",
    " X: y",
    "X: y\r\n z",
    "X",
    ": y",
    "X: a\0",
    "Content_Length: 5",
    "Content-Length: 0",
    "transfer-encoding: chunked",
    "X: a\rb",
  ];
  for (const line of bad) t.match(read(`0\r\n${line}\r\n\r\n`).end, /trailer section/, JSON.stringify(line));
  t.equal(read(`0\r\n${"a: b\r\n".repeat(32)}\r\n`).end, "done");
  t.match(read(`0\r\n${"a: b\r\n".repeat(33)}\r\n`).end, /too many/);
  t.match(read(`0\r\n${"a: b\r\n".repeat(101)}\r\n`).end, /too many/);
  t.equal(read(`0\r\nX: ${"a".repeat(8000)}\r\n\r\n`).end, "done");
  t.match(read(`0\r\nX: ${"a".repeat(9000)}\r\n\r\n`).end, /too large/);
  t.match(read(`0\r\nX: ${"a".repeat(9000)}`).end, /too large/, "without waiting for its end");
  t.end();
});

t.test("after a refusal nothing more is read, until the next message", (t) => {
  const reader = new ChunkedReader();
  const bad = Buffer.from("5\r\nhello!");
  reader.reset();
  t.equal(reader.read(bad, 0, 8), 8);
  t.equal(reader.read(bad, 8, bad.length), -1);
  t.equal(reader.dataStart, reader.dataEnd);
  const good = Buffer.from("1\r\nx\r\n0\r\n\r\n");
  t.equal(reader.read(good, 0, good.length), -1);
  t.notOk(reader.isDone);
  reader.reset();
  t.same(readInPieces(reader, good.toString(), [100]), { data: "x", end: "done", trailers: "", rest: "" });
  t.equal(reader.read(good, 3, good.length), 3, "what follows the end is left alone");
  t.end();
});

t.test("what the chunk writer writes, the reader reads, however it is cut", (t) => {
  const random = seededRandom(11);
  const reader = new ChunkedReader();
  for (let round = 0; round < 200; round += 1) {
    let data = "";
    let wire = "";
    for (let chunk = randomBelow(random, 6); chunk >= 0; chunk -= 1) {
      const piece = String.fromCharCode(97 + chunk).repeat(1 + randomBelow(random, 400));
      const line = Buffer.alloc(14);
      wire += `${line.toString("latin1", 0, writeChunkHead(line, 0, piece.length))}${piece}\r\n`;
      data += piece;
    }
    const last = Buffer.alloc(5);
    wire += last.toString("latin1", 0, writeLastChunk(last, 0, Buffer.alloc(0)));
    reader.reset();
    const cuts = Array.from({ length: 20 }, () => 1 + randomBelow(random, 200));
    const body = readInPieces(reader, wire, cuts);
    if (body.data !== data || body.end !== "done") t.fail(`round ${round}: ${body.end}`);
  }
  t.pass("200 bodies");
  t.end();
});
