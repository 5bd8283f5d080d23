import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { refuse } from "../../src/base/fault.ts";
import { ok, unwrap } from "../../src/base/result.ts";
import { apply } from "../../src/domain/apply.ts";
import type { ApplicationDeclaration, Resources } from "../../src/domain/command.ts";
import { emptyDomain } from "../../src/domain/domain.ts";
import { readResources } from "../../src/settings/read-resources.ts";
import { accept, applying, SHOP_YAML } from "../support/declare.ts";

const CONFIG = fileURLToPath(new URL("../../../config/", import.meta.url));
const EDITIONS = 'editions: [{ label: "1", targets: [{ cluster: C }] }]';

function read(text: string): Resources {
  return unwrap(readResources(text, { file: "domain.yaml" }));
}

function application(keys: string): ApplicationDeclaration {
  const [one] = read(`applications: [{ id: shop, ${EDITIONS}, ${keys} }]`).applications;
  if (one === undefined) throw new Error("No application was read");
  return one;
}

function mistakes(text: string): readonly string[] {
  const result = readResources(text, { file: "d" });
  return result.ok ? [] : (result.fault.details ?? []).map((line) => line.replace("d:", ""));
}

t.test("the example file is read, applied to an empty domain, and its page found", async (t) => {
  const file = `${CONFIG}domain.yaml`;
  const pages: string[] = [];
  const resources = unwrap(
    readResources(readFileSync(file, "utf8"), {
      file,
      readFile: (path) => {
        pages.push(path);
        return ok(readFileSync(path, "utf8"));
      },
    }),
  );
  t.strictSame(pages, [`${CONFIG}maintenance.html`]);
  const { domain } = accept(emptyDomain("shop"), applying(resources));
  t.strictSame([...domain.servers.keys()], ["Server01", "Server02"]);
  const [shop] = domain.applications.values();
  t.match(shop?.maintenancePage, /<!doctype html>/);
  t.equal(shop?.editions[0]?.lifecycle.state, "running");
  const [, second] = resources.servers;
  t.strictSame([second?.routes, second?.probe], [["s2", "s2-old"], { kind: "off" }]);
});

t.test("a short declaration is completed with the defaults", async (t) => {
  const { virtualHosts, clusters, servers, applications } = read(`
clusters: [{ name: C }]
servers: [{ name: S, address: "app1.example:9080", cluster: C }]
applications: [{ id: shop, ${EDITIONS} }]
`);
  t.strictSame(virtualHosts, []);
  t.strictSame(clusters, [{ name: "C", balance: "weighted-round-robin", countAffinity: false }]);
  t.strictSame(servers, [
    {
      name: "S",
      node: "app1.example",
      address: "app1.example:9080",
      routes: [],
      weight: 1,
      role: "primary",
      maxConnections: 0,
      slowStartMs: 0,
      cluster: "C",
      probe: { kind: "off" },
    },
  ]);
  t.strictSame(applications, [
    {
      id: "shop",
      virtualHosts: ["default_host"],
      contextRoots: ["/shop"],
      paths: [],
      affinity: { style: "insert", routerCookie: "tidegate_shop" },
      sessions: { idleMs: 1_800_000, absoluteMs: 0, endedHeader: "session-ended" },
      traffic: {
        connectMs: 5000,
        firstByteMs: 60_000,
        betweenBytesMs: 300_000,
        tunnelIdleMs: 3_600_000,
        retryIntervalMs: 60_000,
        postBufferBytes: 65_536,
        queueLimit: 100,
        queueMs: 10_000,
        closeSpreadMs: 10_000,
        servedByHeader: "",
      },
      onInstanceLost: "move",
      maintenancePage: "",
      editions: [{ label: "1", targets: [{ kind: "cluster", cluster: "C" }], initialState: "running" }],
    },
  ]);
});

