// A walk through a text that may have mistakes of other kinds: for what is told with its place whatever else is wrong.

import { isScalar } from "yaml";
import { type Place, Reading, type Source } from "./reading.ts";
import type { Shape } from "./shape.ts";

/**
 * Lets `visit` see the text and note mistakes: one line each, `file:line:column: path: message`. None when the text is no
 * YAML, which is told by whoever reads it for good.
 */
export function walk(source: Source, visit: (root: Place, reading: Reading) => void): readonly string[] {
  let isYaml = false;
  const shape: Shape<true> = {
    schema: {},
    example: "",
    read(root, reading) {
      isYaml = true;
      visit(root, reading);
      return true;
    },
  };
  const result = Reading.read(source, shape);
  return isYaml && !result.ok ? (result.fault.details ?? []) : [];
}

/** The items of a list under a key; none when there is no list. */
export function itemsUnder(parent: Place, key: string, reading: Reading): readonly Place[] {
  const value = under(parent, key, reading);
  return value === undefined ? [] : (reading.items(value) ?? []);
}

/** The value of a key. */
export function under(parent: Place, key: string, reading: Reading): Place | undefined {
  return reading.entries(parent)?.find((entry) => entry.key === key)?.value;
}

/** The text at a place; undefined when there is something else. */
export function textOf(place: Place | undefined): string | undefined {
  return isScalar(place?.node) && typeof place.node.value === "string" ? place.node.value : undefined;
}
