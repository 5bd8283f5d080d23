// Installs what is missing and compiles TypeScript to dist/. Fast when nothing has changed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "node_modules", ".tidegate-lock");

/** Runs a command with our output; ends the process with its status when it fails. */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) console.error(`Cannot run ${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs with `npm ci` when the lock file is not the one that was installed last. */
export function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    return; // somebody shares one folder between checkouts: it is theirs to fill
  }
  console.error("Installing packages (once, about 20 s) ...");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  mkdirSync(join(root, "node_modules"), { recursive: true });
  writeFileSync(stamp, lock);
}

/** Removes compiled files whose source is gone: a deleted test must not run on, nor a deleted module be found. */
function removeStale() {
  const dist = join(root, "dist");
  if (!existsSync(dist)) return;
  for (const file of readdirSync(dist, { recursive: true }).map(String)) {
    const source = file.replace(/\.(js|js\.map|d\.ts)$/, ".ts");
    if (source !== file && !existsSync(join(root, source))) rmSync(join(dist, file));
  }
}

/** Compiles; the compiler itself skips what is up to date. */
export function build() {
  install();
  removeStale();
  run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", root]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
