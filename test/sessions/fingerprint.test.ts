import t from "tap";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import {
  type FingerprintSeed,
  fingerprint,
  fingerprintSeeds,
  formatFingerprint,
  parseFingerprint,
} from "../../src/sessions/fingerprint.ts";

const KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/** The start state of plain HalfSipHash-2-4 with 64 bits of result and the key 00 01 … 07. */
const REFERENCE: FingerprintSeed = {
  v0: 0x03020100,
  v1: 0x07060504 ^ 0xee,
  v2: 0x03020100 ^ 0x6c796765,
  v3: 0x07060504 ^ 0x74656462,
};

function printOf(seed: FingerprintSeed, text: string, padding = ""): string {
  const into = { high: 0, low: 0 };
  const bytes = Buffer.from(padding + text + padding);
  fingerprint(seed, bytes, padding.length, bytes.length - padding.length, into);
  return formatFingerprint(into.high, into.low);
}

t.test("a fingerprint is HalfSipHash-2-4 as its authors' test vectors have it [A4]", (t) => {
  // Published vectors of 64 bits, inputs "", 00, 00 01, 00 01 02, …
  const vectors = [
    "218d1f59b9b83cc8",
    "be552412f8387315",
    "064f39ef7c50eb57",
    "ce0f1a45f7060679",
    "d5e78a175be52ea1",
    "cb9d7c3f2f3db580",
    "ce3e91358aa2bc25",
  ];
  const into = { high: 0, low: 0 };
  for (const [length, expected] of vectors.entries()) {
    const input = Uint8Array.from({ length }, (_, index) => index);
    fingerprint(REFERENCE, input, 0, length, into);
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(into.high, 0);
    bytes.writeUInt32LE(into.low, 4);
    t.equal(bytes.toString("hex"), expected, `${length} bytes`);
  }
  t.end();
});

t.test("a session has the same fingerprint wherever its id stands in the bytes of a head", (t) => {
  const seed = fingerprintSeeds(KEY)("shop");
  const plain = printOf(seed, "0123456789abcdefghijklmnopqrst");
  t.equal(printOf(seed, "0123456789abcdefghijklmnopqrst", "x"), plain);
  t.equal(printOf(seed, "0123456789abcdefghijklmnopqrst", "other bytes"), plain);
  t.end();
});

t.test("the same session id of another application, or under another key, is another session", (t) => {
  const prints = [
    printOf(fingerprintSeeds(KEY)("shop"), "abc"),
    printOf(fingerprintSeeds(KEY)("shop2"), "abc"),
    printOf(fingerprintSeeds(KEY)("sho"), "pabc"),
    printOf(fingerprintSeeds(KEY)(""), "shopabc"),
    printOf(fingerprintSeeds(KEY.replace(/^00/, "01"))("shop"), "abc"),
    printOf(fingerprintSeeds(KEY.replace(/1f$/, "1e"))("shop"), "abc"),
    printOf(fingerprintSeeds(KEY)("shop"), "abc\0"),
  ];
  t.equal(new Set(prints).size, prints.length);
  t.end();
});

t.test("a hundred thousand session ids have as many fingerprints, spread evenly over both halves", (t) => {
  const seed = fingerprintSeeds(KEY)("shop");
  const random = seededRandom(7);
  const seen = new Set<string>();
  const byHighByte = new Array<number>(256).fill(0);
  const byLowByte = new Array<number>(256).fill(0);
  const into = { high: 0, low: 0 };
  for (let index = 0; index < 100_000; index += 1) {
    const bytes = Buffer.from(`${index}-${randomBelow(random, 1000)}`);
    fingerprint(seed, bytes, 0, bytes.length, into);
    seen.add(formatFingerprint(into.high, into.low));
    byHighByte[into.high >>> 24] = (byHighByte[into.high >>> 24] ?? 0) + 1;
    byLowByte[into.low & 255] = (byLowByte[into.low & 255] ?? 0) + 1;
  }
  t.equal(seen.size, 100_000);
  // The mean is 391 with a standard deviation of 20: six of them is far outside of chance.
  for (const counts of [byHighByte, byLowByte]) {
    t.ok(Math.max(...counts) < 391 + 120 && Math.min(...counts) > 391 - 120, "no byte is favoured");
  }
  t.end();
});

t.test("a fingerprint is written as 16 hex digits and read back; anything else is refused", (t) => {
  const into = { high: 0, low: 0 };
  t.equal(formatFingerprint(1, 0xffffffff), "00000001ffffffff");
  t.ok(parseFingerprint("00000001ffffffff", into));
  t.same(into, { high: 1, low: 0xffffffff });
  for (const bad of ["", "1", "0000000100000002x", "g000000100000002", " 000000100000002"]) {
    t.notOk(parseFingerprint(bad, into), JSON.stringify(bad));
  }
  t.throws(() => fingerprintSeeds("00ff")("shop"), /64 hex digits/);
  t.throws(() => fingerprintSeeds("zz".repeat(32))("shop"), /64 hex digits/);
  t.end();
});
