import t from "tap";
import type { EpochMs } from "../../src/base/units.ts";
import { routingTableOf, tableChange } from "../../src/control/routing-table.ts";
import type { Domain } from "../../src/domain/domain.ts";
import type { Mode } from "../../src/domain/mode.ts";
import { MODES } from "../../src/domain/mode.ts";
import type { ApplicationEntry } from "../../src/routing/table.ts";
import { accept, applying, domainOf, nodeMode, SHOP_YAML, serverMode, yaml } from "../support/declare.ts";

const SECRETS = { tokenKeys: ["aa"], fingerprintKey: "bb" };

function entryOf(domain: Domain, id = "shop"): ApplicationEntry {
  const entry = routingTableOf(domain, SECRETS).applications.find((one) => one.id === id);
  if (entry === undefined) throw new Error(`No application ${id}`);
  return entry;
}

t.test("clusters are expanded to their members, servers to their own address and route", async (t) => {
  const { editions, balance } = entryOf(domainOf(SHOP_YAML));
  t.equal(balance, "weighted-round-robin");
  t.same(
    editions.map(({ label, state, instances }) => [
      label,
      state,
      instances.map(({ key, address, routes, weight }) => [key, address, routes, weight]),
    ]),
    [
      [
        "1",
        "running",
        [
          ["shop/1/Server01", "127.0.0.1:9081", ["s1"], 2],
          ["shop/1/Server02", "127.0.0.1:9083", ["s2"], 1],
        ],
      ],
      ["2", "distributed", [["shop/2/Server01", "127.0.0.1:9082", ["s1b"], 2]]],
    ],
  );
});

t.test("a server that has an edition more than once gives instances that are told apart", async (t) => {
  const domain = domainOf(`
servers: [{ name: A, address: "127.0.0.1:1" }]
applications: [{ id: a, editions: [{ label: "1", targets: [{ server: A }, { server: A, address: "127.0.0.1:2" }] }] }]`);
  t.same(
    entryOf(domain, "a").editions[0]?.instances.map((instance) => instance.key),
    ["a/1/A", "a/1/A@127.0.0.1:2"],
  );
});

t.test("what may be routed to a server follows the stricter of its mode and its node's [M1]", async (t) => {
  const access: Readonly<Record<Mode, string>> = {
    normal: "open",
    affinity: "affinity-only",
    break: "closed",
    stop: "closed",
  };
  for (const [own, ownMode] of MODES.entries()) {
    for (const [its, itsMode] of MODES.entries()) {
      const { domain } = accept(domainOf(SHOP_YAML), serverMode("Server01", ownMode));
      const { domain: both } = accept(domain, nodeMode("node01", itsMode));
      const [first, second] = entryOf(both).editions[0]?.instances ?? [];
      t.equal(
        first?.access,
        access[MODES[Math.max(own, its)] ?? "normal"],
        `${ownMode} on a node in ${itsMode}`,
      );
      t.equal(second?.access, access[itsMode]);
    }
  }
});

t.test("the balance is that of the cluster of the newest running edition [R4]", async (t) => {
  const domain = domainOf(`
clusters: [{ name: C1, balance: random }, { name: C2, balance: power-of-two, countAffinity: true }]
servers: [{ name: A, address: "a:1", cluster: C1 }, { name: B, address: "b:1", cluster: C2 }, { name: D, address: "d:1" }]
applications:
  - { id: a, editions: [{ label: "1", targets: [{ cluster: C1 }] }, { label: "2", targets: [{ server: D }, { cluster: C2 }], state: running }, { label: "3", targets: [{ cluster: C1 }] }] }
  - { id: b, editions: [{ label: "1", targets: [{ server: D }] }] }`);
  t.same([entryOf(domain, "a").balance, entryOf(domain, "a").countAffinity], ["power-of-two", true]);
  t.same([entryOf(domain, "b").balance, entryOf(domain, "b").countAffinity], ["weighted-round-robin", false]);
});

