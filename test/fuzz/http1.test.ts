// Random messages, read by us and by the llhttp inside Node: whatever we accept, it accepts with the same meaning (F5).
// Differences that we chose are in README.md of this folder, and in `differs…` below.

import { METHODS } from "node:http";
import t from "tap";
import type { Random } from "../../src/base/random.ts";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { METHOD_GET, METHOD_HEAD } from "../../src/http1/request-head.ts";
import { damage, pick, request, response } from "./generate.ts";
import type { Verdict } from "./llhttp.ts";
import { LlhttpClient, LlhttpServer } from "./llhttp.ts";
import type { Message, Reading } from "./our-reader.ts";
import { readRequests, readResponse } from "./our-reader.ts";

const SEED = Number(process.env["TIDEGATE_SEED"] ?? 1);
const LIMIT_MS = 4000;
const TOGETHER = 32;

/** Runs rounds until the time is over; each has its own generator, so that a failure says how to repeat it. */
async function rounds(
  name: string,
  most: number,
  run: (random: Random) => Promise<string> | string,
): Promise<number> {
  const endsAt = performance.now() + LIMIT_MS;
  let done = 0;
  while (done < most && performance.now() < endsAt) {
    const faults = await Promise.all(
      Array.from({ length: TOGETHER }, (_, index) => run(seededRandom(SEED * 1_000_003 + done + index))),
    );
    const fault = faults.find((text) => text !== "");
    if (fault !== undefined) throw new Error(`${name}, TIDEGATE_SEED=${SEED}, round ${done}: ${fault}`);
    done += TOGETHER;
  }
  return done;
}

function describe(stream: Buffer, ours: Reading, theirs: Verdict): string {
  return `\n  stream ${JSON.stringify(stream.toString("latin1"))}\n  ours   ${JSON.stringify(ours)}\n  llhttp ${JSON.stringify(theirs)}`;
}

