// Builds, then measures: `npm run bench -- --help` says how. `npm run bench -- micro` runs the micro-benches.

import { build } from "./build.mjs";

build();
if (process.argv[2] === "micro") {
  process.argv.splice(2, 1);
  await import("../dist/bench/micro/run.js");
} else await import("../dist/bench/main.js");
