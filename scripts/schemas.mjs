// Writes the JSON schemas of the settings files to config/: `node scripts/schemas.mjs`, after a change of their keys.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

build();
const { schemaFiles } = await import("../dist/src/settings/json-schemas.js");
for (const { file, text } of schemaFiles()) {
  writeFileSync(join(root, "config", file), text);
  console.log(`config/${file}`);
}
