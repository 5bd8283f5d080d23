import { once } from "node:events";
import { existsSync, renameSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { listenUnix } from "../../src/admin/listeners.ts";
import { type Admin, startAdmin } from "../../src/admin/start-admin.ts";
import { SILENT_LOG } from "../../src/base/log.ts";
import { faultOf, startAdminSite, testFolder } from "../support/admin-site.ts";
import { FakeOperations } from "../support/fake-operations.ts";

function start(settings: { readonly listen?: string; readonly socket?: string }): Promise<Admin> {
  return startAdmin({
    settings: { listen: "", socket: "", tokensFile: "", ...settings },
    operations: new FakeOperations(),
    log: SILENT_LOG,
    version: "0.0.0-test",
  });
}

t.test("the Unix socket is its owner's alone, and goes with the API", async (t) => {
  const site = await startAdminSite(t);
  t.equal(statSync(site.socket).mode & 0o777, 0o600);
  t.strictSame(site.admin.addresses, [site.admin.address, `unix:${site.socket}`]);
  await site.admin.close();
  t.notOk(existsSync(site.socket));
  await site.admin.close();
  t.pass("closing twice is the same as once");
});

t.test("a socket that a killed process left is replaced", async (t) => {
  const socket = join(testFolder(t), "control.sock");
  // As SIGKILL leaves it: bound, and nobody listens any more.
  const left = createServer().listen(socket);
  await once(left, "listening");
  renameSync(socket, `${socket}.kept`);
  left.close();
  await once(left, "close");
  renameSync(`${socket}.kept`, socket);
  const admin = await start({ socket });
  t.teardown(() => admin.close());
  t.equal(admin.address, `unix:${socket}`);
  const probe = connect(socket);
  await once(probe, "connect");
  probe.destroy();
});

t.test("a socket that a running process has is refused and left alone", async (t) => {
  const socket = join(testFolder(t), "control.sock");
  const first = await start({ socket });
  t.teardown(() => first.close());
  t.match(await faultOf(start({ socket })), { code: "ADDRESS_IN_USE", message: /a running Tidegate does/ });
  const probe = connect(socket);
  await once(probe, "connect");
  probe.destroy();
});

t.test("a file that is no socket is never removed", async (t) => {
  const socket = join(testFolder(t), "control.sock");
  writeFileSync(socket, "precious");
  t.match(await faultOf(start({ socket })), { code: "ADDRESS_IN_USE", message: /no socket/ });
  t.ok(existsSync(socket));
});

t.test("an address that is taken or wrong is a fault, and nothing stays open", async (t) => {
  const site = await startAdminSite(t);
  const { host } = new URL(site.admin.address);
  const socket = join(testFolder(t), "second.sock");
  t.match(await faultOf(start({ listen: host, socket })), { code: "ADDRESS_IN_USE" });
  t.notOk(existsSync(socket), "the socket that was opened first is gone again");
  for (const listen of ["127.0.0.1", "127.0.0.1:70000", "9700", "127.0.0.1:x"]) {
    t.match(await faultOf(start({ listen })), { code: "BAD_SETTINGS" }, listen);
  }
  const deep = await listenUnix(`/tmp/${"x".repeat(120)}`, () => {});
  t.match(deep, { ok: false, fault: { code: "BAD_SETTINGS", message: /107 bytes/ } });
});

t.test("what is not HTTP gets a problem and the connection ends", async (t) => {
  const site = await startAdminSite(t);
  const { port } = new URL(site.admin.address);
  for (const [sent, status] of [
    ["\u0016\u0003\u0001 hello\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(20_000)}\r\n\r\n`, 431],
  ] as const) {
    const socket = connect(Number(port), "127.0.0.1");
    socket.setEncoding("utf8");
    socket.write(sent);
    let text = "";
    for await (const chunk of socket) text += chunk;
    t.match(text, new RegExp(`^HTTP/1.1 ${status} `));
    t.match(text, /application\/problem\+json/);
    t.match(text, /"code":"BAD_REQUEST"/);
  }
});