t.test(
  "users are told to come back when the first server is expected, if all are in maintenance [M5]",
  async (t) => {
    const until = (minutes: number) => ({ until: (1000 + minutes * 60_000) as EpochMs });
    let domain = accept(domainOf(SHOP_YAML), serverMode("Server01", "break", until(20))).domain;
    t.equal(entryOf(domain).retryAfterSeconds, 30, "another server is there: whatever is wrong is over soon");
    domain = accept(domain, serverMode("Server02", "affinity", until(5))).domain;
    t.equal(entryOf(domain).retryAfterSeconds, 300);
    t.equal(entryOf(domain).retryAt, 301_000, "so that a router can count down to it");
    domain = accept(domain, nodeMode("node01", "break")).domain;
    t.equal(entryOf(domain).retryAfterSeconds, 30, "nobody said when the node will be back");
    t.notOk("retryAt" in entryOf(domain));
    const back = serverMode("Server02", "normal", { from: 61_000 as EpochMs });
    domain = accept(domainOf(SHOP_YAML), serverMode("Server02", "break", until(20)), 2000).domain;
    t.notOk("maintenanceSince" in entryOf(domain));
    domain = accept(domain, serverMode("Server01", "break", until(20)), 3000).domain;
    t.equal(entryOf(domain).maintenanceSince, 3000, "since the last one went");
    domain = accept(domain, back, 4000).domain;
    t.equal(entryOf(domain).retryAt, 61_000, "a planned return counts for more than what was only told");
  },
);

t.test(
  "a page that was given with a mode is shown while it leaves the application without a server [M5]",
  async (t) => {
    const page = (domain: Domain) => entryOf(domain).maintenancePage;
    let domain = accept(
      domainOf(SHOP_YAML),
      serverMode("Server01", "break", { page: "<p>one" }),
      2000,
    ).domain;
    t.equal(page(domain), "", "Server02 is there: whatever is wrong is not the maintenance");
    domain = accept(domain, serverMode("Server02", "affinity"), 3000).domain;
    t.equal(page(domain), "<p>one");
    domain = accept(domain, nodeMode("node01", "break"), 4000).domain;
    t.equal(page(domain), "<p>one", "a mode without a page takes none away");
    domain = accept(domain, serverMode("Server02", "break", { page: "<p>two" }), 5000).domain;
    t.equal(page(domain), "<p>two", "the last word counts");
    domain = accept(domain, nodeMode("node01", "normal"), 6000).domain;
    domain = accept(domain, serverMode("Server01", "normal"), 6000).domain;
    t.equal(page(domain), "", "the application's own again");
  },
);

t.test(
  "a change holds the applications that differ, and the order of all only when it is another",
  async (t) => {
    const desk = `
  - { id: desk, affinity: { style: none }, editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }] }
  - { id: lone, editions: [{ label: "1", targets: [{ server: Server01, address: "127.0.0.1:5" }] }] }`;
    const domain = domainOf(SHOP_YAML + desk);
    const before = routingTableOf(domain, SECRETS);
    const { domain: next } = accept(domain, serverMode("Server02", "break"));
    const change = tableChange(before, routingTableOf(next, SECRETS));
    t.same(
      change?.changed.map((entry) => entry.id),
      ["shop", "desk"],
      "lone is not on Server02",
    );
    t.notOk(change !== undefined && ("order" in change || "virtualHosts" in change), "they are as before");
    t.same([change?.from, change?.revision], [1, 2]);
  },
);

t.test(
  "only the whole table will do for other secrets, another domain, or a revision that is not later",
  async (t) => {
    const domain = domainOf(SHOP_YAML);
    const before = routingTableOf(domain, SECRETS);
    const later = accept(domain, applying(yaml("clusters: [{ name: C9 }]"))).domain;
    t.ok(
      tableChange(before, routingTableOf(later, SECRETS)),
      "nothing that is routed changed, but the revision did",
    );
    t.equal(tableChange(before, routingTableOf(later, { ...SECRETS, tokenKeys: ["cc", "aa"] })), undefined);
    t.equal(tableChange(before, { ...routingTableOf(later, SECRETS), domain: "other" }), undefined);
    t.equal(tableChange(before, before), undefined);
  },
);
