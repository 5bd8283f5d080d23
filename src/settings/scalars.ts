// Shapes of single values: durations, sizes, counts, flags, choices, texts.

import { isScalar } from "yaml";
import { nearest } from "../base/nearest.ts";
import { formatDurationMs, parseDurationMs, parseSizeBytes } from "../base/units.ts";
import type { Place } from "./reading.ts";
import type { Shape } from "./shape.ts";

/** What is written at a place as text, numbers and flags as they stand there; undefined for lists and mappings. */
function textAt(place: Place): string | undefined {
  const { node } = place;
  if (!isScalar(node)) return undefined;
  return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
}

/** A value for messages: quoted, and short. */
function shown(place: Place): string {
  const text = textAt(place);
  if (text === undefined) return "A list or set of keys";
  return `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
}

interface Limits {
  readonly min: number;
  readonly max: number;
}

/** A time such as `30s`, `5m` or `1h30m` (a bare number is seconds); limits and value in ms. */
export function duration(example: string, limits: Partial<Limits> = {}): Shape<number> {
  const { min = 0, max = 366 * 86_400_000 } = limits;
  return {
    schema: {
      type: ["string", "number"],
      pattern: "^\\s*((\\d+(\\.\\d+)?(ms|s|m|h|d))+|\\d+(\\.\\d+)?)\\s*$",
      minimum: min / 1000,
      maximum: max / 1000,
    },
    example,
    read(place, reading) {
      const value = parseDurationMs(textAt(place) ?? "");
      if (value === undefined) {
        return reading.refuse(place, `${shown(place)} is not a duration; write for example ${example}`);
      }
      if (value >= min && value <= max) return value;
      const range = `from ${formatDurationMs(min)} to ${formatDurationMs(max)}`;
      return reading.refuse(place, `${shown(place)} is out of range; write a duration ${range}`);
    },
  };
}

/** A size such as `64k` or `1m` (a bare number is bytes, units are powers of 1024); limits and value in bytes. */
export function size(example: string, limits: Limits): Shape<number> {
  const { min, max } = limits;
  return {
    schema: {
      type: ["string", "integer"],
      pattern: "^\\s*\\d+(\\.\\d+)?\\s*([bB]|[kKmMgG](i?[bB])?)?\\s*$",
      minimum: min,
      maximum: max,
    },
    example,
    read(place, reading) {
      const value = parseSizeBytes(textAt(place) ?? "");
      if (value === undefined) {
        return reading.refuse(place, `${shown(place)} is not a size; write for example ${example}`);
      }
      if (value >= min && value <= max) return value;
      return reading.refuse(
        place,
        `${shown(place)} is out of range; write a size from ${sizeText(min)} to ${sizeText(max)}`,
      );
    },
  };
}

function sizeText(bytes: number): string {
  if (bytes >= 1024 ** 2 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}m`;
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024}k` : String(bytes);
}

/** A whole number within limits. */
export function count(example: number, limits: Limits): Shape<number> {
  const { min, max } = limits;
  return {
    schema: { type: "integer", minimum: min, maximum: max },
    example: String(example),
    read(place, reading) {
      const value = isScalar(place.node) ? place.node.value : undefined;
      if (typeof value !== "number" || !Number.isInteger(value)) {
        return reading.refuse(place, `${shown(place)} is not a whole number; write for example ${example}`);
      }
      if (value >= min && value <= max) return value;
      return reading.refuse(place, `${value} is out of range; write a whole number from ${min} to ${max}`);
    },
  };
}

/** `true` or `false`. */
export const FLAG: Shape<boolean> = {
  schema: { type: "boolean" },
  example: "true",
  read(place, reading) {
    const value = isScalar(place.node) ? place.node.value : undefined;
    if (typeof value === "boolean") return value;
    return reading.refuse(place, `${shown(place)} is not a flag; write true or false`);
  },
};

/** One of a few words. */
export function choice<const Word extends string>(words: readonly Word[]): Shape<Word> {
  return {
    schema: { enum: words },
    example: words[0] ?? "",
    read(place, reading) {
      const text = textAt(place);
      const word = words.find((one) => one === text);
      if (word !== undefined) return word;
      const meant = text === undefined ? undefined : nearest(text, words);
      const advice = meant === undefined ? "" : `; did you mean "${meant}"?`;
      return reading.refuse(place, `${shown(place)} is none of ${words.join(", ")}${advice}`);
    },
  };
}

/** What there is to say of a text: the message is `"x" is not a network; write for example 10.0.0.0/8`. */
interface TextNotes {
  /** Such as "a network". */
  readonly what: string;
  readonly example: string;
  /** For the JSON schema, where a regular expression can say it. */
  readonly pattern?: string;
}

/** A text that `parse` understands; what it makes of the text is the value. */
export function text<T>(
  { what, example, pattern }: TextNotes,
  parse: (text: string) => T | undefined,
): Shape<T> {
  return {
    schema: { type: ["string", "number"], ...(pattern === undefined ? {} : { pattern }) },
    example,
    read(place, reading) {
      const written = textAt(place);
      const value = written === undefined ? undefined : parse(written);
      if (value !== undefined) return value;
      return reading.refuse(place, `${shown(place)} is not ${what}; write for example ${example}`);
    },
  };
}

/** Either of two shapes: the first one when `isFirst` says so of the written text. */
export function either<One, Other>(
  first: Shape<One>,
  other: Shape<Other>,
  isFirst: (text: string | undefined) => boolean,
): Shape<One | Other> {
  return {
    schema: { anyOf: [first.schema, other.schema] },
    example: first.example,
    read: (place, reading) =>
      isFirst(textAt(place)) ? first.read(place, reading) : other.read(place, reading),
  };
}
