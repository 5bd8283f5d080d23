// Runs the micro-benches of this folder one after another, each in a process of its own, so that none warms or spoils the
// heap of the next. `npm run bench -- micro [words]` runs those whose name has one of the words.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { canPin } from "../processes.ts";

const FOLDER = import.meta.dirname;
/** Files of this folder that measure nothing by themselves. */
const SUPPORT = ["run.js", "routing-site.js"];

const words = process.argv.slice(2);
const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".js") && !SUPPORT.includes(file))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();

if (files.length === 0) console.error("No micro-bench has that name");
for (const file of files) {
  console.log(`\n${file.replace(/\.js$/, "")}`);
  const command = [...(canPin ? ["taskset", "-c", "0"] : []), process.execPath, join(FOLDER, file)];
  const { status } = spawnSync(command[0] ?? "", command.slice(1), { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
