// A mistake that shows only when the settings meet the machine, such as a file that is not there: told with the place of
// the setting, as those are that the text shows by itself.

import { type Place, Reading, type Source } from "./reading.ts";
import type { Shape } from "./shape.ts";

/**
 * The line for a setting: `file:line:column: path: message`. A setting that is not written has the place of the nearest
 * one around it that is.
 */
export function settingMistake(source: Source, keys: readonly string[], message: string): string {
  const walk: Shape<true> = {
    schema: {},
    example: "",
    read(root, reading) {
      reading.refuse(placeOf(root, keys, reading), message);
      return true;
    },
  };
  const result = Reading.read(source, walk);
  return result.ok ? message : (result.fault.details?.[0] ?? message);
}

function placeOf(root: Place, keys: readonly string[], reading: Reading): Place {
  let place = root;
  for (const key of keys) {
    const entry = reading.entries(place)?.find((each) => each.key === key);
    if (entry === undefined) break;
    place = entry.value;
  }
  return place;
}
