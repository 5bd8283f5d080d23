// Tables, heads and sessions for the tests of routing: short to write, complete in what they are.

import { seededRandom } from "../../src/base/random.ts";
import type { Revision } from "../../src/base/units.ts";
import type { Affinity } from "../../src/domain/application.ts";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import { RequestHead } from "../../src/http1/request-head.ts";
import { FIELD_CACHE_CONTROL, FIELD_SET_COOKIE, ResponseHead } from "../../src/http1/response-head.ts";
import type { Mark } from "../../src/routing/availability.ts";
import type { CompiledInstance } from "../../src/routing/compiled.ts";
import type { ClientPoint } from "../../src/routing/decision.ts";
import { Decision, FORWARD, ResponseEdits } from "../../src/routing/decision.ts";
import type {
  ApplicationEntry,
  EditionEntry,
  InstanceEntry,
  RoutingTable,
  VirtualHostEntry,
} from "../../src/routing/table.ts";
import { WorkerRouter } from "../../src/routing/worker-router.ts";
import { NO_SESSION, type Sessions } from "../../src/sessions/sessions.ts";
import { SESSIONS, SUFFIX, TRAFFIC } from "../support/resources.ts";

export const FINGERPRINT_KEY: string = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
export const TOKEN_KEY: string = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf";

/** An instance of `shop` edition 1 on server `name`, with route `name`. */
export function instance(name: string, more: Partial<InstanceEntry> = {}): InstanceEntry {
  return {
    key: `shop/1/${name}`,
    server: name,
    node: "node01",
    address: "127.0.0.1:9000",
    routes: [name],
    weight: 1,
    role: "primary",
    access: "open",
    maxConnections: 0,
    slowStartMs: 0,
    ...more,
  };
}

export function edition(
  label: string,
  instances: readonly InstanceEntry[],
  state: EditionEntry["state"] = "running",
): EditionEntry {
  return { label, state, instances };
}

/** The application `shop` at `/shop`; by default one running edition with the instances given. */
export function application(
  instances: readonly InstanceEntry[],
  more: Partial<ApplicationEntry> = {},
): ApplicationEntry {
  return {
    id: "shop",
    virtualHosts: ["default_host"],
    contextRoots: ["/shop"],
    paths: [],
    affinity: SUFFIX,
    sessions: SESSIONS,
    traffic: TRAFFIC,
    balance: "weighted-round-robin",
    countAffinity: false,
    onInstanceLost: "move",
    maintenancePage: "",
    retryAfterSeconds: 30,
    editions: [edition("1", instances)],
    ...more,
  };
}

export const EVERY_HOST: VirtualHostEntry = { name: "default_host", aliases: ["*:*"] };

export function table(
  applications: readonly ApplicationEntry[],
  virtualHosts: readonly VirtualHostEntry[] = [EVERY_HOST],
  revision: number = 1,
): RoutingTable {
  return {
    version: 1,
    domain: "test",
    revision: revision as Revision,
    secrets: { tokenKeys: [TOKEN_KEY], fingerprintKey: FINGERPRINT_KEY },
    virtualHosts,
    applications,
  };
}

/** Sessions as the table of a worker keeps them, with nothing but what routing asks. */
export class PlainSessions implements Sessions {
  readonly slots: number[] = [];
  readonly touches: number[] = [];
  /** When each was last in use, epoch seconds. */
  readonly seen: number[] = [];
  readonly #byKey = new Map<string, number>();

  find(high: number, low: number): number {
    return this.#byKey.get(`${high}/${low}`) ?? NO_SESSION;
  }

  slotOf(index: number): number {
    return this.slots[index] ?? -1;
  }

  seenAt(index: number): number {
    return this.seen[index] ?? 0;
  }

  touch(index: number, nowSeconds: number): void {
    this.touches[index] = (this.touches[index] ?? 0) + 1;
    this.seen[index] = nowSeconds;
  }

  see(index: number, nowSeconds: number): void {
    this.seen[index] = nowSeconds;
  }

  bind(high: number, low: number, slot: number, nowSeconds: number): number {
    const key = `${high}/${low}`;
    const index = this.#byKey.get(key) ?? this.slots.length;
    this.#byKey.set(key, index);
    this.slots[index] = slot;
    this.seen[index] = nowSeconds;
    return index;
  }

  end(high: number, low: number): boolean {
    return this.#byKey.delete(`${high}/${low}`);
  }

