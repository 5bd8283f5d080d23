import t, { type Test } from "tap";
import { type AdminSite, startAdminSite } from "../support/admin-site.ts";
import { type Outcome, tidegate } from "../support/tidegate.ts";

t.setTimeout(150_000); // every command is a process of its own

const TARGETS = [
  "--target",
  "Server01=127.0.0.1:9083,route=s1b",
  "--target",
  "Server02=127.0.0.1:9084,route=s2b,route=s2old",
];

async function startSite(
  t: Test,
): Promise<AdminSite & { readonly run: (...args: string[]) => Promise<Outcome> }> {
  const site = await startAdminSite(t);
  const env = { TIDEGATE_ADMIN: `unix:${site.socket}` };
  return { ...site, run: (...args) => tidegate(args, { folder: site.folder, env }) };
}

t.test("a redeploy says what happened, how far it came and what to do next [E1, C1]", async (t) => {
  const { run, operations } = await startSite(t);
  t.strictSame(await run("redeploy", "shop", "--edition", "2", ...TARGETS, "--reason", "release 2"), {
    status: 0,
    out: `shop: edition "2" distributed on Server01 at 127.0.0.1:9083, Server02 at 127.0.0.1:9084
shop: edition "1" retiring (was running), until drained
shop: edition "2" running (was distributed)
applied by 2 of 2 routers at revision 3
\`tidegate app shop\` shows who is left; \`tidegate undeploy shop --new\` rolls back
`,
    err: "",
  });
  t.match(operations.entries[1]?.command, {
    kind: "distribute-edition",
    origin: { actor: "local", reason: "release 2" },
    targets: [{ routes: ["s1b"] }, { routes: ["s2b", "s2old"] }],
  });
  t.match((await run("app", "shop")).out, /^Edition 1: retiring until drained, 6 requests in flight/m);
  t.match(await run("redeploy", "shop", "--edition", "2"), {
    status: 0,
    out: /^Nothing to change: it is so already, applied by 2 of 2 routers at revision 3\n$/,
  });
});

t.test("an edition is distributed, then started with a deadline for the one before [E2, E3]", async (t) => {
  const { run, operations } = await startSite(t);
  t.match(await run("distribute", "shop", "--edition", "2", "--target", "cluster:Cluster01"), {
    status: 1,
    err: /tidegate: /,
  });
  t.match(await run("distribute", "shop", "--edition", "2", ...TARGETS), {
    status: 0,
    out: /`tidegate start shop --edition 2` opens it to new users/,
  });
  t.match(await run("start", "shop", "--new", "--to", "2m"), {
    status: 0,
    out: /^shop: edition "1" retiring \(was running\), at most 2 min\n/,
  });
  t.match(operations.entries.at(-1)?.command, { kind: "start-edition", label: "2" });
  t.match((await run("undeploy", "shop", "--old", "--to", "600")).out, /at most 10 min/);
  t.match(await run("undeploy", "shop", "--old", "--force"), {
    status: 0,
    out: /^shop: edition "1" undeployed \(was retiring\)\napplied by 2 of 2 routers at revision 5\n$/,
  });
});

t.test("undeploy --new rolls back, with exit status 0 [E9, C1]", async (t) => {
  const { run } = await startSite(t);
  await run("redeploy", "shop", "--edition", "2", ...TARGETS);
  t.match(await run("undeploy", "shop"), {
    status: 1,
    err: /^tidegate: .* it has editions "1" \(retiring\), "2" \(running\)\n {2}hint: Say which: --old, --new \(a rollback\)/,
  });
  t.strictSame(await run("undeploy", "shop", "--new"), {
    status: 0,
    out: `shop: edition "1" running (was retiring), a rollback
shop: edition "2" stopping (was running), at most 5 min
applied by 2 of 2 routers at revision 4
\`tidegate app shop\` shows who is left
`,
    err: "",
  });
  t.match(await run("redeploy", "shop", "--edition", "2"), {
    status: 1,
    err: /edition "2" is stopping\n {2}hint: .* `tidegate undeploy shop --edition 2 --force`\n$/,
  });
  t.equal((await run("undeploy", "shop", "--all", "--force")).status, 0);
  t.match((await run("app", "shop")).out, /^No edition of it is deployed$/m);
});

t.test("a server that is not ready is named, and --force starts without it [D2, C1]", async (t) => {
  const { run, operations } = await startSite(t);
  operations.unready = [{ server: "Server02", address: "127.0.0.1:9084", cause: "connection refused" }];
  const refused = await run("redeploy", "shop", "--edition", "2", ...TARGETS);
  t.match(refused, {
    status: 1,
    out: "",
    err: /"Server02" at 127\.0\.0\.1:9084: connection refused; it is distributed now/,
  });
  t.match(await run("start", "shop"), { status: 1, err: /hint: .*--force starts it unverified/ });
  t.equal((await run("start", "shop", "--force")).status, 0);
});

t.test("a router that has not switched is named, with exit status 3 [C1]", async (t) => {
  const { run, operations } = await startSite(t);
  operations.missing = ["node02 does not answer: it serves on with revision 1"];
  const done = await run("redeploy", "shop", "--edition", "2", ...TARGETS);
  t.equal(done.status, 3);
  t.match(done.out, /^applied by 1 of 2 routers at revision 3$/m);
  t.match(done.err, /^ {2}node02 does not answer/m);
  const json = await run("undeploy", "shop", "--new", "--json");
  t.equal(json.status, 3);
  t.match(JSON.parse(json.out), { code: "NOT_APPLIED", result: { revision: 4 } });
});

t.test("with --json the change and the deadlines are the API's [C1]", async (t) => {
  const { run } = await startSite(t);
  const done = await run("redeploy", "shop", "--edition", "2", ...TARGETS, "--json");
  t.match(JSON.parse(done.out), { revision: 3, events: [{}, {}, {}], applied: { applied: 2 } });
  const app = JSON.parse((await run("app", "shop", "--json")).out);
  t.match(app.editions, [
    { state: "retiring", until: "drained" },
    { state: "running", until: null },
  ]);
});

t.test("wrong usage of a verb ends with exit status 2 and says what is meant [C1]", async (t) => {
  const { run, operations } = await startSite(t);
  const wrong: [string[], RegExp][] = [
    [["redeploy", "shop"], /required option '--edition <label>'/],
    [
      ["distribute", "shop", "--edition", "2", "--target", "=127.0.0.1:9083"],
      /is no target\n {2}hint: Write --target/,
    ],
    [["distribute", "shop", "--edition", "2", "--target", "clutser:One"], /is no target/],
    [["distribute", "shop", "--edition", "2", "--target", "Server01=127.0.0.1:1,rout=a"], /is no target/],
    [["start", "shop", "--new", "--edition", "2"], /--new and --edition at once/],
    [["start", "shop", "--to", "soon"], /"soon" is no time for --to\n {2}hint: Write seconds/],
    [["undeploy", "shop", "--old", "--new"], /--old and --new at once/],
    [["undeploy", "shop", "--force", "--to", "5"], /--force.*--to/],
  ];
  for (const [args, message] of wrong) {
    const { status, out, err } = await run(...args);
    t.equal(status, 2, args.join(" "));
    t.match(err, message, args.join(" "));
    t.equal(out, "", args.join(" "));
  }
  t.equal(operations.entries.length, 1, "nothing was asked");
});
