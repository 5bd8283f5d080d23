// hot: bench/micro/session-table.ts
// What this process has done to its sessions and not yet told the others: fingerprints only, the records are read when
// they are told. Bounded: beyond the limit only the fact that something was dropped is kept, and all is told anew.

/** Most changes of a kind that wait to be told. */
const CHANGES_MAX = 65_536;
const CHANGES_START = 256;

/** A queue of fingerprints, filled at the end and emptied whole or from the front. */
export class FingerprintQueue {
  #pairs = new Int32Array(CHANGES_START * 2);
  #first = 0;
  #end = 0;

  /** Fingerprints that wait. */
  get length(): number {
    return (this.#end - this.#first) / 2;
  }

  /** False when the queue is full: the fingerprint was not taken. */
  push(high: number, low: number): boolean {
    if (this.#end === this.#pairs.length && !this.#makeRoom()) return false;
    this.#pairs[this.#end] = high;
    this.#pairs[this.#end + 1] = low;
    this.#end += 2;
    return true;
  }

  /** High half of the first one; the queue must not be empty. Call `drop` to go on. */
  get high(): number {
    return this.#pairs[this.#first] ?? 0;
  }

  /** Low half of the first one. */
  get low(): number {
    return this.#pairs[this.#first + 1] ?? 0;
  }

  /** Takes the first one out. */
  drop(): void {
    this.#first += 2;
    if (this.#first === this.#end) this.clear();
  }

  clear(): void {
    this.#first = 0;
    this.#end = 0;
  }

  #makeRoom(): boolean {
    if (this.#first > 0) {
      this.#pairs.copyWithin(0, this.#first, this.#end);
      this.#end -= this.#first;
      this.#first = 0;
      return true;
    }
    if (this.#pairs.length >= CHANGES_MAX * 2) return false;
    const pairs = new Int32Array(this.#pairs.length * 2);
    pairs.set(this.#pairs);
    this.#pairs = pairs;
    return true;
  }
}

/** Two queues, by how soon the others must know. */
export class SessionChanges {
  /** Born, moved or ended: told soon, and before the response goes out where that matters. */
  readonly urgent: FingerprintQueue = new FingerprintQueue();
  /** Only seen again: told about once a second. */
  readonly touched: FingerprintQueue = new FingerprintQueue();
  /** Something was dropped: all sessions must be told anew. */
  overflowed = false;

  addUrgent(high: number, low: number): void {
    if (!this.urgent.push(high, low)) this.overflowed = true;
  }

  /** False when it was dropped. */
  addTouched(high: number, low: number): boolean {
    if (this.touched.push(high, low)) return true;
    this.overflowed = true;
    return false;
  }
}