t.test("each affinity style has its keys and defaults, and refuses those of others [A1]", async (t) => {
  const affinity = (keys: string) => application(`affinity: { ${keys} }`).affinity;
  t.strictSame(affinity("style: suffix"), {
    style: "suffix",
    cookie: "JSESSIONID",
    separator: ":",
    cacheIdLength: 0,
    urlParameter: "jsessionid",
  });
  t.strictSame(affinity('style: suffix, cookie: SID, separator: "!", cacheIdLength: 4'), {
    style: "suffix",
    cookie: "SID",
    separator: "!",
    cacheIdLength: 4,
  });
  t.strictSame(affinity("style: rewrite, cookie: sid"), { style: "rewrite", cookie: "sid", separator: "." });
  t.strictSame(affinity("style: insert, cookie: sid, routerCookie: r"), {
    style: "insert",
    routerCookie: "r",
    cookie: "sid",
  });
  t.strictSame(affinity("style: learn, cookie: sid, urlParameter: s"), {
    style: "learn",
    cookie: "sid",
    urlParameter: "s",
  });
  t.strictSame(affinity("style: hash"), { style: "hash", on: "address" });
  t.strictSame(affinity("style: hash, on: header, name: X-User"), {
    style: "hash",
    on: "header",
    name: "X-User",
  });
  t.strictSame(affinity("style: none"), { style: "none" });
  for (const style of ["rewrite", "insert", "learn", "hash", "none"]) {
    const java = affinity(`style: ${style}, cookie: JSESSIONID`);
    t.equal(java.urlParameter, "jsessionid", `${style}: Java's servers write it into URLs`);
    t.equal(affinity(`style: ${style}, cookie: JSESSIONID, urlParameter: s`).urlParameter, "s", style);
  }
  const refused: readonly (readonly [string, RegExp])[] = [
    ['style: insert, separator: "."', /"separator" has no meaning with style insert, whose keys are cookie/],
    ["style: learn", /"cookie" is missing; style learn needs the name of the session cookie/],
    ["style: rewrite", /"cookie" is missing/],
    ["style: hash, on: cookie", /"name" is missing; hash needs the name of the cookie that it goes by/],
    ["style: hash, name: x", /"name" has no meaning when hash goes by the address/],
    [
      "style: suffix, separator: '::'",
      /"::" is not one character that no session id has; write for example ":"/,
    ],
    ["style: suffix, cookie: 'a b'", /"a b" is not a cookie's name; write for example JSESSIONID/],
  ];
  for (const [keys, message] of refused) {
    t.match(mistakes(`applications: [{ id: shop, ${EDITIONS}, affinity: { ${keys} } }]`), [message]);
  }
});

t.test("probes are off, by tcp or by http, a cluster's for members without one of their own", async (t) => {
  const { servers } = read(`
clusters: [{ name: C, probe: { type: tcp, interval: 1s } }]
servers:
  - { name: A, address: "a:1", cluster: C }
  - { name: B, address: "b:1", cluster: C, probe: off }
  - { name: D, address: "d:1", cluster: C, probe: { path: /up, status: 204 } }
  - { name: E, address: "e:1" }
`);
  const times = { intervalMs: 5000, timeoutMs: 2000, fall: 3, rise: 2 };
  t.strictSame(
    servers.map((server) => server.probe),
    [
      { kind: "tcp", ...times, intervalMs: 1000 },
      { kind: "off" },
      { kind: "http", path: "/up", statusMin: 204, statusMax: 204, ...times },
      { kind: "off" },
    ],
  );
  t.match(mistakes('servers: [{ name: A, address: "a:1", probe: of }]'), [
    /"of" is none of off; did you mean "off"/,
  ]);
  t.match(mistakes('servers: [{ name: A, address: "a:1", probe: { status: 400-200 } }]'), [
    /"400-200" is not a status or range of statuses; write for example "200-399"/,
  ]);
});

t.test("aliases, context roots and paths are written in one way, whatever way they came", async (t) => {
  const { virtualHosts } = read(
    'virtualHosts: [{ name: v, aliases: [WWW.Example.com, "*.example.com:443", "*:80", "[::1]:8080", "*"] }]',
  );
  t.strictSame(virtualHosts[0]?.aliases, [
    "www.example.com:*",
    "*.example.com:443",
    "*:80",
    "[::1]:8080",
    "*:*",
  ]);
  t.strictSame(application("contextRoots: [/a/b/, /]").contextRoots, ["/a/b", "/"]);
  const { paths, contextRoots } = application('paths: [/hello, /a/*, "*.jsp", "/*"]');
  t.strictSame(
    [paths, contextRoots],
    [["/hello", "/a/*", "*.jsp", "/*"], []],
    "paths alone: no default root",
  );
  const bad = (keys: string) => mistakes(`applications: [{ id: shop, ${EDITIONS}, ${keys} }]`).length;
  for (const root of ["shop", "/a//b", "/a/../b", "/a/.", "/a?x", "/a/*", "//", "/a;b"]) {
    t.equal(bad(`contextRoots: ["${root}"]`), 1, root);
  }
  for (const path of ["hello", "*.*", "/a*", "*jsp", "/a/*/b"]) t.equal(bad(`paths: ["${path}"]`), 1, path);
  for (const alias of ["a b", "*.*.c:80", "a:0", "a:70000", "a:b", "[zz]:1", ""]) {
    t.equal(mistakes(`virtualHosts: [{ name: v, aliases: ["${alias}"] }]`).length, 1, alias);
  }
});

t.test("addresses are checked where they are written", async (t) => {
  for (const address of ["127.0.0.1:1", "[::1]:65535", "unix:/run/a.sock", "app-1.example:80"]) {
    t.strictSame(mistakes(`servers: [{ name: A, address: "${address}" }]`), [], address);
  }
  for (const address of [
    "127.0.0.1",
    "300.0.0.1:80",
    "a:0",
    "a:65536",
    "[::g]:1",
    "::1:80",
    "unix:a",
    "http://a:1",
  ]) {
    t.match(
      mistakes(`servers: [{ name: A, address: "${address}" }]`),
      [/is not an address; write for example/],
      address,
    );
  }
});

t.test("numbers do for labels and names, as they are written", async (t) => {
  const [one] = read(
    `applications: [{ id: 7, editions: [{ label: 1.10, targets: [{ cluster: C }] }] }]`,
  ).applications;
  t.strictSame([one?.id, one?.editions[0]?.label], ["7", "1.10"]);
});

t.test(
  "every mistake of a domain.yaml is told at once, with its place and what to write instead [C5]",
  async (t) => {
    t.strictSame(
      mistakes(`servers:
  - { nam: A, adress: "a:1" }
  - { name: B, address: "b:1", route: x, routes: [y] }
  - { name: B, address: "b:2" }
  - { name: D, managed: { ports: "21000-21099" } }
applications:
  - id: shop
  - id: desk
    editions:
      - { label: "1", targets: [{ cluster: C, server: B }] }
      - { label: "2", targets: [{ cluster: C, route: x }] }
      - { label: "3", targets: [] }
  - id: page
    maintenancePage: page.html
    ${EDITIONS}
`),
      [
        '2:7: servers[0]: Unknown key "nam"; did you mean "name"?',
        '2:15: servers[0]: Unknown key "adress"; did you mean "address"?',
        '3:5: servers[1]: "route" and "routes" are the same key; write routes: [x, …] alone',
        '5:5: servers[3]: "address" is missing; write for example address: "127.0.0.1:9081"',
        "5:25: servers[3].managed: Managed servers are not supported by this version; start the server yourself and give its address",
        '7:5: applications[0]: "editions" is missing; write for example editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }]',
        "10:33: applications[1].editions[0].targets[0]: A target is either a cluster or a server; write for example { cluster: Cluster01 }",
        '11:33: applications[1].editions[1].targets[0]: "address" and "route" belong to a server; write for example { server: Server01, … }',
        "12:32: applications[1].editions[2].targets: The list is empty; write for example [{ cluster: Cluster01 }]",
        "13:5: applications[2].maintenancePage: A page cannot be read from a file here",
      ],
    );
    t.match(mistakes('servers: [{ name: B, address: "b:1" }, { name: B, address: "b:2" }]'), [
      /servers\[1\]: "B" is declared twice/,
    ]);
  },
);

t.test("a page that cannot be read or is too long is a mistake of the file", async (t) => {
  const text = `applications: [{ id: shop, maintenancePage: p.html, ${EDITIONS} }]`;
  const missing = readResources(text, {
    file: "/etc/d.yaml",
    readFile: (path) => refuse("FILE_UNREADABLE", `Cannot read "${path}": no such file`),
  });
  t.match(!missing.ok && missing.fault.details, [
    /maintenancePage: Cannot read "\/etc\/p\.html": no such file/,
  ]);
  const long = readResources(text, { file: "/etc/d.yaml", readFile: () => ok("x".repeat(300_000)) });
  t.match(!long.ok && long.fault.details, [/"p\.html" has 300000 characters; at most 262144 are sent/]);
});

t.test("JSON is read as well, and an empty file is no resources", async (t) => {
  const resources = read(SHOP_YAML);
  t.strictSame(read(JSON.stringify({ clusters: [{ name: "Cluster01" }] })).clusters, resources.clusters);
  const nothing = { virtualHosts: [], clusters: [], servers: [], applications: [] };
  t.strictSame(read("# nothing\n"), nothing);
  t.ok(apply(emptyDomain("x"), applying(nothing), 1 as Parameters<typeof apply>[2]).ok);
});
