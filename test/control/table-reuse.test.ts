import t from "tap";
import { type DomainTable, routingTableOf } from "../../src/control/routing-table.ts";
import type { Command } from "../../src/domain/command.ts";
import type { Domain } from "../../src/domain/domain.ts";
import type { ServerName } from "../../src/domain/names.ts";
import {
  accept,
  applying,
  domainOf,
  nodeMode,
  ORIGIN,
  SHOP_YAML,
  serverMode,
  yaml,
} from "../support/declare.ts";

const SECRETS = { tokenKeys: ["aa"], fingerprintKey: "bb" };

const SERVER09 = `  - { name: Server09, node: node09, address: "127.0.0.1:9099", route: s9 }
`;

const LONE = `
  - { id: lone, affinity: { style: none }, editions: [{ label: "1", targets: [{ server: Server09 }] }] }`;

const TWO_MORE = `
  - { id: desk, affinity: { style: none }, editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }] }${LONE}`;

function tableOf(domain: Domain, before?: DomainTable): DomainTable {
  return { domain, table: routingTableOf(domain, SECRETS, before) };
}

const LATER: readonly (readonly [string, Command, readonly string[]])[] = [
  ["a mode of a member of a cluster", serverMode("Server02", "break"), ["shop", "desk"]],
  ["a mode of a server of its own", serverMode("Server09", "break"), ["lone"]],
  ["a mode of a node", nodeMode("node09", "affinity"), ["lone"]],
  ["another balancer", applying(yaml("clusters: [{ name: Cluster01, balance: random }]")), ["shop", "desk"]],
  ["a cluster that nobody uses", applying(yaml("clusters: [{ name: C9 }]")), []],
  [
    "a new member",
    applying(yaml("servers: [{ name: S3, node: node03, cluster: Cluster01, address: 'a:1', route: s3 }]")),
    ["shop", "desk"],
  ],
  ["a member that is gone", removal("Server02"), ["shop", "desk"]],
  ["another host", applying(yaml("virtualHosts: [{ name: other, aliases: ['b.example'] }]")), []],
  [
    "another setting",
    applying(yaml(`applications:${LONE.replace("affinity", "onInstanceLost: error, affinity")}`)),
    ["lone"],
  ],
];

t.test("an entry is made anew only when something has changed that it is made of [N3]", async (t) => {
  let last = tableOf(domainOf(SHOP_YAML.replace("applications:", `${SERVER09}applications:`) + TWO_MORE));
  for (const [what, command, anew] of LATER) {
    const { domain } = accept(last.domain, command);
    const next = tableOf(domain, last);
    t.strictSame(next.table, tableOf(domain).table, `${what}: the table is the domain's`);
    const { applications } = last.table;
    const made = next.table.applications.filter((entry) => !applications.includes(entry));
    t.same(
      made.map(({ id }) => id),
      anew,
      what,
    );
    last = next;
  }
});

function removal(server: string): Command {
  return { kind: "remove-server", origin: ORIGIN, name: server as ServerName };
}
