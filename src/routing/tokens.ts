// The router's own cookies (SPEC A2): sealed with AES-256-GCM, bound to the application by its additional data, so that nobody
// can make one, read one, or use one for another application. The first key seals, all of them open.
//
//   token = base64url( version 1 · key id 1 · nonce 12 · sealed · tag 16 )
//   sealed = issued 4 · born 4 · session 8 · instance key, padded to a multiple of 32
//
// Opening costs some 8 µs, so that opened tokens are kept: a table of fixed size, found by a hash of the token's octets,
// which are then compared whole. When two tokens fall on one place the later one takes it.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { InstanceState } from "./compiled.ts";
import type { InstanceStates } from "./instance-states.ts";
import { hashOctets, startsWithOctets } from "./octet-hash.ts";

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 2 + NONCE_BYTES;
const FIXED_BYTES = 16;
const PADDING = 32;
/** Longer cookies are not ours: a key has three names of 64 characters at most. */
const TOKEN_CHARACTERS_MAX = 400;
const CACHED_MAX = 16_384;

/** What a token says once it is opened. */
export interface OpenedToken {
  readonly issuedSeconds: number;
  /** When its first token was issued. */
  readonly bornSeconds: number;
  readonly high: number;
  readonly low: number;
  readonly state: InstanceState;
}

interface SealKey {
  readonly id: number;
  readonly secret: Buffer;
}

interface CachedToken {
  readonly octets: Uint8Array;
  readonly application: string;
  readonly opened: OpenedToken;
}

/** Seals and opens tokens with the keys of one table. */
export class Tokens {
  readonly #keys: readonly SealKey[];
  readonly #states: InstanceStates;
  readonly #cached: (CachedToken | undefined)[] = [];

  /** @param keys - hex, 32 bytes each; without any, nothing is sealed and nothing opens */
  constructor(keys: readonly string[], states: InstanceStates) {
    this.#keys = keys.map(sealKey);
    this.#states = states;
  }

  /** A new session id, as two unsigned halves. */
  newSession(): { readonly high: number; readonly low: number } {
    const bytes = randomBytes(8);
    return { high: bytes.readUInt32LE(0), low: bytes.readUInt32LE(4) };
  }

  /** Seals a token; null when there is no key. */
  seal(application: string, token: OpenedToken): string | null {
    const key = this.#keys[0];
    if (key === undefined) return null;
    const name = Buffer.from(token.state.key, "utf8");
    const plain = Buffer.alloc(Math.ceil((FIXED_BYTES + name.length) / PADDING) * PADDING);
    plain.writeUInt32LE(token.issuedSeconds, 0);
    plain.writeUInt32LE(token.bornSeconds, 4);
    plain.writeUInt32LE(token.high, 8);
    plain.writeUInt32LE(token.low, 12);
    name.copy(plain, FIXED_BYTES);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key.secret, nonce);
    cipher.setAAD(Buffer.from(application, "utf8"));
    const sealed = cipher.update(plain);
    cipher.final();
    return Buffer.concat([Buffer.from([VERSION, key.id]), nonce, sealed, cipher.getAuthTag()]).toString(
      "base64url",
    );
  }

  /** Opens the token in `bytes[start, end)`; null when it is forged, another application's, or sealed with a key that is gone. */
  open(application: string, bytes: Buffer, start: number, end: number): OpenedToken | null {
    const length = end - start;
    if (length > TOKEN_CHARACTERS_MAX) return null;
    const place = hashOctets(bytes, start, end) & (CACHED_MAX - 1);
    const cached = this.#cached[place];
    if (
      cached !== undefined &&
      cached.octets.length === length &&
      cached.application === application &&
      startsWithOctets(bytes, start, cached.octets)
    ) {
      return cached.opened;
    }
    const opened = this.#unseal(application, bytes.toString("latin1", start, end));
    if (opened !== null) {
      this.#cached[place] = { octets: Uint8Array.from(bytes.subarray(start, end)), application, opened };
    }
    return opened;
  }

  #unseal(application: string, text: string): OpenedToken | null {
    const token = Buffer.from(text, "base64url");
    const sealedEnd = token.length - TAG_BYTES;
    if (sealedEnd < HEAD_BYTES + FIXED_BYTES || token[0] !== VERSION) return null;
    for (const key of this.#keys) {
      if (key.id !== token[1]) continue;
      const plain = unsealWith(key, application, token, sealedEnd);
      if (plain !== null) return this.#read(plain);
    }
    return null;
  }

  #read(plain: Buffer): OpenedToken {
    const padding = plain.indexOf(0, FIXED_BYTES);
    const key = plain.toString("utf8", FIXED_BYTES, padding < 0 ? plain.length : padding);
    return {
      issuedSeconds: plain.readUInt32LE(0),
      bornSeconds: plain.readUInt32LE(4),
      high: plain.readUInt32LE(8),
      low: plain.readUInt32LE(12),
      state: this.#states.stateOf(key),
    };
  }
}

function sealKey(hex: string): SealKey {
  const secret = Buffer.from(hex, "hex");
  if (secret.length !== 32) throw new Error("Broken assertion: a token key is 64 hex digits");
  return { id: createHash("sha256").update(secret).digest()[0] ?? 0, secret };
}

function unsealWith(key: SealKey, application: string, token: Buffer, sealedEnd: number): Buffer | null {
  const decipher = createDecipheriv("aes-256-gcm", key.secret, token.subarray(2, HEAD_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(application, "utf8"));
  decipher.setAuthTag(token.subarray(sealedEnd));
  const plain = decipher.update(token.subarray(HEAD_BYTES, sealedEnd));
  try {
    decipher.final();
  } catch {
    return null; // forged, or sealed for another application: the request has no token
  }
  return plain;
}
