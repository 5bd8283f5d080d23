import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import type { ProcessSettings } from "../../src/settings/process-settings.ts";
import { readProcessSettings } from "../../src/settings/read-process-settings.ts";

const CONTEXT = { file: "/etc/tidegate/tidegate.yaml", hostName: "box7", cpus: 3 };
const CONFIG = fileURLToPath(new URL("../../../config/", import.meta.url));

function read(text: string): ProcessSettings {
  return unwrap(readProcessSettings(text, CONTEXT));
}

/** The mistakes of a text, without the file's name. */
function mistakes(text: string): readonly string[] {
  const result = readProcessSettings(text, CONTEXT);
  if (result.ok) return [];
  t.equal(result.fault.code, "BAD_SETTINGS");
  return (result.fault.details ?? []).map((line) => line.replace(`${CONTEXT.file}:`, ""));
}

t.test("without any file there are defaults that work", async (t) => {
  t.strictSame(read(""), {
    domain: "tidegate",
    node: "box7",
    roles: ["master", "router", "agent"],
    dataDir: "/etc/tidegate/var",
    admin: { listen: "127.0.0.1:9700", socket: "/etc/tidegate/var/control.sock", tokensFile: "" },
    router: {
      workers: 3,
      listeners: [{ name: "http", address: "0.0.0.0:8080", port: 8080, isPreview: false }],
      client: {
        headBytes: 16_384,
        headMs: 10_000,
        stallMs: 30_000,
        idleMs: 75_000,
        requestsMax: 0,
        connectionsMax: 20_000,
        connectionsPerAddress: 0,
      },
      upstream: { idleConnections: 64, idleMs: 15_000, freshMs: 1000 },
      accessLog: { format: "off", path: "/etc/tidegate/var/access.log" },
      trustedProxies: [],
      forwarded: false,
      requestId: true,
      traceparent: false,
      via: "tidegate",
      sessionsMax: 1_000_000,
    },
    include: "",
    logLevel: "info",
    stopGraceMs: 30_000,
  });
});

t.test("the example file says nothing but the defaults, and its own domain, data and include", async (t) => {
  const written = read(readFileSync(`${CONFIG}tidegate.yaml`, "utf8"));
  const { admin, router } = read("");
  t.strictSame(written, {
    ...read(""),
    domain: "shop",
    dataDir: "/etc/var",
    include: "/etc/tidegate/domain.yaml",
    admin: { ...admin, socket: "/etc/var/control.sock" },
    router: { ...router, accessLog: { format: "off", path: "/etc/var/access.log" } },
  });
});

t.test("paths begin at the folder of the file; what is written is taken", async (t) => {
  const settings = read(`
node: node01
data: data
include: ../shop/domain.yaml
admin: { listen: off, socket: /run/tg.sock, tokensFile: tokens }
router:
  workers: 4
  listeners:
    - { name: a, listen: "127.0.0.1:0" }
    - { name: b, listen: "[::1]:8081", virtualHost: intranet, port: 80 }
    - { name: c, listen: "unix:/run/in.sock" }
  client: { headSize: 32 KB, idleTimeout: 90 }
  accessLog: { format: combined, path: stdout }
  trustedProxies: [10.0.0.0/8, 127.0.0.1, "::1/128"]
stopGrace: 1m30s
`);
  t.equal(settings.dataDir, "/etc/tidegate/data");
  t.equal(settings.include, "/etc/shop/domain.yaml");
  t.strictSame(settings.admin, { listen: "", socket: "/run/tg.sock", tokensFile: "/etc/tidegate/tokens" });
  t.equal(settings.router.workers, 4);
  t.strictSame(settings.router.listeners, [
    { name: "a", address: "127.0.0.1:0", port: 0, isPreview: false },
    { name: "b", address: "[::1]:8081", port: 80, isPreview: false, virtualHost: "intranet" },
    { name: "c", address: "unix:/run/in.sock", port: 80, isPreview: false },
  ]);
  t.equal(settings.router.client.headBytes, 32_768);
  t.equal(settings.router.client.idleMs, 90_000, "a bare number is seconds");
  t.strictSame(settings.router.accessLog, { format: "combined", path: "stdout" });
  t.strictSame(settings.router.trustedProxies, ["10.0.0.0/8", "127.0.0.1/32", "::1/128"]);
  t.equal(settings.stopGraceMs, 90_000);
});

