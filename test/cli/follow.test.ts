import { once } from "node:events";
import { createInterface } from "node:readline";
import t from "tap";
import { startAdmin } from "../../src/admin/start-admin.ts";
import { SILENT_LOG } from "../../src/base/log.ts";
import { startAdminSite } from "../support/admin-site.ts";
import { startTidegate } from "../support/tidegate.ts";

t.setTimeout(150_000); // every command is a process of its own

t.test("events are followed as they come, also over a restart of the control process", async (t) => {
  const site = await startAdminSite(t);
  const env = { TIDEGATE_ADMIN: `unix:${site.socket}` };
  const follow = startTidegate(t, ["events", "--follow", "--limit", "1", "--json"], {
    folder: site.folder,
    env,
  });
  const lines = createInterface({ input: follow.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? "null");
  const origin = { actor: "test" };
  const end = (fingerprint: string): Promise<unknown> =>
    site.operations.submit({ kind: "end-session", origin, application: "shop" as never, fingerprint });
  t.match(await next(), { revision: 1 });
  await end("00000000000000a1");
  t.match(await next(), { revision: 2, command: { kind: "end-session" } });
  await site.admin.close();
  await once(follow.stderr, "data"); // it says that the connection broke
  await end("00000000000000b2");
  const again = await startAdmin({
    settings: { listen: "", socket: site.socket, tokensFile: "" },
    operations: site.operations,
    log: SILENT_LOG,
    version: "0.0.0-test",
  });
  t.teardown(() => again.close());
  t.match(await next(), { revision: 3 }, "what happened meanwhile is not missed");
});
