// No accepted command is lost, whatever happens to control or to its disk.

import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { SEED } from "../support/crowd.ts";
import { type Site, startSite } from "../support/site.ts";
import { UserClient } from "../support/user-client.ts";

t.setTimeout(170_000);

const DEATHS = 4;

interface Events {
  readonly entries: readonly { readonly revision: number; readonly command: { readonly origin: object } }[];
}

/** Reasons of all commands, oldest first. */
async function reasons(t: Test, site: Site): Promise<readonly string[]> {
  const { entries } = await site.get<Events>("/v1/events?after=0&limit=1000");
  t.ok(
    entries.every((entry, index) => entry.revision === index + 1),
    "revisions have no gap",
  );
  return entries.map(({ command }) => (command.origin as { readonly reason?: string }).reason ?? "");
}

t.test(
  `control is killed amid mode changes: what it had accepted is kept, in order [F2] (seed ${SEED})`,
  async (t) => {
    const site = await startSite(t, { servers: [{}, {}], workers: 2 });
    const random = seededRandom(SEED);
    const accepted: string[] = [];
    let number = 0;
    for (let death = 0; death < DEATHS; death += 1) {
      const deadline = accepted.length + 5 + randomBelow(random, 40);
      const isAt = (count: number): boolean => accepted.length >= count;
      let isDead = false;
      // Several at a time, so that the kill meets some in every stage.
      const operators = Array.from({ length: 4 }, async (_, operator) => {
        while (!isDead) {
          number += 1;
          const reason = `change ${number}`;
          const mode = number % 2 === 0 ? "affinity" : "normal";
          const path = `/v1/servers/Server0${1 + (operator % 2)}/mode`;
          const { status } = await site.call("PUT", path, { mode, reason });
          if (status === 200) accepted.push(reason);
        }
      });
      await site.until("some are accepted", () => isAt(deadline));
      await site.kill("control");
      isDead = true;
      await Promise.all(operators);
      await site.until("control is back", async () => (await site.call("GET", "/readyz")).status === 200);
      const kept = await reasons(t, site);
      const missing = accepted.filter((reason) => !kept.includes(reason));
      t.same(missing, [], "nothing accepted is missing");
      t.equal(
        new Set(kept.filter((reason) => reason !== "")).size,
        kept.filter((reason) => reason !== "").length,
      );
    }
    t.match(await site.cli("mode", "Server01", "break"), { status: 0 });
  },
);

t.test(
  "a full disk refuses changes clearly, traffic goes on, and space is enough to go on [F2]",
  async (t) => {
    if (!mayMount()) {
      t.comment("this user may not mount a small disk; test/journal has the same with an injected one");
      return t.pass("left out");
    }
    const site = await startSite(t, { servers: [{}, {}], workers: 2, prepare: mountSmallDisk });
    const client = new UserClient(site.port);
    t.teardown(() => client.close());
    const filler = join(site.folder, "var", "filler");
    fill(filler);
    let refused = await site.cli("mode", "Server01", "break", "--reason", "x".repeat(200));
    for (let tries = 0; refused.status === 0 && tries < 50; tries += 1)
      refused = await site.cli(
        "mode",
        "Server01",
        tries % 2 === 0 ? "normal" : "break",
        "--reason",
        "x".repeat(200),
      );
    t.equal(refused.status, 1);
    t.match(refused.err, /hint: .*[Ff]ree/);
    t.match(await client.ask({ path: "/app/plain" }), { status: 200 });
    const modes = (await site.serverViews()).map(({ mode }) => mode);
    rmSync(filler);
    t.match(await site.cli("mode", "Server02", "affinity"), { status: 0 });
    await site.kill("control");
    await site.until("control is back", async () => (await site.call("GET", "/readyz")).status === 200);
    const after = (await site.serverViews()).map(({ mode }) => mode);
    t.same(after, [modes[0], "affinity"]);
    return undefined;
  },
);

/** Whether this user may mount a disk in memory. */
function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "tidegate-"));
  try {
    mount(folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}

/** The data directory on a disk of its own. */
function mountSmallDisk(folder: string): () => void {
  const data = join(folder, "var");
  mkdirSync(data);
  mount(data);
  return () => unmount(data);
}

function mount(folder: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
}

function unmount(folder: string): void {
  execFileSync("umount", [folder], { stdio: "ignore" });
}

/** Takes all the space that is left. */
function fill(file: string): void {
  for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(bytes));
    } catch {
      // smaller pieces may still fit
    }
  }
}
