import t from "tap";
import { type AdminSite, type Answer, startAdminSite, TOKENS, TOKENS_TEXT } from "../support/admin-site.ts";
import { FAKE_NOW } from "../support/fake-operations.ts";

const TARGETS = [
  { server: "Server01", address: "127.0.0.1:9083", route: "s1b" },
  { server: "Server02", address: "127.0.0.1:9084", routes: ["s2b", "s2old"] },
];

function verb(site: AdminSite, name: string, body: object): Promise<Answer> {
  return site.call(`/v1/applications/shop/${name}`, { method: "POST", body });
}

/** `1:retiring 2:running`. */
async function states(site: AdminSite): Promise<string> {
  const { body } = await site.call("/v1/applications/shop");
  return body.editions.map((one: { label: string; state: string }) => `${one.label}:${one.state}`).join(" ");
}

t.test(
  "an edition is distributed, then started; the one before retires at the same revision [D2, E1]",
  async (t) => {
    const site = await startAdminSite(t);
    const distributed = await verb(site, "distribute", {
      edition: "2",
      targets: TARGETS,
      reason: "release 2",
    });
    t.strictSame(distributed.body, {
      revision: 2,
      events: [
        {
          kind: "edition.distributed",
          subject: "shop",
          message: 'shop: edition "2" distributed on Server01 at 127.0.0.1:9083, Server02 at 127.0.0.1:9084',
          detail: { edition: "2" },
        },
      ],
      applied: { revision: 2, routers: 2, applied: 2, missing: [] },
    });
    t.match(site.operations.entries.at(-1)?.command, {
      kind: "distribute-edition",
      origin: { actor: "local", reason: "release 2" },
      targets: [{ kind: "server", routes: ["s1b"] }, { routes: ["s2b", "s2old"] }],
    });
    t.equal(await states(site), "1:running 2:distributed");
    const started = await verb(site, "start", {});
    t.match(started.body, {
      revision: 3,
      events: [{ kind: "edition.retiring" }, { kind: "edition.running", detail: { edition: "2" } }],
    });
    t.equal(await states(site), "1:retiring 2:running");
    const again = await verb(site, "start", { edition: "2" });
    t.match(again.body, { revision: 3, events: [] }, "to start twice is to start once");
  },
);

t.test("a redeploy is both at once, and to repeat it changes nothing [E1, E2]", async (t) => {
  const site = await startAdminSite(t);
  const body = { edition: "2", targets: TARGETS, toSeconds: 90, reason: "release 2" };
  const done = await verb(site, "redeploy", body);
  t.match(done.body, { revision: 3, applied: { revision: 3, applied: 2 } });
  t.match(done.body.events, [
    { kind: "edition.distributed" },
    { kind: "edition.retiring", message: /until|at most 1 min 30 s/ },
    { kind: "edition.running" },
  ]);
  const { editions } = (await site.call("/v1/applications/shop")).body;
  t.match(editions, [
    { state: "retiring", until: FAKE_NOW + 90_000 },
    { state: "running", until: null },
  ]);
  for (const { command } of site.operations.entries.slice(1)) t.equal(command.origin.reason, "release 2");
  t.match((await verb(site, "redeploy", body)).body, { revision: 3, events: [] });
});

t.test("an edition that a server does not answer for is not started, unless forced [D2]", async (t) => {
  const site = await startAdminSite(t);
  await verb(site, "distribute", { edition: "2", targets: TARGETS });
  const cause = "connection refused";
  site.operations.unready = [{ server: "Server02", address: "127.0.0.1:9084", cause }];
  const refused = await verb(site, "start", { edition: "2" });
  t.match(refused.body, {
    status: 409,
    code: "EDITION_NOT_READY",
    detail:
      /^Cannot start edition "2" of "shop": it is not ready on "Server02" at 127\.0\.0\.1:9084: connection refused$/,
  });
  t.equal(await states(site), "1:running 2:distributed");
  t.equal((await verb(site, "start", { edition: "2", force: true })).status, 200);
  t.equal(await states(site), "1:retiring 2:running");
});

t.test(
  "a redeploy whose start is refused leaves the edition distributed, and says so [D2, E1]",
  async (t) => {
    const site = await startAdminSite(t);
    site.operations.unready = TARGETS.map(({ server, address }) => ({
      server,
      address,
      cause: "status 503",
    }));
    const refused = await verb(site, "redeploy", { edition: "2", targets: TARGETS });
    t.match(refused.body, {
      code: "EDITION_NOT_READY",
      detail: /not ready on 2 of its servers; it is distributed now, and stays so$/,
      details: [/"Server01" at 127\.0\.0\.1:9083: status 503/, /Server02/],
      hint: /`tidegate start shop --edition 2` opens it/,
    });
    t.equal(await states(site), "1:running 2:distributed");
    site.operations.unready = [];
    t.equal((await verb(site, "redeploy", { edition: "2" })).status, 200);
    t.equal(await states(site), "1:retiring 2:running");
  },
);

