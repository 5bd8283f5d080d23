import t from "tap";
import { emptyDomain } from "../../src/domain/domain.ts";
import type { ApplicationId, EditionLabel, ServerName } from "../../src/domain/names.ts";
import { accept, applying, domainOf, ORIGIN, refusal, SHOP_YAML, yaml } from "../support/declare.ts";

const SHOP = "shop" as ApplicationId;

t.test("a domain.yaml is told back in the operator's words", async (t) => {
  const { events, domain } = accept(emptyDomain("test"), applying(yaml(SHOP_YAML)));
  t.same(
    events.map((event) => event.message),
    [
      "Cluster01: declared, weighted-round-robin",
      "node01: declared",
      "Server01: declared on node01 at 127.0.0.1:9081 in Cluster01",
      "Server02: declared on node01 at 127.0.0.1:9083 in Cluster01",
      "shop: declared on default_host at /shop",
      'shop: edition "1" declared running on Cluster01',
      'shop: edition "2" declared distributed on Server01 at 127.0.0.1:9082',
    ],
  );
  t.equal(domain.revision, 1);
});

t.test("the same file twice changes nothing: no event, no revision, the same domain", async (t) => {
  const domain = domainOf(SHOP_YAML);
  const again = accept(domain, applying(yaml(SHOP_YAML)), 9000);
  t.equal(again.domain, domain);
  t.same(again.events, []);
});

t.test("what a file does not mention is left alone", async (t) => {
  const domain = domainOf(SHOP_YAML);
  const { domain: after, events } = accept(
    domain,
    applying(yaml('servers: [{ name: Other, address: "127.0.0.1:9999" }]')),
  );
  t.same([...after.applications.keys()], ["shop"]);
  t.same([...after.servers.keys()], ["Server01", "Server02", "Other"]);
  t.equal(events.at(-1)?.message, "Other: declared on 127.0.0.1 at 127.0.0.1:9999");
});

t.test(
  "an edition that exists keeps its state and time; new ones take their place in the file",
  async (t) => {
    const domain = domainOf(SHOP_YAML);
    const before = domain.applications.get(SHOP)?.editions[0];
    const changed = SHOP_YAML.replace("state: running", "state: distributed")
      .replace('label: "2"', 'label: "3"')
      .replace(
        '      - { label: "1"',
        '      - { label: "0", targets: [{ server: Server02, address: "127.0.0.1:1", route: a }], state: distributed }\n      - { label: "1"',
      );
    const { domain: after, events } = accept(
      domain,
      applying(yaml(changed.replace("9082", "9084").replace("s1b", "s1c"))),
      9000,
    );
    const editions = after.applications.get(SHOP)?.editions ?? [];
    t.same(
      editions.map((edition) => edition.label),
      ["0", "1", "2", "3"],
      "0 before 1 as written, 2 stays though not mentioned, 3 is the newest",
    );
    t.same(editions[1]?.lifecycle, before?.lifecycle);
    t.same(
      events.map((event) => event.message),
      [
        'shop: edition "0" declared distributed on Server02 at 127.0.0.1:1',
        'shop: edition "3" declared distributed on Server01 at 127.0.0.1:9084',
      ],
    );
  },
);

t.test("an edition that is moved to other targets says from where to where", async (t) => {
  const { events } = accept(
    domainOf(SHOP_YAML),
    applying(yaml(SHOP_YAML.replace("127.0.0.1:9082", "127.0.0.1:9085"))),
  );
  t.same(
    events.map((event) => event.message),
    ['shop: edition "2" on Server01 at 127.0.0.1:9085 (was Server01 at 127.0.0.1:9082)'],
  );
});

