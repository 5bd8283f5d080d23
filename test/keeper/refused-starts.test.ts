// What ends a start of the keeper before it is one: told with a reason, and nothing is left behind.

import { once } from "node:events";
import { existsSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import t from "tap";
import { startTree, treeSettings } from "./fixtures/tree.ts";

t.test("a second Tidegate on one data directory is refused, naming the process that has it", async (t) => {
  const dataDir = t.testdir();
  const tree = await startTree(t, treeSettings({ dataDir, workers: 1 }));
  await t.rejects(startTree(t, treeSettings({ dataDir, workers: 1 })), {
    message: new RegExp(`runs on it already \\(process ${tree.keeper.pid}\\)`),
  });
});

t.test("a data directory that cannot be written is named, with what to do", async (t) => {
  const dataDir = join(t.testdir({ file: "" }), "file", "data");
  await t.rejects(startTree(t, treeSettings({ dataDir, workers: 1 })), {
    message: /^FILE_UNREADABLE: Cannot write the data directory ".*": ENOTDIR/,
  });
});

t.test(
  "a data directory where the system makes no folders is refused instead of tried for ever",
  { skip: existsSync("/proc/self") ? false : "there is no /proc" },
  async (t) => {
    for (const dataDir of ["/proc/tidegate", "/proc/tidegate/deep/down"]) {
      await t.rejects(startTree(t, treeSettings({ dataDir, workers: 1 })), {
        message: /^FILE_UNREADABLE: Cannot write the data directory "\/proc\/tidegate.*": ENOENT/,
      });
    }
  },
);

t.test("an access log that cannot be written ends a start before it is one", async (t) => {
  const dataDir = t.testdir({ file: "" });
  for (const [path, why] of [
    [join(dataDir, "missing", "access.log"), "its folder is not there"],
    [join(dataDir, "file", "access.log"), "what should be its folder is a file"],
    [dataDir, "it is a folder"],
  ] as const) {
    await t.rejects(startTree(t, treeSettings({ dataDir, workers: 1, accessLogPath: path })), {
      message: `FILE_UNREADABLE: Cannot write the access log "${path}": ${why}`,
    });
  }
  const path = join(dataDir, "access.log");
  const tree = await startTree(t, treeSettings({ dataDir, workers: 1, accessLogPath: path }));
  t.equal(tree.ports.length, 1, "what was refused has left nothing behind");
});

t.test(
  "an admin address in use and a tokens file that is not there end a start before it is one",
  async (t) => {
    const other = net.createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    t.teardown(() => other.close());
    const { port } = other.address() as net.AddressInfo;
    const dataDir = t.testdir();
    const settings = treeSettings({ dataDir, workers: 1 });
    const taken = { ...settings, admin: { ...settings.admin, listen: `127.0.0.1:${port}` } };
    await t.rejects(startTree(t, taken), {
      message: `ADDRESS_IN_USE: Cannot open listener "admin API" on 127.0.0.1:${port}: the address is in use`,
    });
    const tokensFile = join(dataDir, "tokens");
    const closed = { ...settings, admin: { ...settings.admin, tokensFile } };
    await t.rejects(startTree(t, closed), {
      message: `FILE_UNREADABLE: Cannot use the tokens file "${tokensFile}": it is not there`,
    });
    const tree = await startTree(t, settings);
    t.equal(tree.ports.length, 1, "what was refused has left nothing behind");
  },
);

t.test("an address that is in use is named with its listener", async (t) => {
  const other = net.createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.teardown(() => other.close());
  const { port } = other.address() as net.AddressInfo;
  await t.rejects(
    startTree(
      t,
      treeSettings({
        dataDir: t.testdir(),
        workers: 1,
        addresses: ["127.0.0.1:0", `127.0.0.1:${port}`],
      }),
    ),
    {
      message: `ADDRESS_IN_USE: Cannot open listener "listener1" on 127.0.0.1:${port}: the address is in use`,
    },
  );
});

t.test("the path of a Unix socket that the system would cut off is refused", async (t) => {
  const address = `unix:/tmp/${"x".repeat(110)}.sock`;
  await t.rejects(startTree(t, treeSettings({ dataDir: t.testdir(), workers: 1, addresses: [address] })), {
    message: /^BAD_SETTINGS: Cannot open listener "listener0" on unix:.* at most 103 bytes$/,
  });
});
