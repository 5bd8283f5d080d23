// What the operating system tells about this process, and how it ends.

import { hostname } from "node:os";

/** This process's id. */
export function ownPid(): number {
  return process.pid;
}

/** Memory of this process: the heap in use and all that is resident. */
export function memoryBytes(): { readonly heapBytes: number; readonly rssBytes: number } {
  return { heapBytes: process.memoryUsage().heapUsed, rssBytes: process.memoryUsage.rss() };
}

/** A variable of the environment; undefined when it is not set or empty. */
export function environmentVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

/** Command-line arguments, without the runtime and the script. */
export function commandLine(): readonly string[] {
  return process.argv.slice(2);
}

/** Name of this machine. */
export function machineName(): string {
  return hostname();
}

/** The folder that relative paths start from. */
export function workingFolder(): string {
  return process.cwd();
}

/** Ends this process now; whatever was not written is lost. */
export function exitNow(status: number): never {
  process.exit(status);
}

/** The exit status for when nothing keeps the process alive any more. */
export function setExitStatus(status: number): void {
  process.exitCode = status;
}

/** Calls when an error has come through everything: our own defect. The caller logs it whole and ends the process. */
export function onUncaught(handler: (error: unknown) => void): void {
  process.on("uncaughtException", handler);
  process.on("unhandledRejection", handler);
}

/** Keeps this process running though nothing else does, such as between the death of all children and their restart. */
export function stayAlive(): () => void {
  const timer = setInterval(() => undefined, 2 ** 30);
  return () => clearInterval(timer);
}
