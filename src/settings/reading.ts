// Reads one YAML text: finds values with their places, and collects every mistake as `file:line:column: message`.

import type { Document, Node, Pair, ParsedNode } from "yaml";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { Shape } from "./shape.ts";

/** Aliases that a text may use: more is no settings file, but one that was made to grow when it is read. */
const ALIASES_MAX = 100_000;
const MISTAKES_SHOWN = 100;

/** A value in the text with the way to it, such as `router.client.idleTimeout`. */
export interface Place {
  readonly path: string;
  /** Undefined when nothing is written there. */
  readonly node: Node | undefined;
  /** Where the value begins in the text, or that in which it is missing. */
  readonly offset: number;
}

/** One pair of a mapping. */
export interface Entry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: Place;
}

/** A text and the path of its file. */
export interface Source {
  readonly text: string;
  readonly file: string;
}

interface Mistake {
  readonly offset: number;
  readonly message: string;
}

/** One text while it is read. */
export class Reading {
  readonly #file: string;
  readonly #lines: LineCounter = new LineCounter();
  readonly #document: Document.Parsed;
  readonly #mistakes: Mistake[] = [];
  #aliases = 0;

  /** @param source - `file` is how mistakes name the text; it is not opened */
  constructor({ text, file }: Source) {
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { code, message, pos } of this.#document.errors) {
      const plain = code === "MULTIPLE_DOCS" ? "A second document begins here; write one only" : message;
      this.#mistakes.push({ offset: pos[0], message: plain.split("\n")[0] ?? plain });
    }
  }

  /** Reads the whole text by a shape; `BAD_SETTINGS` with every mistake when there are any. */
  static read<T>(source: Source, shape: Shape<T>): Result<T> {
    const reading = new Reading(source);
    // What follows a syntax error would be guesswork, and its mistakes misleading.
    const value = reading.#mistakes.length === 0 ? shape.read(reading.#root(), reading) : undefined;
    if (value !== undefined && reading.#mistakes.length === 0) return ok(value);
    return refuse("BAD_SETTINGS", reading.#summary(), { details: reading.#details() });
  }

  /** Notes a mistake at a place; its path is written before the message. */
  refuse(place: Place, message: string): undefined {
    this.refuseAt(place.offset, place.path === "" ? message : `${place.path}: ${message}`);
    return undefined;
  }

  /** Notes a mistake at a position in the text. */
  refuseAt(offset: number, message: string): void {
    this.#mistakes.push({ offset, message });
  }

  get mistakeCount(): number {
    return this.#mistakes.length;
  }

  /** The pairs of a mapping; undefined when the place holds something else. Nothing written there is an empty one. */
  entries(place: Place): readonly Entry[] | undefined {
    if (isEmpty(place)) return [];
    if (!isMap(place.node)) return undefined;
    return place.node.items.map((pair) => this.#entry(place, pair as Pair<ParsedNode, ParsedNode | null>));
  }

  /** The items of a sequence; undefined when the place holds something else. Nothing written there is an empty one. */
  items(place: Place): readonly Place[] | undefined {
    if (isEmpty(place)) return [];
    if (!isSeq(place.node)) return undefined;
    return place.node.items.map((item, index) =>
      this.#place(`${place.path}[${index}]`, item as ParsedNode | null, place.offset),
    );
  }

  /** A value that is not in the text, such as a default. */
  placeOf(value: unknown, like: Place): Place {
    return { path: like.path, node: this.#document.createNode(value), offset: like.offset };
  }

  #root(): Place {
    return this.#place("", this.#document.contents, 0);
  }

  #entry(parent: Place, pair: Pair<ParsedNode, ParsedNode | null>): Entry {
    const key = isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : String(pair.key);
    const keyOffset = pair.key.range?.[0] ?? parent.offset;
    const path = parent.path === "" ? key : `${parent.path}.${key}`;
    return { key, keyOffset, value: this.#place(path, pair.value, keyOffset) };
  }

  #place(path: string, written: ParsedNode | Node | null, parentOffset: number): Place {
    const offset = written?.range?.[0] ?? parentOffset;
    if (!isAlias(written)) return { path, node: written ?? undefined, offset };
    this.#aliases += 1;
    const node = this.#aliases > ALIASES_MAX ? undefined : written.resolve(this.#document);
    if (this.#aliases === ALIASES_MAX + 1) this.refuseAt(offset, `More than ${ALIASES_MAX} aliases`);
    return { path, node, offset };
  }

  #summary(): string {
    const count = this.#mistakes.length;
    return `Cannot use "${this.#file}": it has ${count === 1 ? "a mistake" : `${count} mistakes`}`;
  }

  #details(): readonly string[] {
    const ordered = [...this.#mistakes].sort((one, other) => one.offset - other.offset);
    const shown = ordered.slice(0, MISTAKES_SHOWN).map(({ offset, message }) => {
      const { line, col } = this.#lines.linePos(offset);
      return `${this.#file}:${Math.max(1, line)}:${Math.max(1, col)}: ${message}`;
    });
    const hidden = ordered.length - shown.length;
    return hidden > 0 ? [...shown, `… and ${hidden} more`] : shown;
  }
}

/** Nothing is written there: `key:` alone is the same as leaving the key out. */
export function isEmpty(place: Place): boolean {
  return place.node === undefined || (isScalar(place.node) && place.node.value === null);
}
