import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testFolder } from "../support/admin-site.ts";
import { tidegate } from "../support/tidegate.ts";

t.setTimeout(150_000); // every command is a process of its own

const COMMANDS = [
  "run",
  "check",
  "apply",
  "servers",
  "mode",
  "apps",
  "app",
  "distribute",
  "start",
  "redeploy",
  "undeploy",
  "sessions",
  "explain",
  "events",
  "routers",
];

t.test("help teaches every command with examples", async (t) => {
  const folder = testFolder(t);
  const all = await tidegate(["--help"], { folder });
  t.equal(all.status, 0);
  t.equal(all.err, "");
  for (const command of COMMANDS) {
    t.match(all.out, new RegExp(`^  ${command}( |$)`, "m"), command);
    const help = await tidegate([command, "--help"], { folder });
    t.equal(help.status, 0, command);
    t.match(help.out, new RegExp(`^Examples:\n  tidegate ${command}`, "m"), command);
  }
  t.match((await tidegate(["--version"], { folder })).out, /^\d+\.\d+\.\d+\n$/);
});

t.test("wrong usage ends with exit status 2 and says what is meant [C1]", async (t) => {
  const folder = testFolder(t);
  const wrong: [string[], RegExp][] = [
    [["servres"], /Did you mean servers\?/],
    [["mode", "--resaon", "x"], /Did you mean --reason\?/],
    [["apply"], /no file is named\n {2}hint: Write `tidegate apply -f domain\.yaml`/],
    [["apply", "one.yaml", "-f", "two.yaml"], /"two\.yaml" and "one\.yaml" at once/],
    [["app"], /missing required argument 'id'/],
    [["servers", "one", "two"], /too many arguments/],
    [["mode", "break"], /no server is named\n {2}hint: Write `tidegate mode NAME break`/],
    [["mode", "Server01", "brake"], /"brake" is no mode\n {2}hint: Did you mean "break"\?/],
    [["mode", "Server01", "break", "--node", "node01"], /of a node at once/],
    [["mode", "Server01", "break", "--until", "soon"], /"soon" is no time/],
    [["mode", "Server01", "break", "--until", "2020-01-01"], /is past/],
    [["mode", "Server01", "break", "--from", "2020-01-01"], /is past/],
    [["mode", "Server01", "break", "--until", "30"], /"30" has no unit\n {2}hint: Write 30m for minutes/],
    [["mode", "--until", "30m"], /no server or node is named/],
    [["mode", "--reason", "why"], /no server or node is named/],
    [["events", "--after", "-1"], /is no number for --after/],
    [["events", "--limit", "0"], /is no number for --limit/],
  ];
  for (const [args, message] of wrong) {
    const { status, out, err } = await tidegate(args, { folder });
    t.equal(status, 2, args.join(" "));
    t.match(err, message, args.join(" "));
    t.match(err, /hint: /, args.join(" "));
    t.equal(out, "", args.join(" "));
  }
});

t.test(
  "check names every mistake with line and column, in files told apart by what is in them",
  async (t) => {
    const folder = testFolder(t);
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write("good.yaml", "domain: shop\nrouter: { workers: 2 }\n");
    write("one.yaml", "servers:\n  - { name: S1, node: n1, adress: x }\nclusers: []\n");
    write("two.yaml", "domain: shop\nrouter:\n  workers: many\nadmn: {}\n");
    t.match(await tidegate(["check", "good.yaml"], { folder }), {
      status: 0,
      out: "good.yaml: no mistakes (process settings)\n",
      err: "",
    });
    const checked = await tidegate(["check", "good.yaml", "one.yaml", "two.yaml"], { folder });
    t.equal(checked.status, 1);
    t.match(checked.err, /^one\.yaml:2:\d+: .*"adress"/m);
    t.match(checked.err, /^one\.yaml:3:1: .*"clusers".*clusters/m);
    t.match(checked.err, /^two\.yaml:3:12: /m);
    t.match(checked.err, /^two\.yaml:4:1: .*"admn".*"admin"/m);
    const json = JSON.parse((await tidegate(["check", "--json", "one.yaml"], { folder })).out);
    t.match(json, { files: [{ file: "one.yaml", kind: "domain", good: false }] });
  },
);

