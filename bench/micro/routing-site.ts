// Routing tables and browser-like requests for the micro-benches of routing.

import { seededRandom } from "../../src/base/random.ts";
import type { Revision } from "../../src/base/units.ts";
import type { Affinity } from "../../src/domain/application.ts";
import type { Balance } from "../../src/domain/cluster.ts";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import { RequestHead } from "../../src/http1/request-head.ts";
import { InstanceStates } from "../../src/routing/instance-states.ts";
import type { ApplicationEntry, InstanceEntry, RoutingTable } from "../../src/routing/table.ts";
import { WorkerRouter } from "../../src/routing/worker-router.ts";
import { SessionTable } from "../../src/sessions/session-table.ts";

/** What a table is made of: so many applications, each with a virtual host of its own, of so many instances each. */
export interface Shape {
  readonly applications: number;
  readonly instances: number;
  readonly affinity: Affinity;
  readonly balance?: Balance;
}

export const SUFFIX: Affinity = { style: "suffix", cookie: "JSESSIONID", separator: ":", cacheIdLength: 0 };

const NOW_SECONDS = 1_700_000_000;

function instanceOf(application: string, index: number): InstanceEntry {
  return {
    key: `${application}/1/server${index}`,
    server: `server${index}`,
    node: `node${index >> 3}`,
    address: `10.0.${index >> 8}.${index & 255}:9080`,
    routes: [`r${index}`],
    weight: 1 + (index % 3),
    role: "primary",
    access: "open",
    maxConnections: 0,
    slowStartMs: 0,
  };
}

function applicationOf(shape: Shape, number: number): ApplicationEntry {
  const id = `app${number}`;
  return {
    id,
    virtualHosts: [`host${number}`],
    contextRoots: [`/context${number}`],
    paths: [],
    affinity: shape.affinity,
    sessions: { idleMs: 1_800_000, absoluteMs: 0, endedHeader: "session-ended" },
    traffic: {
      connectMs: 5000,
      firstByteMs: 60_000,
      betweenBytesMs: 60_000,
      tunnelIdleMs: 3_600_000,
      retryIntervalMs: 60_000,
      postBufferBytes: 65_536,
      queueLimit: 100,
      queueMs: 5000,
      closeSpreadMs: 0,
      servedByHeader: "",
    },
    balance: shape.balance ?? "weighted-round-robin",
    countAffinity: false,
    onInstanceLost: "move",
    maintenancePage: "",
    retryAfterSeconds: 30,
    editions: [
      {
        label: "1",
        state: "running",
        instances: Array.from({ length: shape.instances }, (_, index) => instanceOf(id, index)),
      },
    ],
  };
}

/** A table of this shape. */
export function tableOf(shape: Shape, revision: number = 1): RoutingTable {
  const numbers = Array.from({ length: shape.applications }, (_, number) => number);
  return {
    version: 1,
    domain: "bench",
    revision: revision as Revision,
    secrets: { tokenKeys: ["a5".repeat(32)], fingerprintKey: "5a".repeat(32) },
    virtualHosts: numbers.map((number) => ({
      name: `host${number}`,
      aliases: [`www.shop${number}.example.com:*`],
    })),
    applications: numbers.map((number) => applicationOf(shape, number)),
  };
}

/** A worker's router with a real session table, without a routing table yet. */
export function newRouter(): WorkerRouter {
  const states = new InstanceStates();
  const sessions = new SessionTable({ sessionsMax: 1e6, epochSeconds: () => NOW_SECONDS, slots: states });
  const router = new WorkerRouter({
    random: seededRandom(1),
    sessions,
    share: { worker: 0, workers: 1 },
    onMark: () => {},
    states,
  });
  router.nowMs = 1_000_000;
  router.nowSeconds = NOW_SECONDS;
  return router;
}

/** A browser's head of about 900 bytes for one of the applications, with this cookie among others (none when empty). */
export function browserHead(application: number, cookie: string): RequestHead {
  const cookies = `theme=dark; _ga=GA1.2.1234567890.1700000000; lang=en-GB; consent=${"c".repeat(60)}`;
  const fields = [
    `GET /context${application}/catalogue/items/4711?sort=price&page=3 HTTP/1.1`,
    `Host: www.shop${application}.example.com`,
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.9,ko;q=0.8",
    "Accept-Encoding: gzip, deflate, br, zstd",
    `Referer: https://www.shop${application}.example.com/context${application}/catalogue?sort=price`,
    "Connection: keep-alive",
    'Sec-CH-UA: "Chromium";v="126", "Not/A)Brand";v="8"',
    "Sec-CH-UA-Mobile: ?0",
    'Sec-CH-UA-Platform: "Linux"',
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: same-origin",
    "Upgrade-Insecure-Requests: 1",
    `Cookie: ${cookies}${cookie === "" ? "" : `; ${cookie}`}`,
  ];
  const bytes = Buffer.from(`${fields.join("\r\n")}\r\n\r\n`, "latin1");
  const head = new RequestHead();
  if (parseRequestHead(head, bytes, 0, bytes.length, 65_536) <= 0) throw new Error(head.refusal);
  return head;
}
