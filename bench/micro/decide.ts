// Measures a decision with its release, as the proxy makes it for each request: the browser-like head is parsed already.
// `node dist/bench/micro/decide.js`

import { argv, cpuUsage } from "node:process";
import type { Affinity } from "../../src/domain/application.ts";
import type { RequestHead } from "../../src/http1/request-head.ts";
import { ResponseHead } from "../../src/http1/response-head.ts";
import type { ClientPoint } from "../../src/routing/decision.ts";
import { Decision, FORWARD, ResponseEdits } from "../../src/routing/decision.ts";
import type { WorkerRouter } from "../../src/routing/worker-router.ts";
import { browserHead, newRouter, type Shape, SUFFIX, tableOf } from "./routing-site.ts";

export interface Row {
  readonly name: string;
  readonly nsPerOp: number;
}

const ROUNDS = 5;
const DECISIONS = 200_000;
/** As many users as the big bench has connections. */
const USERS = 64;

const CLIENT: ClientPoint = {
  virtualHost: "",
  port: 80,
  clientAddress: "192.0.2.7",
  isSecure: false,
  isPreview: false,
};
const INSERT: Affinity = { style: "insert", routerCookie: "tg_route" };
const REWRITE: Affinity = { style: "rewrite", cookie: "JSESSIONID", separator: "." };
const LEARN: Affinity = { style: "learn", cookie: "JSESSIONID" };
const HASH: Affinity = { style: "hash", on: "address" };

const SESSION_ID = "A2MB4IJozU7VM8IffsMNfdRq";

/** The cookie of one user after the first response, in the style of the application. */
function cookieOf(router: WorkerRouter, shape: Shape, application: number, user: number): string {
  const decision = new Decision();
  router.decide(browserHead(application, ""), CLIENT, decision);
  const { instance } = decision;
  if (instance === null) throw new Error("Nothing was chosen");
  const value = `${SESSION_ID}${user}${shape.affinity.style === "suffix" ? `:${instance.entry.routes[0]}` : ""}`;
  const set = `JSESSIONID=${value}`;
  const edits = new ResponseEdits();
  router.readResponse(decision, setCookieHead(set), edits);
  router.release(instance);
  const token = /tg_route=[^;]*/.exec(edits.added?.toString() ?? "")?.[0];
  return token ?? `${set}${edits.inserted?.toString() ?? ""}`;
}

function setCookieHead(cookie: string): ResponseHead {
  const head = new ResponseHead();
  head.bytes = Buffer.from(`Set-Cookie: ${cookie}\r\n`);
  head.fieldCount = 1;
  head.fieldId[0] = 8;
  head.nameEnd[0] = 10;
  head.valueStart[0] = 12;
  head.valueEnd[0] = head.bytes.length - 2;
  head.hasSetCookie = true;
  return head;
}

/** One case: all users in turn; processor time, best of the rounds, since the others were disturbed. */
function measure(name: string, shape: Shape, isNewUser: boolean): Row {
  const router = newRouter();
  router.setTable(tableOf(shape));
  const heads: RequestHead[] = Array.from({ length: USERS }, (_, user) => {
    const application = Math.floor((user * shape.applications) / USERS);
    return browserHead(application, isNewUser ? "" : cookieOf(router, shape, application, user));
  });
  const decision = new Decision();
  let best: number = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = cpuUsage();
    for (let index = 0; index < DECISIONS; index += 1) {
      router.decide(heads[index % USERS] as RequestHead, CLIENT, decision);
      if (decision.outcome !== FORWARD || decision.instance === null) throw new Error("Not forwarded");
      router.release(decision.instance);
    }
    const used = cpuUsage(started);
    best = Math.min(best, used.user + used.system);
  }
  return { name, nsPerOp: (best * 1000) / DECISIONS };
}

/** All cases: instances in one application and over many, users with and without a session, all styles. */
export function benchDecide(): readonly Row[] {
  const rows: Row[] = [];
  for (const instances of [10, 1000, 10_000]) {
    const shape = { applications: 1, instances, affinity: SUFFIX };
    rows.push(measure(`sticky cookie, 1 application of ${instances} instances`, shape, false));
  }
  for (const applications of [100, 1000]) {
    const shape = { applications, instances: 10_000 / applications, affinity: SUFFIX };
    rows.push(
      measure(`sticky cookie, ${applications} applications and hosts, 10,000 instances`, shape, false),
    );
  }
  for (const affinity of [INSERT, REWRITE, LEARN]) {
    rows.push(
      measure(`${affinity.style}, 10 instances`, { applications: 1, instances: 10, affinity }, false),
    );
  }
  for (const instances of [10, 1000]) {
    rows.push(measure(`hash, ${instances} instances`, { applications: 1, instances, affinity: HASH }, true));
  }
  for (const balance of ["weighted-round-robin", "least-in-flight", "power-of-two"] as const) {
    for (const instances of [10, 1000, 10_000]) {
      const shape = { applications: 1, instances, affinity: SUFFIX, balance };
      rows.push(measure(`new user, ${balance}, ${instances} instances`, shape, true));
    }
  }
  return rows;
}

if (argv[1] === import.meta.filename) {
  for (const { name, nsPerOp } of benchDecide()) {
    console.log(`${name.padEnd(64)} ${nsPerOp.toFixed(0).padStart(6)} ns`);
  }
}
