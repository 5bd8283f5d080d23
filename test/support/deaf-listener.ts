// A TCP port of this machine that answers no new connection: a stopped process listens there, and its queue is full.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Test } from "tap";

const LISTEN = `require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
  process.stdout.write(String(this.address().port));
});`;
/** More than the kernel's queue takes for a backlog of 1. */
const FILLERS = 4;

/** The address of the port. It is gone with the test. */
export async function deafListener(t: Test): Promise<string> {
  const child = spawn(process.execPath, ["-e", LISTEN], { stdio: ["ignore", "pipe", "ignore"] });
  const fillers: Socket[] = [];
  t.teardown(async () => {
    for (const filler of fillers) filler.destroy();
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGSTOP");
  for (let index = 0; index < FILLERS; index += 1) {
    const filler = connect({ host: "127.0.0.1", port: Number(port.toString()) });
    filler.on("error", () => undefined);
    fillers.push(filler);
  }
  await once(fillers[0] as Socket, "connect");
  return `127.0.0.1:${port.toString()}`;
}
