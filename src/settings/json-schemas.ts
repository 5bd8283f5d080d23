// The JSON schemas of the settings files, made from the same tables of keys by which they are read. Editors complete by
// them; `scripts/schemas.mjs` writes them to `config`.

import { processSchema } from "./read-process-settings.ts";
import { resourcesSchema } from "./read-resources.ts";
import type { JsonSchema } from "./shape.ts";

/** A schema with the name of its file in `config`. */
export interface SchemaFile {
  readonly file: string;
  readonly text: string;
}

/** Both schemas as their files must be. */
export function schemaFiles(): readonly SchemaFile[] {
  return [
    schemaFile(
      "tidegate.schema.json",
      "Tidegate: settings of a process tree (tidegate.yaml)",
      processSchema(),
    ),
    schemaFile("domain.schema.json", "Tidegate: resources of a domain (domain.yaml)", resourcesSchema()),
  ];
}

function schemaFile(file: string, title: string, schema: JsonSchema): SchemaFile {
  const whole = { $schema: "http://json-schema.org/draft-07/schema#", title, ...schema };
  return { file, text: `${JSON.stringify(whole, null, 2)}\n` };
}
