// hot: bench/micro/session-table.ts
// The identity of a session: 64 bits of HalfSipHash-2-4, keyed, over the application's id and the session id.
//
// It is an identity, not a secret seal: who has a fingerprint cannot find the session id from it, and without the key
// nobody can make two ids collide on purpose or crowd one shard of the table; but it authenticates nothing. Among a
// million live sessions the odds that any two share a fingerprint are 1 in 37 million (n²/2 ÷ 2⁶⁴); two that did would
// be routed as one session, nothing worse. The session id itself is never kept.

/** State of the hash after the key and an application's id: what every fingerprint of that application starts from. */
export interface FingerprintSeed {
  readonly v0: number;
  readonly v1: number;
  readonly v2: number;
  readonly v3: number;
}

/** Where a fingerprint is put: two unsigned 32-bit halves. One object, reused. */
export interface FingerprintTarget {
  high: number;
  low: number;
}

/** Length of the key in hex digits: 32 bytes. */
const KEY_DIGITS = 64;

/**
 * Makes the seeds of applications; once a routing table, never a request.
 *
 * @param keyHex - `secrets.fingerprintKey` of the table, 64 hex digits; the same in every process of a domain
 * @returns makes the seed from an application's id: equal session ids of two applications are two sessions
 */
export function fingerprintSeeds(keyHex: string): (application: string) => FingerprintSeed {
  const key = Buffer.from(keyHex, "hex");
  if (keyHex.length !== KEY_DIGITS || key.length !== KEY_DIGITS / 2) {
    throw new Error("Broken assertion: the fingerprint key is 64 hex digits");
  }
  const word = (index: number): number => key.readInt32LE(index * 4);
  const keyed: FingerprintSeed = {
    v0: word(0),
    v1: word(1) ^ 0xee,
    v2: word(2) ^ 0x6c796765,
    v3: word(3) ^ 0x74656462,
  };
  const second = { v0: word(4), v1: word(5), v2: word(6) ^ keyed.v2, v3: word(7) ^ keyed.v3 };
  const inner = { high: 0, low: 0 };
  return (application) => {
    const id = Buffer.from(application);
    fingerprint(keyed, id, 0, id.length, inner);
    return { v0: second.v0 ^ inner.high, v1: second.v1 ^ inner.low, v2: second.v2, v3: second.v3 };
  };
}

/** Fingerprints `bytes[start, end)` into `into`; allocates nothing, about 100 ns for 30 bytes. */
export function fingerprint(
  seed: FingerprintSeed,
  bytes: Uint8Array,
  start: number,
  end: number,
  into: FingerprintTarget,
): void {
  let v0 = seed.v0 | 0;
  let v1 = seed.v1 | 0;
  let v2 = seed.v2 | 0;
  let v3 = seed.v3 | 0;
  let at = start;
  // Rounds: two for each word, the last of which holds the tail and the length; then four for each half of the result.
  let rounds = 0;
  let phase = ABSORBING;
  let word = 0;
  let high = 0;
  for (;;) {
    if (rounds === 0) {
      if (phase === ABSORBING) {
        v0 ^= word; // the word before, whose rounds are done; nothing at first
        if (at + 4 <= end) {
          word = wordAt(bytes, at);
          at += 4;
        } else {
          word = tailAt(bytes, at, end) | ((end - start) << 24);
          phase = LAST_WORD;
        }
        v3 ^= word;
        rounds = 2;
      } else if (phase === LAST_WORD) {
        v0 ^= word;
        v2 ^= 0xee;
        phase = FIRST_HALF;
        rounds = 4;
      } else if (phase === FIRST_HALF) {
        high = v1 ^ v3;
        v1 ^= 0xdd;
        phase = SECOND_HALF;
        rounds = 4;
      } else {
        break;
      }
    }
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    rounds -= 1;
  }
  into.high = high >>> 0;
  into.low = (v1 ^ v3) >>> 0;
}

const ABSORBING = 0;
const LAST_WORD = 1;
const FIRST_HALF = 2;
const SECOND_HALF = 3;

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** The 0 to 3 bytes that are left, as the low bytes of a word. */
function tailAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let index = end - 1; index >= at; index -= 1) word = (word << 8) | (bytes[index] ?? 0);
  return word;
}

/** As people and the admin API see it: 16 hex digits. */
export function formatFingerprint(high: number, low: number): string {
  return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0");
}

/** Reads 16 hex digits into `into`; false when the text is no fingerprint. */
export function parseFingerprint(text: string, into: FingerprintTarget): boolean {
  if (!/^[0-9a-fA-F]{16}$/.test(text)) return false;
  into.high = Number.parseInt(text.slice(0, 8), 16);
  into.low = Number.parseInt(text.slice(8), 16);
  return true;
}
