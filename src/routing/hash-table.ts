// hot: bench/micro/decide.ts
// A look-up of entries by a 32-bit hash. Entries whose hashes meet are a chain, which the caller walks and compares.
//
// Why not a `Map`: a table of 10,000 applications has 50,000 look-ups of one entry or none, and an empty `Map` takes 290
// bytes (this one 40). They were a third of all that compiling leaves to the garbage collector, whose pauses it shows in.

/** What a hash table keeps: an entry is in one table at most. */
export interface Hashed<Self> {
  readonly hash: number;
  /** The next one of the chain; kept by the table. */
  next: Self | null;
}

/** Entries by hash; built by `add`, then only asked. */
export class HashTable<Entry extends Hashed<Entry>> {
  /** First entries of the chains; as many as a power of two, or none. */
  #chains: (Entry | null)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first entry of the chain in which entries of this hash are, newest first; the chain may hold others too. */
  chain(hash: number): Entry | null {
    const chains = this.#chains;
    return chains.length === 0 ? null : (chains[hash & (chains.length - 1)] as Entry | null);
  }

  add(entry: Entry): void {
    if (this.#size === this.#chains.length) this.#grow();
    this.#size += 1;
    this.#put(entry);
  }

  #put(entry: Entry): void {
    const at = entry.hash & (this.#chains.length - 1);
    entry.next = this.#chains[at] as Entry | null;
    this.#chains[at] = entry;
  }

  #grow(): void {
    const before = this.#chains;
    this.#chains = new Array<Entry | null>(Math.max(1, 2 * before.length)).fill(null);
    for (const first of before) {
      const chain: Entry[] = [];
      for (let entry = first; entry !== null; entry = entry.next) chain.push(entry);
      for (let entry = chain.pop(); entry !== undefined; entry = chain.pop()) this.#put(entry);
    }
  }
}