t.test("every mistake of a file is told at once, and nothing of it is applied", async (t) => {
  const domain = domainOf(SHOP_YAML);
  const { code, details } = refusal(
    domain,
    applying(
      yaml(`
virtualHosts: [{ name: intranet, aliases: ["*:*", "intra:80"] }]
servers: [{ name: Server03, cluster: Cluster09, address: "127.0.0.1:9089" }]
applications:
  - id: desk
    virtualHosts: [nowhere]
    contextRoots: [/desk]
    editions: [{ label: "1", targets: [{ cluster: Cluster07 }, { server: Server07 }, { server: Server02 }] }]
  - id: shop2
    contextRoots: [/shop]
    editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }]
`),
    ),
  );
  t.equal(code, "ALIAS_TAKEN", "the code is that of the first one");
  t.same(details, [
    'Cannot give alias "*:*" to virtual host "intranet": "default_host" has it',
    'Cannot declare server "Server03": there is no cluster "Cluster09"',
    'Cannot declare application "desk": there is no virtual host "nowhere"',
    'Cannot declare edition "1" of "desk": there is no cluster "Cluster07"',
    'Cannot declare edition "1" of "desk": there is no server "Server07"',
    'Cannot target server "Server02" with edition "1" of "desk": it is a member of cluster "Cluster01"',
    'Cannot give context root "/shop" on virtual host "default_host" to application "shop2": application "shop" has it',
  ]);
  t.same(domain, domainOf(SHOP_YAML));
});

t.test(
  "of two applications the one in the command is refused and the other named, whichever is older [R2]",
  async (t) => {
    const two = `${SHOP_YAML}
  - { id: desk, editions: [{ label: "1", targets: [{ server: Server01, address: "127.0.0.1:1" }] }] }`;
    const clash = yaml(
      `applications: [{ id: shop, contextRoots: [/desk], editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }] }]`,
    );
    t.same(refusal(domainOf(two), applying(clash)), {
      code: "CONTEXT_ROOT_TAKEN",
      details: [
        'Cannot give context root "/desk" on virtual host "default_host" to application "shop": application "desk" has it',
      ],
    });
  },
);

t.test("one context root on two virtual hosts is two applications' good right [R2]", async (t) => {
  const domain =
    domainOf(`${SHOP_YAML.replace("virtualHosts: [{", 'virtualHosts: [{ name: intranet, aliases: ["intra:*"] }, {')}
  - { id: shop2, virtualHosts: [intranet], contextRoots: [/shop], affinity: { style: none }, editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }] }`);
  t.equal(domain.applications.size, 2);
});

t.test("a member of a cluster is a target only through it, or at an address of its own [D3]", async (t) => {
  const domain = domainOf(SHOP_YAML);
  const at = (target: string) =>
    applying(
      yaml(
        `applications: [{ id: a, affinity: { style: none }, editions: [{ label: "1", targets: [${target}] }] }]`,
      ),
    );
  t.equal(refusal(domain, at("{ server: Server01 }")).code, "CLUSTER_MEMBER_TARGETED");
  t.equal(
    refusal(domain, at('{ server: Server01, address: "127.0.0.1:9081" }')).code,
    "CLUSTER_MEMBER_TARGETED",
    "its own address is not an address of its own",
  );
  t.ok(accept(domain, at('{ server: Server01, address: "127.0.0.1:7000" }')));
  t.same(refusal(domain, at("{ cluster: Cluster01 }, { cluster: Cluster01 }")).details, [
    'Cannot declare edition "1" of "a": it has cluster "Cluster01" twice',
  ]);
});

t.test("a server that joins a cluster while it is a target by itself is refused [D3]", async (t) => {
  const domain = domainOf(`
clusters: [{ name: C }]
servers: [{ name: S, address: "127.0.0.1:1" }]
applications: [{ id: a, editions: [{ label: "1", targets: [{ server: S }] }] }]`);
  const joining = yaml('servers: [{ name: S, cluster: C, address: "127.0.0.1:1" }]');
  t.equal(refusal(domain, applying(joining)).code, "CLUSTER_MEMBER_TARGETED");
});

t.test("a route id leads to one instance of an application, over all its editions", async (t) => {
  const domain = domainOf(SHOP_YAML);
  t.same(refusal(domain, applying(yaml(SHOP_YAML.replace("route: s1b", "route: s2")))).details, [
    'Cannot use route id "s2" for edition "2" of "shop" on server "Server01": edition "1" on server "Server02" has it',
  ]);
  t.equal(
    refusal(domain, applying(yaml(SHOP_YAML.replace(", route: s1b", "")))).code,
    "ROUTE_TAKEN",
    "a target without route has its server's",
  );
  const byCookie = SHOP_YAML.replace(
    '{ style: suffix, cookie: JSESSIONID, separator: ":" }',
    "{ style: insert }",
  );
  t.ok(domainOf(byCookie.replace(", route: s1b", "")), "styles that use no route ids do not care");
  t.same(
    refusal(
      domain,
      applying(yaml(SHOP_YAML.replace('separator: ":"', 'separator: "."').replace("s1b", "s1.b"))),
    ).details,
    ['Cannot use route id "s1.b" of server "Server01" in application "shop": it contains the separator "."'],
  );
});