t.test("check finds the settings nearby and follows what they include", async (t) => {
  const folder = testFolder(t);
  t.match(await tidegate(["check"], { folder }), { status: 1, err: /There is no tidegate\.yaml/ });
  mkdirSync(join(folder, "config"));
  writeFileSync(join(folder, "config", "tidegate.yaml"), "include: domain.yaml\n");
  t.match(await tidegate(["check"], { folder }), {
    status: 1,
    err: /^config\/domain\.yaml: .*it is not there$/m,
  });
  const server = '{ name: S1, node: n1, cluster: C1, address: "127.0.0.1:9081", route: s1 }';
  writeFileSync(join(folder, "config", "domain.yaml"), `servers:\n  - ${server}\n`);
  t.match((await tidegate(["check"], { folder })).out, /^config\/tidegate\.yaml: no mistakes/);
  const noted = await tidegate(["check"], { folder });
  t.match(noted, { status: 0, out: /^config\/domain\.yaml: no mistakes \(domain\)$/m });
  t.match(
    noted.err,
    /^config\/domain\.yaml:2:\d+: servers\[0\]\.cluster: There is no cluster "C1" .*no mistake when/m,
  );
});

t.test(
  "check tells broken references beside the mistakes, each with its place and what was meant",
  async (t) => {
    const folder = testFolder(t);
    const text = `clusters: [{ name: Cluster01 }]
servers:
  - { name: Server01, cluster: Cluster1, address: "127.0.0.1:9081", route: s1 }
applications:
  - id: shop
    virtualHosts: [default_hots]
    maintenancePage: missing.html
    editions: [{ label: "1", targets: [{ cluster: Cluster02 }, { server: Server09 }] }]
`;
    writeFileSync(join(folder, "domain.yaml"), text);
    const { status, err } = await tidegate(["check", "domain.yaml"], { folder });
    t.equal(status, 1);
    t.match(err, /^domain\.yaml:5:5: .*missing\.html/m);
    t.match(
      err,
      /^domain\.yaml:3:32: servers\[0\]\.cluster: There is no cluster "Cluster1".*mean "Cluster01"\?/m,
    );
    t.match(err, /^domain\.yaml:6:20: .*no virtual host "default_hots".*mean "default_host"\?/m);
    t.match(err, /^domain\.yaml:8:51: .*no cluster "Cluster02"/m);
    t.match(err, /^domain\.yaml:8:74: .*no server "Server09"/m);
    const twice = `applications:
  - { id: a, contextRoots: [/shop], editions: [{ label: "1", targets: [{ cluster: C }] }] }
  - { id: b, contextRoots: [/shop], editions: [{ label: "1", targets: [{ cluster: C }] }] }
`;
    writeFileSync(join(folder, "domain.yaml"), twice);
    const other = await tidegate(["check", "domain.yaml"], { folder });
    t.equal(other.status, 1, "a broken reference hides no mistake");
    t.match(other.err, /context root "\/shop".*to application "b": application "a" has it/);
  },
);

