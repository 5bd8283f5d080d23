// hot: bench/micro/decide.ts
// Where a session's identity stands in the value of its cookie: what stays the same for as long as the session lives.

/** Reads identities, one after the other, into its own fields. */
export interface SessionIdentity {
  start: number;
  end: number;
  /** Finds the identity in the value `bytes[start, end)`. */
  read(bytes: Uint8Array, start: number, end: number): void;
}

/** The value is the identity. */
export class WholeValue implements SessionIdentity {
  start = 0;
  end = 0;

  read(_bytes: Uint8Array, start: number, end: number): void {
    this.start = start;
    this.end = end;
  }
}

/** The identity stands between a cache id of fixed length and the first separator, behind which routes follow (§4.1). */
export class ValueWithRoutes implements SessionIdentity {
  start = 0;
  end = 0;
  /** A separator follows the identity. */
  hasRoutes = false;
  readonly #separator: number;
  readonly #cacheIdLength: number;

  constructor(separator: number, cacheIdLength: number) {
    this.#separator = separator;
    this.#cacheIdLength = cacheIdLength;
  }

  read(bytes: Uint8Array, start: number, end: number): void {
    this.start = end - start > this.#cacheIdLength ? start + this.#cacheIdLength : start;
    let at = this.start;
    while (at < end && bytes[at] !== this.#separator) at += 1;
    this.end = at;
    this.hasRoutes = at < end;
  }
}