t.test("every mistake is told at once, with its place and what to write instead [C5]", async (t) => {
  t.strictSame(
    mistakes(`domain: shop
routr: {}
Admin: {}
roles: [master, routr]
router:
  workers: 0
  listeners:
    - { name: http, listen: "0.0.0.0:8080" }
    - { name: http, listen: localhost }
    - { name: b c, listen: "0.0.0.0:8081", preview: maybe }
  client: { idleTimeout: 5 parsecs, headSize: 1, connectionsMax: 1.5 }
  forwarded: yes
  trustedProxies: [10.0.0.0/33]
logLevel: wran
stopGrace: [1]
`),
    [
      '2:1: Unknown key "routr"; did you mean "router"?',
      '3:1: Unknown key "Admin"; did you mean "admin"?',
      '4:17: roles[1]: "routr" is none of master, router, agent; did you mean "router"?',
      "6:12: router.workers: 0 is out of range; write a whole number from 1 to 256",
      '9:29: router.listeners[1].listen: "localhost" is not an address to listen on; write for example "0.0.0.0:8080"',
      '10:15: router.listeners[2].name: "b c" is not a name: a letter or digit first, then letters, digits, _, - and ., 64 at most; write for example http',
      '10:53: router.listeners[2].preview: "maybe" is not a flag; write true or false',
      '11:26: router.client.idleTimeout: "5 parsecs" is not a duration; write for example 75s',
      '11:47: router.client.headSize: "1" is out of range; write a size from 1k to 1m',
      '11:66: router.client.connectionsMax: "1.5" is not a whole number; write for example 20000',
      '12:14: router.forwarded: "yes" is not a flag; write true or false',
      '13:20: router.trustedProxies[0]: "10.0.0.0/33" is not a network; write for example 10.0.0.0/8',
      '14:11: logLevel: "wran" is none of debug, info, warn, error; did you mean "warn"?',
      "15:12: stopGrace: A list or set of keys is not a duration; write for example 30s",
    ],
  );
});

t.test("two listeners of one name or one address are refused", async (t) => {
  const listeners = (...lines: string[]) => `router: { listeners: [${lines.join(", ")}] }`;
  t.match(mistakes(listeners('{ name: a, listen: "0.0.0.0:1" }', '{ name: a, listen: "0.0.0.0:2" }')), [
    /router\.listeners\[1\]: "a" is declared twice/,
  ]);
  t.match(mistakes(listeners('{ name: a, listen: "0.0.0.0:1" }', '{ name: b, listen: "0.0.0.0:1" }')), [
    /Two listeners have the address "0\.0\.0\.0:1"/,
  ]);
  t.strictSame(
    mistakes(listeners('{ name: a, listen: "0.0.0.0:0" }', '{ name: b, listen: "0.0.0.0:0" }')),
    [],
  );
  t.match(mistakes("router: { listeners: [] }"), [/The list is empty; write for example \[/]);
});

t.test("the admin API is open to the network only with tokens [F6]", async (t) => {
  const open = 'admin: { listen: "0.0.0.0:9700" }';
  t.match(mistakes(open), [/1:8: admin: "0\.0\.0\.0:9700" is open to the network; name a file of tokens/]);
  t.strictSame(mistakes('admin: { listen: "0.0.0.0:9700", tokensFile: tokens }'), []);
  for (const address of ["localhost:9700", "127.0.0.5:9700", '"[::1]:9700"', "off"]) {
    t.strictSame(mistakes(`admin: { listen: ${address} }`), [], address);
  }
});

t.test("a socket's path that the system could not open is refused before anything starts", async (t) => {
  t.match(mistakes(`data: /${"deep/".repeat(25)}`), [
    /longer than 107 bytes; write a shorter one under admin: socket/,
  ]);
});

t.test("what is no YAML is told with its place, and nothing is guessed from the rest", async (t) => {
  const [first, ...more] = mistakes("domain: shop\nrouter: {\nlogLevel: wran\n");
  t.match(first, /^\d+:\d+: /);
  t.notOk([first, ...more].some((line) => line?.includes("wran")));
  t.strictSame(mistakes("domain: a\n---\ndomain: b\n"), [
    "2:1: A second document begins here; write one only",
  ]);
  t.match(mistakes("domain: a\ndomain: b\n"), [/^2:1: Map keys must be unique/]);
  t.match(mistakes("- 1\n"), [/^1:1: Not a set of keys; write for example domain: shop/]);
});

t.test("a key with nothing behind it is as if it were left out; aliases are followed", async (t) => {
  t.strictSame(read("router:\nlogLevel:\n"), read(""));
  const { client } = read("router: { client: { headTimeout: &t 7s, stallTimeout: *t } }").router;
  t.strictSame([client.headMs, client.stallMs], [7000, 7000]);
  t.match(mistakes("router: &r { client: *r }"), [/Unknown key "client"|no anchor|router/]);
});