t.test("undeploy of the new edition is a rollback at one revision [E2, E9]", async (t) => {
  const site = await startAdminSite(t);
  await verb(site, "redeploy", { edition: "2", targets: TARGETS });
  site.operations.unready = [{ server: "Server01", address: "127.0.0.1:9081", cause: "nobody is asked" }];
  const back = await verb(site, "undeploy", { choice: "new", reason: "errors" });
  t.match(back.body, { revision: 4, events: [{ kind: "edition.running" }, { kind: "edition.stopping" }] });
  t.match((await site.call("/v1/applications/shop")).body.editions, [
    { label: "1", state: "running", until: null },
    { label: "2", state: "stopping", until: FAKE_NOW + 300_000 },
  ]);
});

t.test("undeploy with several editions asks which [E2]", async (t) => {
  const site = await startAdminSite(t);
  await verb(site, "redeploy", { edition: "2", targets: TARGETS });
  const asked = await verb(site, "undeploy", {});
  t.match(asked.body, { status: 409, code: "EDITION_CHOICE", detail: /"1" \(retiring\), "2" \(running\)/ });
  t.equal((await verb(site, "undeploy", { choice: "old", toSeconds: 60 })).status, 200);
  t.equal(await states(site), "1:retiring 2:running");
  t.equal((await verb(site, "undeploy", { edition: "1", force: true })).status, 200);
  t.equal(await states(site), "2:running");
  t.equal((await verb(site, "undeploy", {})).status, 200);
  t.equal(await states(site), "2:stopping");
  t.match((await verb(site, "undeploy", { choice: "edition" })).body, { status: 400, code: "BAD_REQUEST" });
  t.match((await verb(site, "undeploy", { choice: "all", edition: "2" })).body, { status: 400 });
});

t.test("a router that has not switched is named, and the switch is kept [C2]", async (t) => {
  const site = await startAdminSite(t);
  site.operations.missing = ["node02 does not answer: it serves on with revision 1"];
  const done = await verb(site, "redeploy", { edition: "2", targets: TARGETS });
  t.match(done.body, {
    status: 504,
    code: "NOT_APPLIED",
    result: { revision: 3, events: [{ kind: "edition.distributed" }, {}, {}], applied: { applied: 1 } },
  });
});

t.test("what is wrong with a verb is told at once, and nothing changes", async (t) => {
  const site = await startAdminSite(t);
  const wrong: [string, object, object][] = [
    ["distribute", {}, { code: "BAD_REQUEST", details: [/'edition'/] }],
    ["distribute", { edition: "a b" }, { code: "BAD_REQUEST", details: [/body\/edition/] }],
    ["distribute", { edition: "2" }, { code: "EDITION_UNKNOWN", hint: /--target/ }],
    ["distribute", { edition: "2", targets: [] }, { code: "BAD_REQUEST" }],
    [
      "distribute",
      { edition: "2", targets: [{ server: "Server01", address: "nowhere" }, {}] },
      {
        code: "BAD_REQUEST",
        details: [/^targets\[0\]\.address: "nowhere" is not an address/, /^targets\[1\]: /],
      },
    ],
    ["redeploy", { edition: "2", targets: [{ server: "Server9" }] }, { code: "BROKEN_REFERENCE" }],
    ["redeploy", { edition: "2", targets: [{ server: "Server01" }] }, { code: "CLUSTER_MEMBER_TARGETED" }],
    ["start", { edition: "9" }, { code: "EDITION_UNKNOWN" }],
    ["start", { toSeconds: -1 }, { code: "BAD_REQUEST" }],
    ["undeploy", { choice: "newest" }, { code: "BAD_REQUEST", details: [/only, old, new, all, edition/] }],
  ];
  const before = site.operations.domain();
  for (const [name, body, problem] of wrong) {
    t.match((await verb(site, name, body)).body, problem, `${name} ${JSON.stringify(body)}`);
  }
  t.equal(site.operations.domain(), before);
  const other = await site.call("/v1/applications/shpo/start", { method: "POST", body: {} });
  t.match(other.body, { status: 404, code: "APPLICATION_UNKNOWN", hint: /Did you mean "shop"\?/ });
});

t.test("operators redeploy, viewers do not [C2]", async (t) => {
  const site = await startAdminSite(t, { tokens: TOKENS_TEXT });
  for (const [token, status] of [
    [TOKENS.viewer, 403],
    [TOKENS.operator, 200],
  ] as const) {
    const headers = { authorization: `Bearer ${token}` };
    for (const [name, body] of [
      ["distribute", { edition: "2", targets: TARGETS }],
      ["redeploy", { edition: "2" }],
      ["start", { edition: "2" }],
      ["undeploy", { choice: "new" }],
    ] as const) {
      const answer = await site.call(`/v1/applications/shop/${name}`, { method: "POST", body, headers });
      t.equal(answer.status, status, name);
    }
  }
});
