// Shapes: what a value in a settings file must look like. One description gives the reader, its messages and the JSON schema.

import { assert } from "../base/assert.ts";
import { nearest } from "../base/nearest.ts";
import type { Place, Reading } from "./reading.ts";
import { isEmpty } from "./reading.ts";

/** A JSON schema; `false` lets nothing pass. */
export type JsonSchema = Readonly<Record<string, unknown>> | false;

/** What a value must look like: reads it, notes what is wrong, and describes itself as JSON schema. */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /** What to write, for messages. */
  readonly example: string;
  /** The value, or undefined after noting what is wrong. */
  read(place: Place, reading: Reading): T | undefined;
}

/** A key of a mapping: its shape, what it is for, and what holds when it is left out. */
export interface Key<T> {
  readonly shape: Shape<T>;
  /** One line for people. */
  readonly help: string;
  readonly isRequired: boolean;
  /** The default as one would write it; undefined when there is none. */
  readonly written: unknown;
  readonly needsRestart: boolean;
}

/** What there is to say of a key beyond its shape. */
export interface KeyNotes {
  readonly help: string;
  readonly needsRestart?: boolean;
}

/** A key that must be written. */
export function required<T>(shape: Shape<T>, { help, needsRestart = false }: KeyNotes): Key<T> {
  return { shape, help, isRequired: true, written: undefined, needsRestart };
}

/** A key with a default, given as one would write it. */
export function defaulted<T>(
  shape: Shape<T>,
  { help, needsRestart = false, ...rest }: KeyNotes & { readonly default: unknown },
): Key<T> {
  return { shape, help, isRequired: false, written: rest.default, needsRestart };
}

/** A key that may be left out; it is undefined then. */
export function optional<T>(shape: Shape<T>, { help, needsRestart = false }: KeyNotes): Key<T | undefined> {
  return { shape, help, isRequired: false, written: undefined, needsRestart };
}

/** What a mapping of these keys holds once it is read. */
export type RecordOf<Keys extends Readonly<Record<string, Key<unknown>>>> = {
  readonly [Name in keyof Keys]: Keys[Name] extends Key<infer T> ? T : never;
};

/** A mapping with these keys and no others; a mistyped one is told with the nearest known one. */
export function record<Keys extends Readonly<Record<string, Key<unknown>>>>(
  keys: Keys,
  example: string,
): Shape<RecordOf<Keys>> {
  return {
    schema: recordSchema(keys),
    example,
    read(place, reading) {
      const before = reading.mistakeCount;
      const entries = reading.entries(place);
      if (entries === undefined)
        return reading.refuse(place, `Not a set of keys; write for example ${example}`);
      const written = new Map<string, Place>();
      const mistyped = new Set<string>();
      for (const { key, keyOffset, value } of entries) {
        if (Object.hasOwn(keys, key)) written.set(key, value);
        else mistyped.add(refuseKey(key, keyOffset, { place, keys, reading }));
      }
      const values: Record<string, unknown> = {};
      for (const [name, key] of Object.entries(keys)) {
        // One mistake, one message: a key that was mistyped is not also missing.
        if (mistyped.has(name) && !written.has(name)) continue;
        values[name] = readKey(name, key, { written: written.get(name), parent: place }, reading);
      }
      return reading.mistakeCount === before ? (values as RecordOf<Keys>) : undefined;
    },
  };
}

function readKey<T>(
  name: string,
  key: Key<T>,
  at: { readonly written: Place | undefined; readonly parent: Place },
  reading: Reading,
): T | undefined {
  const { written, parent } = at;
  if (written !== undefined && !isEmpty(written)) return key.shape.read(written, reading);
  const path = parent.path === "" ? name : `${parent.path}.${name}`;
  if (key.isRequired) {
    return reading.refuse(parent, `"${name}" is missing; write for example ${name}: ${key.shape.example}`);
  }
  if (key.written === undefined) return undefined;
  const before = reading.mistakeCount;
  const value = key.shape.read(
    reading.placeOf(key.written, { path, node: undefined, offset: parent.offset }),
    reading,
  );
  assert(reading.mistakeCount === before, `the default of ${path} has the shape of ${path}`);
  return value;
}

/** Notes an unknown key; returns the known one that was meant, empty when none is near. */
function refuseKey(
  key: string,
  offset: number,
  at: { readonly place: Place; readonly keys: object; readonly reading: Reading },
): string {
  const known = Object.keys(at.keys);
  const meant = nearest(key, known);
  const where = at.place.path === "" ? "" : `${at.place.path}: `;
  const advice = meant === undefined ? `; known are ${known.join(", ")}` : `; did you mean "${meant}"?`;
  at.reading.refuseAt(offset, `${where}Unknown key "${key}"${advice}`);
  return meant ?? "";
}

function recordSchema(keys: Readonly<Record<string, Key<unknown>>>): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [name, { shape, help, written, needsRestart }] of Object.entries(keys)) {
    properties[name] = shape.schema !== false && {
      ...shape.schema,
      description: needsRestart ? `${help} Needs a restart.` : help,
      ...(written === undefined ? {} : { default: written }),
    };
  }
  const names = Object.keys(keys).filter((name) => keys[name]?.isRequired);
  return {
    type: "object",
    properties,
    ...(names.length === 0 ? {} : { required: names }),
    additionalProperties: false,
  };
}

/** A list of values of one shape, at least `minimum`; of two items with one `identity` the second is refused. */
export function list<T>(
  item: Shape<T>,
  limits: { readonly minimum?: number; readonly identity?: (value: T) => string } = {},
): Shape<readonly T[]> {
  const { minimum = 0, identity } = limits;
  const example = `[${item.example}]`;
  return {
    schema: { type: "array", items: item.schema, ...(minimum > 0 ? { minItems: minimum } : {}) },
    example,
    read(place, reading) {
      const items = reading.items(place);
      if (items === undefined) return reading.refuse(place, `Not a list; write for example ${example}`);
      if (items.length < minimum)
        return reading.refuse(place, `The list is empty; write for example ${example}`);
      const values: T[] = [];
      const seen = new Set<string>();
      for (const one of items) {
        const value = item.read(one, reading);
        if (value === undefined) continue;
        values.push(value);
        const id = identity?.(value);
        if (id === undefined) continue;
        if (seen.has(id)) reading.refuse(one, `"${id}" is declared twice`);
        seen.add(id);
      }
      return values;
    },
  };
}

/** A shape whose value is made from another's; `make` may refuse what cannot be seen from one key alone. */
export function made<From, To>(
  shape: Shape<From>,
  make: (value: From, place: Place, reading: Reading) => To | undefined,
): Shape<To> {
  return {
    schema: shape.schema,
    example: shape.example,
    read(place, reading) {
      const value = shape.read(place, reading);
      return value === undefined ? undefined : make(value, place, reading);
    },
  };
}

/** A key that is known and refused, with the reason: better than calling it unknown. */
export function refused(message: string): Shape<never> {
  return { schema: false, example: "", read: (place, reading) => reading.refuse(place, message) };
}
