import t from "tap";
import type { EpochMs, Revision } from "../../src/base/units.ts";
import type { Domain } from "../../src/domain/domain.ts";
import type { ApplicationId } from "../../src/domain/names.ts";
import { decodeDomain, encodeDomain } from "../../src/domain/stored-domain.ts";
import { accept, domainOf, nodeMode, SHOP_YAML, serverMode } from "../support/declare.ts";

/** A domain with every kind of probe, affinity, target and edition state in it. */
function richDomain(): Domain {
  const affinities = [
    "{ style: suffix, cacheIdLength: 4 }",
    '{ style: rewrite, cookie: SID, separator: "." }',
    "{ style: insert, cookie: SID }",
    "{ style: learn, cookie: SID, urlParameter: sid }",
    "{ style: hash, on: header, name: X-User }",
    "{ style: hash }",
    "{ style: none }",
  ];
  const domain = domainOf(`
servers:
  - { name: A, address: "unix:/run/a.sock", probe: off }
  - { name: B, address: "[::1]:80", probe: { type: tcp } }
  - { name: C, address: "c.example:80", probe: { path: /up }, role: backup }
applications:
${affinities.map((affinity, index) => `  - { id: a${index}, affinity: ${affinity}, editions: [{ label: "1", targets: [{ server: A }, { server: B, address: "127.0.0.1:1", route: x }] }] }`).join("\n")}`);
  const { domain: broken } = accept(
    domain,
    serverMode("A", "break", { until: 9000 as EpochMs, reason: "disk", page: "<p>soon" }),
  );
  const { domain: named } = accept(broken, nodeMode("c.example", "affinity"));
  const id = "a0" as ApplicationId;
  const application = named.applications.get(id);
  const [edition] = application?.editions ?? [];
  if (application === undefined || edition === undefined) throw new Error("No edition in the example");
  const retiring = { state: "retiring", since: 1 as EpochMs, revision: 1 as Revision } as const;
  const editions = [
    { ...edition, lifecycle: { ...retiring, until: "drained" } },
    { ...edition, lifecycle: { ...retiring, until: 5 as EpochMs } },
    edition,
  ] as const;
  return { ...named, applications: new Map([...named.applications, [id, { ...application, editions }]]) };
}

t.test("a domain is the same after it was stored and read back", async (t) => {
  for (const domain of [domainOf(SHOP_YAML), richDomain()]) {
    const read = decodeDomain(JSON.parse(JSON.stringify(encodeDomain(domain))));
    t.ok(read.ok);
    if (read.ok) t.strictSame(read.value, domain);
  }
});

t.test("a stored domain that is damaged names what is wrong, and nothing of it is used", async (t) => {
  const whole = JSON.stringify(encodeDomain(richDomain()));
  const damaged: readonly (readonly [string, string, string])[] = [
    ['"weight":1', '"weight":"1"', "domain.servers[0].weight is not a number"],
    [
      '"mode":"break"',
      '"mode":"brake"',
      "domain.servers[0].mode.mode is not one of normal, affinity, break, stop",
    ],
    [
      '"style":"rewrite"',
      '"style":"rewritten"',
      "domain.applications[1].affinity.style is not one of none, suffix",
    ],
    [
      '"state":"retiring"',
      '"state":"retired"',
      "domain.applications[0].editions[0].lifecycle.state is not one of",
    ],
    ['"aliases":["*:*"]', '"aliases":[1]', "domain.virtualHosts[0].aliases is not a list of texts"],
    ['"servers":[', '"server":[', "domain.servers is not a list"],
  ];
  for (const [from, to, message] of damaged) {
    const text = whole.replace(from, to);
    t.not(text, whole, from);
    const read = decodeDomain(JSON.parse(text));
    t.notOk(read.ok, to);
    if (read.ok) continue;
    t.equal(read.fault.code, "JOURNAL_CORRUPT");
    t.ok(read.fault.message.includes(message), read.fault.message);
  }
  for (const value of [null, 1, [], "x", {}]) t.notOk(decodeDomain(value).ok);
});

t.test("a stored domain of another version is refused and left for the version that wrote it", async (t) => {
  const read = decodeDomain({ ...encodeDomain(domainOf(SHOP_YAML)), version: 2 });
  t.notOk(read.ok);
  if (!read.ok) t.equal(read.fault.message, "Cannot read the stored domain: its form is of version 2, not 1");
});