t.test("one name declared twice in a command is refused", async (t) => {
  const shop = yaml(SHOP_YAML);
  const [application] = shop.applications;
  const [edition] = application?.editions ?? [];
  if (application === undefined || edition === undefined) throw new Error("No edition in the example");
  const { details } = refusal(
    emptyDomain("test"),
    applying({
      ...shop,
      servers: [...shop.servers, ...shop.servers.slice(0, 1)],
      applications: [{ ...application, editions: [...application.editions, edition] }, application],
    }),
  );
  t.same(details, [
    'Cannot declare server "Server01" twice',
    'Cannot declare application "shop" twice',
    'Cannot declare edition "1" of "shop" twice',
  ]);
});

t.test("a declaration that leads nowhere is refused", async (t) => {
  const shop = yaml(SHOP_YAML);
  const [application] = shop.applications;
  if (application === undefined) throw new Error("No application in the example");
  const { details } = refusal(
    emptyDomain("test"),
    applying({
      ...shop,
      applications: [
        {
          ...application,
          virtualHosts: [],
          contextRoots: [],
          editions: [{ label: "9" as EditionLabel, targets: [], initialState: "running" }],
        },
      ],
    }),
  );
  t.same(details, [
    'Cannot declare application "shop": it has no virtual host',
    'Cannot declare application "shop": it has neither a context root nor a path',
    'Cannot declare edition "9" of "shop": it has no targets',
  ]);
});

t.test("a server is removed, its node with the last one, but never from under an edition", async (t) => {
  const domain = domainOf(SHOP_YAML);
  const remove = (name: string) =>
    ({ kind: "remove-server", origin: ORIGIN, name: name as ServerName }) as const;
  t.same(refusal(domain, remove("Server01")), {
    code: "BROKEN_REFERENCE",
    details: ['Cannot remove server "Server01": it is a target of edition "2" of "shop"'],
  });
  const { domain: one, events } = accept(domain, remove("Server02"));
  t.same(
    events.map((event) => event.message),
    ["Server02: removed"],
    "a member of a cluster may go",
  );
  t.equal(refusal(one, remove("Server02")).code, "SERVER_UNKNOWN");
  const { domain: none } = accept(one, { kind: "remove-application", origin: ORIGIN, id: SHOP });
  t.same(
    accept(none, remove("Server01")).events.map((event) => event.message),
    ["Server01: removed", "node01: removed with its last server"],
  );
});

t.test("an application is removed with its editions; an unknown one is refused", async (t) => {
  const { domain, events } = accept(domainOf(SHOP_YAML), {
    kind: "remove-application",
    origin: ORIGIN,
    id: SHOP,
  });
  t.equal(domain.applications.size, 0);
  t.equal(domain.servers.size, 2);
  t.equal(events[0]?.message, "shop: removed");
  t.equal(
    refusal(domain, { kind: "remove-application", origin: ORIGIN, id: SHOP }).code,
    "APPLICATION_UNKNOWN",
  );
});

t.test("ending a session is recorded, though the domain itself stays as it is [A4]", async (t) => {
  const domain = domainOf(SHOP_YAML);
  const end = (application: string, fingerprint: string) =>
    ({
      kind: "end-session",
      origin: ORIGIN,
      application: application as ApplicationId,
      fingerprint,
    }) as const;
  const { domain: after, events } = accept(domain, end("shop", "0123456789abcdef"));
  t.equal(after.revision, domain.revision + 1);
  t.same({ ...after, revision: domain.revision }, domain);
  t.equal(events[0]?.message, "shop: session 0123456789abcdef ended");
  t.equal(refusal(domain, end("nope", "0123456789abcdef")).code, "APPLICATION_UNKNOWN");
  t.equal(refusal(domain, end("shop", "xyz")).code, "BAD_COMMAND");
});
