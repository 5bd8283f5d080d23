import t, { type Test } from "tap";
import type { Left } from "../../src/deploy/drain.ts";
import { type AdminSite, startAdminSite } from "../support/admin-site.ts";
import { type Outcome, tidegate } from "../support/tidegate.ts";

t.setTimeout(150_000); // every command is a process of its own

const NOTHING: Left = { requests: 0, sessions: 0, webSockets: 0, streams: 0, tunnels: 0 };
const MUCH: Left = { requests: 1, sessions: 12, webSockets: 3, streams: 0, tunnels: 2 };

/** A site where edition 1 of "shop" retires. */
async function startSite(
  t: Test,
): Promise<AdminSite & { readonly run: (...args: string[]) => Promise<Outcome> }> {
  const site = await startAdminSite(t);
  const env = { TIDEGATE_ADMIN: `unix:${site.socket}` };
  const run = (...args: string[]): Promise<Outcome> => tidegate(args, { folder: site.folder, env });
  await run("redeploy", "shop", "--edition", "2", "--target", "Server01=127.0.0.1:9083,route=s1b");
  return { ...site, run };
}

t.test("drain says what is left, with exit status 3 while something is [E7, C1]", async (t) => {
  const { run, operations } = await startSite(t);
  operations.left = [MUCH, NOTHING, MUCH];
  t.strictSame(await run("drain", "shop"), {
    status: 3,
    out: 'shop: edition "1" retiring until drained: 1 request, 12 sessions, 3 WebSockets, 2 other tunnels left\n',
    err: "",
  });
  t.strictSame(await run("drain", "shop", "--edition", "1"), {
    status: 0,
    out: 'shop: edition "1" is drained\n',
    err: "",
  });
  const { status, out } = await run("drain", "shop", "--json");
  t.equal(status, 3);
  t.match(JSON.parse(out), { editions: [{ edition: "1", drained: false, left: MUCH }] });
  t.same(operations.drainWaits, [0, 0, 0], "nobody waits who did not say so");
});

t.test("drain --wait returns when the edition is drained [E7, C1]", async (t) => {
  const { run, operations } = await startSite(t);
  operations.left = [MUCH, { ...NOTHING, sessions: 1 }];
  t.strictSame(await run("drain", "shop", "--wait"), {
    status: 0,
    out: 'shop: edition "1" is drained\n',
    err: "",
  });
  t.same(
    operations.drainWaits,
    [0, 30_000, 30_000],
    "it is asked for again, so that nobody in between gives up",
  );
});

t.test("drain --wait --timeout ends with status 3 and what is left [E7, C1]", async (t) => {
  const { run, operations } = await startSite(t);
  operations.left = Array.from({ length: 100_000 }, () => ({ ...NOTHING, streams: 1 }));
  const { status, out } = await run("drain", "shop", "--wait", "--timeout", "250ms");
  t.equal(status, 3);
  t.equal(out, 'shop: edition "1" retiring until drained: 1 event stream left\n');
  for (const waitMs of operations.drainWaits) t.ok(waitMs <= 250);
});

t.test("nothing that retires is drained; what runs never is [E7]", async (t) => {
  const { run, operations } = await startSite(t);
  operations.left = [MUCH];
  t.match(await run("drain", "shop", "--edition", "2", "--wait"), {
    status: 1,
    err: /Cannot wait until edition "2" of "shop" is drained: it is running/,
  });
  await run("undeploy", "shop", "--old", "--force");
  t.match(await run("drain", "shop", "--wait"), {
    status: 0,
    out: 'No edition of "shop" retires or stops\n',
  });
  t.match(await run("drain", "shop", "--timeout", "5"), { status: 2, err: /--wait/ });
  t.match(await run("drain", "shop", "--wait", "--timeout", "soon"), {
    status: 2,
    err: /no time for --timeout/,
  });
});