function isSame(one: Message | undefined, other: Message | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Methods that llhttp knows; it refuses all others, and we forward them. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** The differences that we chose, by the error that llhttp has for the first message it lacks; see README.md. */
function isChosen(stream: Buffer, message: Message | undefined, error: string): boolean {
  if (message === undefined) return false;
  switch (error) {
    case "HPE_INVALID_METHOD":
      return !KNOWN_METHODS.has(message.verb);
    case "HPE_INVALID_HEADER_TOKEN":
      return isResponse(message) && /\n[^\r\n:]+[ \t]+:/.test(stream.toString("latin1"));
    case "HPE_UNEXPECTED_CONTENT_LENGTH":
      return isResponse(message) && valuesOf(message, "content-length").length > 1;
    case "HPE_INVALID_CONTENT_LENGTH":
    case "HPE_INVALID_TRANSFER_ENCODING":
      return isResponse(message) && message.body === "" && valuesOf(message, "transfer-encoding").length > 0;
    case "HPE_CLOSED_CONNECTION":
      return isResponse(message) || /\nConnection[ \t]*:[^\n]*\t/i.test(stream.toString("latin1"));
    default:
      return false;
  }
}

function isResponse(message: Message): boolean {
  return /^\d/.test(message.verb);
}

function valuesOf(message: Message, name: string): string[] {
  return message.fields.filter(
    (_, index) => message.fields[index - (index % 2)]?.toLowerCase() === name && index % 2 === 1,
  );
}

/** Says in what the two readings of the same requests differ where they may not; empty when they agree. */
function differRequests(stream: Buffer, ours: Reading, theirs: Verdict): string {
  const differs = ours.messages.findIndex((message, index) => !isSame(message, theirs.messages[index]));
  const isAgreed = differs < 0 && (ours.end !== "open" || theirs.messages.length === ours.messages.length);
  const isFirstLacking = differs === theirs.messages.length;
  return isAgreed || (isFirstLacking && isChosen(stream, ours.messages[differs], theirs.error))
    ? ""
    : describe(stream, ours, theirs);
}

function differResponses(stream: Buffer, ours: Reading, theirs: Verdict): string {
  if (ours.end !== "closed") return "";
  const differs = ours.messages.findIndex((message, index) => !isSame(message, theirs.messages[index]));
  const isAgreed = differs < 0 && theirs.messages.length === ours.messages.length;
  const isFirstLacking = differs === theirs.messages.length;
  return isAgreed || (isFirstLacking && isChosen(stream, ours.messages[differs], theirs.error))
    ? ""
    : describe(stream, ours, theirs);
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

t.test(
  "whatever requests we accept, llhttp accepts with the same meaning and boundaries [F5] [W20-W26]",
  async (t) => {
    const llhttp = new LlhttpServer();
    await llhttp.listen();
    t.teardown(() => llhttp.close());
    let compared = 0;
    const done = await rounds("requests", 100_000, async (random) => {
      let text = "";
      for (let count = 1 + randomBelow(random, 3); count > 0; count -= 1)
        text += damage(random, request(random), 3);
      const stream = latin1(text);
      const ours = readRequests(stream);
      if (ours.messages.length === 0) return "";
      compared += ours.messages.length;
      return differRequests(stream, ours, await llhttp.read(stream));
    });
    t.comment(`${compared} requests accepted of ${done} streams`);
    t.ok(compared > done / 20, "a fair share of the requests is accepted");
  },
);

t.test(
  "whatever responses we accept, llhttp accepts with the same meaning and end [F5] [W20-W29]",
  async (t) => {
    const llhttp = new LlhttpClient();
    await llhttp.listen();
    t.teardown(() => llhttp.close());
    let compared = 0;
    const done = await rounds("responses", 100_000, async (random) => {
      const stream = latin1(damage(random, response(random), 3));
      const method = random.next() < 0.15 ? "HEAD" : "GET";
      const ours = readResponse(stream, method === "HEAD" ? METHOD_HEAD : METHOD_GET);
      if (ours.end !== "closed") return "";
      compared += 1;
      return differResponses(stream, ours, await llhttp.read(stream, method));
    });
    t.comment(`${compared} responses accepted of ${done}`);
    t.ok(compared > done / 20, "a fair share of the responses is accepted");
  },
);

t.test("how a stream is cut into pieces changes nothing of what is read [F5]", async (t) => {
  const done = await rounds("cuts", 3_000, (random) => {
    const isResponse = random.next() < 0.3;
    const stream = latin1(
      isResponse ? damage(random, response(random), 2) : damage(random, request(random), 2) + request(random),
    );
    const read = (cuts: readonly number[]): Reading =>
      isResponse ? readResponse(stream, METHOD_GET, cuts) : readRequests(stream, cuts);
    const whole = JSON.stringify(read([]));
    const few = Array.from({ length: 4 }, () => 1 + randomBelow(random, stream.length));
    const every = Array.from({ length: stream.length - 1 }, (_, index) => index + 1);
    for (const cuts of [few.sort((one, other) => one - other), every]) {
      const pieces = JSON.stringify(read(cuts.filter((cut, index) => cut !== cuts[index - 1])));
      if (pieces !== whole)
        return `${JSON.stringify(stream.toString("latin1"))}\n  whole  ${whole}\n  pieces ${pieces}`;
    }
    return "";
  });
  t.ok(done > 100, `${done} streams`);
});

t.test("no octets from the network make a parser throw or point outside of them [F5]", async (t) => {
  const starts = ["", "GET / HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 200 OK\r\n", "0\r\n"];
  const done = await rounds("noise", 20_000, (random) => {
    const octets = Array.from({ length: randomBelow(random, 120) }, () => randomBelow(random, 256));
    const noise = Buffer.concat([latin1(pick(random, starts)), Buffer.from(octets), latin1("\r\n\r\n")]);
    readRequests(noise);
    readResponse(noise, METHOD_GET);
    return "";
  });
  t.ok(done > 1000, `${done} streams`);
});