t.test("check names the place of a context root that two applications claim, once [C5] [R2]", async (t) => {
  const folder = testFolder(t);
  const checked = async (applications: readonly string[]) => {
    const items = applications.map(
      (keys) => `  - { ${keys}, editions: [{ label: "1", targets: [{ server: A }] }] }\n`,
    );
    const servers =
      'servers: [{ name: A, address: "127.0.0.1:1" }]\nvirtualHosts: [{ name: v, aliases: [v] }]\n';
    writeFileSync(join(folder, "domain.yaml"), `${servers}applications:\n${items.join("")}`);
    return tidegate(["check", "domain.yaml"], { folder });
  };
  const clash = (place: string, host: string) =>
    `domain.yaml:${place}: Cannot give context root "/a" on virtual host "${host}" to application "b": application "a" has it\n`;
  t.match(await checked(["id: a", "id: b, contextRoots: [/b, /a/]"]), {
    status: 1,
    out: "",
    err: clash("5:33: applications[1].contextRoots[1]", "default_host"),
  });
  t.equal(
    (await checked(["id: b, contextRoots: [/a]", "id: a"])).err,
    clash("5:11: applications[1].id", "default_host").replace(
      'to application "b": application "a"',
      'to application "a": application "b"',
    ),
    "the default root stands where the id does",
  );
  t.equal(
    (
      await checked([
        "id: a, virtualHosts: [default_host, v]",
        "id: b, virtualHosts: [v], contextRoots: [/a]",
      ])
    ).err,
    clash("5:48: applications[1].contextRoots[0]", "v"),
  );
  const apart = [
    "id: a",
    "id: b, virtualHosts: [v], contextRoots: [/a]",
    'id: c, paths: ["/c"]',
    "id: d, contextRoots: [/c]",
  ];
  t.match(await checked(apart), { status: 0, err: "" });
  const both = await checked(["id: a", "id: b, contextRoots: [/a], colour: red"]);
  t.match(both.err, /colour/);
  t.match(both.err, /application "a" has it/, "told whatever else is wrong");
});

t.test("a first start with a mistake in domain.yaml is refused, before anything runs [C5]", async (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, "tidegate.yaml"), "include: domain.yaml\n");
  const start = async (domain: string) => {
    writeFileSync(join(folder, "domain.yaml"), domain);
    return tidegate(["run"], { folder });
  };
  const missing = await tidegate(["run"], { folder });
  t.match(missing, { status: 1, out: "", err: /Cannot read ".*domain\.yaml": it is not there/ });
  const typo = await start("serers: []\n");
  t.match(typo, { status: 1, out: "", err: /domain\.yaml:1:1: .*did you mean "servers"/ });
  const dangling = await start('servers: [{ name: A, cluster: Nowhere, address: "127.0.0.1:1" }]\n');
  t.match(dangling, { status: 1, out: "", err: /there is no cluster "Nowhere"/ });
});

t.test("check misses a tokens file that is not there", async (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, "tidegate.yaml"), "admin: { tokensFile: tokens }\n");
  t.match(await tidegate(["check"], { folder }), {
    status: 1,
    err: /^tidegate\.yaml:1:22: admin\.tokensFile: .*tokens": it is not there/,
  });
});

t.test("check names the setting of an access log that cannot be written, and makes no file", async (t) => {
  const folder = testFolder(t);
  const checked = async (accessLog: string) => {
    writeFileSync(join(folder, "tidegate.yaml"), `router:\n  accessLog: ${accessLog}\n`);
    return tidegate(["check"], { folder });
  };
  const missing = await checked("{ format: json, path: logs/access.log }");
  t.match(missing, {
    status: 1,
    out: "",
    err: /^tidegate\.yaml:2:36: router\.accessLog\.path: Cannot write the access log ".*": its folder is not there/,
  });
  t.match(await checked("{ format: json, path: . }"), { status: 1, err: /it is a folder/ });
  t.match(await checked("{ format: off, path: logs/access.log }"), { status: 0, err: "" });
  t.match(await checked("{ format: json }"), { status: 0, err: "" }, "the data directory will be made");
  t.match(await checked("{ format: json, path: access.log }"), { status: 0, err: "" });
  t.same(readdirSync(folder), ["tidegate.yaml"]);
});

t.test("run refuses settings with mistakes before anything starts", async (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, "tidegate.yaml"), "router: { workers: none }\n");
  t.match(await tidegate(["run"], { folder }), { status: 1, out: "", err: /tidegate\.yaml:1:\d+: / });
  t.match(await tidegate(["run", "--config", "missing.yaml"], { folder }), {
    status: 1,
    err: /it is not there/,
  });
});
