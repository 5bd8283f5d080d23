// A mistake that shows only when the settings meet the machine, such as a file that is not there: told with the place of
// the setting, as those are that the text shows by itself.

import type { Source } from "./reading.ts";
import { under, walk } from "./walk.ts";

/**
 * The line for a setting: `file:line:column: path: message`. A setting that is not written has the place of the nearest
 * one around it that is.
 */
export function settingMistake(source: Source, keys: readonly string[], message: string): string {
  const [line] = walk(source, (root, reading) => {
    let place = root;
    for (const key of keys) {
      const next = under(place, key, reading);
      if (next === undefined) break;
      place = next;
    }
    reading.refuse(place, message);
  });
  return line ?? message;
}