  get count(): number {
    return this.#byKey.size;
  }
}

/** One worker's router over a table, with everything to look at. */
export interface Rig {
  readonly router: WorkerRouter;
  readonly sessions: PlainSessions;
  readonly marks: Mark[];
  /** Server of the instance that the request was decided to, or the outcome as a number. */
  serverFor(request: RequestHead, client?: Partial<ClientPoint>): string | number;
  decide(request: RequestHead, client?: Partial<ClientPoint>): Decision;
}

export function rig(
  routingTable: RoutingTable,
  more: { readonly seed?: number; readonly worker?: number; readonly workers?: number } = {},
): Rig {
  const sessions = new PlainSessions();
  const marks: Mark[] = [];
  const router = new WorkerRouter({
    random: seededRandom(more.seed ?? 1),
    sessions,
    share: { worker: more.worker ?? 0, workers: more.workers ?? 1 },
    onMark: (mark) => marks.push(mark),
  });
  router.nowMs = 1_000_000;
  router.nowSeconds = 1_800_000_000;
  router.setTable(routingTable);
  const decide = (request: RequestHead, client: Partial<ClientPoint> = {}): Decision => {
    const decision = new Decision();
    router.decide(
      request,
      { virtualHost: "", port: 80, clientAddress: "192.0.2.1", isSecure: false, isPreview: false, ...client },
      decision,
    );
    return decision;
  };
  return {
    router,
    sessions,
    marks,
    decide,
    serverFor(request, client) {
      const decision = decide(request, client);
      if (decision.outcome !== FORWARD) return decision.outcome;
      const chosen = decision.instance as CompiledInstance;
      router.release(chosen);
      return chosen.entry.server;
    },
  };
}

/** A request head as it would come off the wire. */
export function request(
  target: string,
  fields: readonly string[] = [],
  host: string = "shop.example",
): RequestHead {
  const bytes = Buffer.from(
    `GET ${target} HTTP/1.1\r\n${[`Host: ${host}`, ...fields].join("\r\n")}\r\n\r\n`,
    "latin1",
  );
  const head = new RequestHead();
  const end = parseRequestHead(head, bytes, 0, bytes.length, 65_536);
  if (end <= 0) throw new Error(`The test's request is refused: ${end} ${head.refusal}`);
  return head;
}

/** A response head with these field lines. */
export function response(fields: readonly string[], status: number = 200): ResponseHead {
  const head = new ResponseHead();
  const start = `HTTP/1.1 ${status} OK\r\n`;
  const text = `${start}${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
  head.bytes = Buffer.from(text, "latin1");
  head.end = head.bytes.length;
  head.status = status;
  let at = start.length;
  for (const [index, field] of fields.entries()) {
    const colon = field.indexOf(":");
    const name = field.slice(0, colon).toLowerCase();
    head.nameStart[index] = at;
    head.nameEnd[index] = at + colon;
    head.valueStart[index] = at + colon + 2;
    head.valueEnd[index] = at + field.length;
    head.fieldId[index] =
      name === "set-cookie" ? FIELD_SET_COOKIE : name === "cache-control" ? FIELD_CACHE_CONTROL : 0;
    if (name === "set-cookie") head.hasSetCookie = true;
    at += field.length + 2;
  }
  head.fieldCount = fields.length;
  return head;
}

/** Gives the response of an exchange to the router; the edits are new. */
export function respond(router: WorkerRouter, decision: Decision, fields: readonly string[]): ResponseEdits {
  const edits = new ResponseEdits();
  router.readResponse(decision, response(fields), edits);
  return edits;
}

export const SERVERS: readonly string[] = ["s1", "s2", "s3"];

/** The shop with a style of affinity, on three servers unless others are given. */
export function site(
  affinity: Affinity,
  servers: readonly InstanceEntry[] = SERVERS.map((name) => instance(name)),
): Rig {
  return rig(table([application(servers, { affinity })]));
}

/** The request's head as the application gets it: without what is the router's own. */
export function forwarded(head: RequestHead, decision: Decision): string {
  let text = "";
  let at = head.start;
  for (let index = 0; index < decision.stripCount; index += 1) {
    text += head.bytes.toString("latin1", at, decision.stripStart[index]);
    at = decision.stripEnd[index] as number;
  }
  return text + head.bytes.toString("latin1", at, head.end);
}
