// Reads stored values, which are `unknown` until read: notes what is not as it should be, and goes on.

/** One stored object. Getters note a mistake and return a stand-in; whoever reads drops all of it when there are any. */
export class StoredReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #mistakes: string[];

  /** @param mistakes - shared by all readers of one value; one sentence is added for each mistake */
  constructor(value: unknown, path: string, mistakes: string[]) {
    this.#path = path;
    this.#mistakes = mistakes;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    this.#fields = isObject ? (value as Record<string, unknown>) : {};
    if (!isObject) mistakes.push(`${path} is not an object`);
  }

  has(key: string): boolean {
    return this.#fields[key] !== undefined;
  }

  isText(key: string): boolean {
    return typeof this.#fields[key] === "string";
  }

  text<Text extends string>(key: string): Text {
    const value = this.#fields[key];
    if (typeof value === "string") return value as Text;
    this.#refuse(key, "a text");
    return "" as Text;
  }

  number<Amount extends number>(key: string): Amount {
    const value = this.#fields[key];
    if (typeof value === "number" && Number.isFinite(value)) return value as Amount;
    this.#refuse(key, "a number");
    return 0 as Amount;
  }

  flag(key: string): boolean {
    const value = this.#fields[key];
    if (typeof value !== "boolean") this.#refuse(key, "true or false");
    return value === true;
  }

  /** One of a few words; the first one stands in. */
  word<const Word extends string>(key: string, words: readonly [Word, ...Word[]]): Word {
    const value = this.#fields[key];
    const word = words.find((one) => one === value);
    if (word === undefined) this.#refuse(key, `one of ${words.join(", ")}`);
    return word ?? words[0];
  }

  texts<Text extends string>(key: string): readonly Text[] {
    const value = this.#fields[key];
    const isTexts = Array.isArray(value) && value.every((one) => typeof one === "string");
    if (isTexts) return value as Text[];
    this.#refuse(key, "a list of texts");
    return [];
  }

  object(key: string): StoredReader {
    return new StoredReader(this.#fields[key], `${this.#path}.${key}`, this.#mistakes);
  }

  list<Item>(key: string, read: (item: StoredReader) => Item): readonly Item[] {
    const value = this.#fields[key];
    if (Array.isArray(value)) {
      return value.map((item, index) =>
        read(new StoredReader(item, `${this.#path}.${key}[${index}]`, this.#mistakes)),
      );
    }
    this.#refuse(key, "a list");
    return [];
  }

  /** `{ [key]: read() }` when the key is there, else nothing: for fields that are left out. */
  optional<const Name extends string, Value>(
    key: Name,
    read: (key: Name) => Value,
  ): { readonly [K in Name]?: Value } {
    return this.has(key) ? ({ [key]: read(key) } as { readonly [K in Name]?: Value }) : {};
  }

  #refuse(key: string, what: string): void {
    this.#mistakes.push(`${this.#path}.${key} is not ${what}`);
  }
}
