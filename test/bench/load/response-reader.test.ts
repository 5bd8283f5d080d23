import t, { type Test } from "tap";
import { cookiesSet, type Reading, ResponseReader, Shape } from "../../../bench/load/response-reader.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

/** Reads an answer in pieces; the last reading counts. */
function read(reader: ResponseReader, ...pieces: readonly string[]): Reading {
  reader.next();
  let reading: Reading = "more";
  for (const piece of pieces) reading = reader.read(Buffer.from(piece), piece.length);
  return reading;
}

t.test("the load generator takes an answer however it is cut", async (t: Test) => {
  const reader = new ResponseReader(new Shape());
  const answer = `${OK}1abcd`;
  for (let cut = 1; cut < answer.length; cut += 1) {
    t.equal(read(reader, answer.slice(0, cut), answer.slice(cut)), "whole");
    t.equal(reader.mark, 0x31);
    t.equal(reader.bodyBytes, 5);
  }
});

t.test(
  "the load generator sees a wrong status, also when it expects the head of the last answer",
  async (t: Test) => {
    const reader = new ResponseReader(new Shape());
    t.equal(read(reader, `${OK}1abcd`), "whole");
    t.equal(read(reader, `${OK}1abcd`.replace("200", "502")), "bad status");
  },
);

t.test("the load generator sees a body of another length than announced", async (t: Test) => {
  const reader = new ResponseReader(new Shape());
  t.equal(read(reader, `${OK}1abc`), "more");
  t.equal(read(reader, `${OK}1abcde`), "bad length");
  t.equal(read(reader, "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n1abcd"), "bad length");
});

t.test("cookies of a first visit are collected from all Set-Cookie fields", async (t: Test) => {
  const head = "HTTP/1.1 200 OK\r\nSet-Cookie: A=1; Path=/\r\nset-cookie: SRV=s2\r\nContent-Length: 0";
  t.equal(cookiesSet(head), "A=1; SRV=s2");
});
