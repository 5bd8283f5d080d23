#!/usr/bin/env node
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/src/main.js", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  const clone = dirname(dirname(fileURLToPath(import.meta.url)));
  console.error(`tidegate: Tidegate is not built yet\n  hint: Run \`npm run build\` in ${clone}`);
  process.exitCode = 1;
}
