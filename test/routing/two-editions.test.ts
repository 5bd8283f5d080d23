// Two editions side by side (SPEC A3, E1, E4, E9): who gets which, for every style of affinity.

import t from "tap";
import type { Affinity } from "../../src/domain/application.ts";
import {
  AFFINITY_FAILED_OVER,
  AFFINITY_INVALID,
  AFFINITY_KEPT,
  AFFINITY_MOVED,
  BUSY,
  type Decision,
  FORWARD,
  SESSION_LOST,
  UNAVAILABLE,
} from "../../src/routing/decision.ts";
import { type Explanation, explain } from "../../src/routing/explain.ts";
import type { ApplicationEntry, EditionEntry, InstanceEntry, RoutingTable } from "../../src/routing/table.ts";
import { application, edition, instance, type Rig, request, respond, rig, table } from "./support.ts";

const SUFFIX: Affinity = { style: "suffix", cookie: "SID", separator: ":", cacheIdLength: 0 };
const REWRITE: Affinity = { style: "rewrite", cookie: "SID", separator: "." };
const INSERT: Affinity = { style: "insert", routerCookie: "tg" };
const LEARN: Affinity = { style: "learn", cookie: "SID" };
const HASH: Affinity = { style: "hash", on: "address", cookie: "SID" };
const NONE: Affinity = { style: "none", cookie: "SID" };
const STYLES: readonly Affinity[] = [
  SUFFIX,
  REWRITE,
  INSERT,
  { ...INSERT, cookie: "SID" },
  LEARN,
  HASH,
  NONE,
];
const IDLE_MS = 1_800_000;

type State = EditionEntry["state"];

const nameOf = (style: Affinity): string =>
  style.style === "insert" && style.cookie !== undefined ? "insert with a cookie" : style.style;

/** Servers `e1a` and `e1b` of edition 1, and so on; their routes are their names. */
function serversOf(label: string, more: Partial<InstanceEntry> = {}): readonly InstanceEntry[] {
  return [`e${label}a`, `e${label}b`].map((name) =>
    instance(name, { key: `shop/${label}/${name}`, ...more }),
  );
}

let revision = 1;

/** The table in which edition 1 is in the first state, edition 2 in the second; left out: it is not there. */
function tableOf(
  affinity: Affinity,
  states: readonly (State | "gone")[],
  more: Partial<ApplicationEntry> = {},
): RoutingTable {
  const editions = states.flatMap((state, index) =>
    state === "gone" ? [] : [edition(String(index + 1), serversOf(String(index + 1)), state)],
  );
  revision += 1;
  return table([application([], { affinity, editions, ...more })], undefined, revision);
}

/** A browser: sends back the cookies that it got. */
class Browser {
  readonly #site: Rig;
  readonly #affinity: Affinity;
  readonly #cookies = new Map<string, string>();

  constructor(site: Rig, affinity: Affinity) {
    this.#site = site;
    this.#affinity = affinity;
  }

  get fields(): readonly string[] {
    const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? [] : [`Cookie: ${pairs.join("; ")}`];
  }

  /** Forgets one of its cookies. */
  drop(name: string): void {
    this.#cookies.delete(name);
  }

  /** One request; the application answers with these cookies of its own. */
  visit(newSession = ""): Decision {
    const { router, decide } = this.#site;
    const decision = decide(request("/shop", this.fields));
    if (decision.outcome !== FORWARD || decision.instance === null) return decision;
    const hasRoute = this.#affinity.style === "suffix";
    const value = hasRoute ? `${newSession}:${decision.instance.route}` : newSession;
    const edits = respond(router, decision, newSession === "" ? [] : [`Set-Cookie: SID=${value}`]);
    const own = /tg=([^;]+)/.exec(edits.added?.toString() ?? "")?.[1];
    if (own !== undefined) this.#cookies.set("tg", own);
    if (newSession !== "") this.#cookies.set("SID", value + (edits.inserted?.toString() ?? ""));
    router.release(decision.instance);
    return decision;
  }
}

const labelOf = (decision: Decision): string =>
  decision.instance?.edition.entry.label ?? `outcome ${decision.outcome}`;

function ask(site: Rig, browser: Browser): Explanation {
  const [cookie] = browser.fields;
  const headers: [string, string][] =
    cookie === undefined ? [] : [["Cookie", cookie.slice("Cookie: ".length)]];
  return explain(site.router, { method: "GET", url: "http://x/shop", headers, clientAddress: "192.0.2.1" });
}

for (const affinity of STYLES) {
  const start = (states: readonly (State | "gone")[], more: Partial<ApplicationEntry> = {}) => {
    const site = rig(tableOf(affinity, states, more));
    const switchTo = (next: readonly (State | "gone")[]): void =>
      site.router.setTable(tableOf(affinity, next, more));
    return { site, switchTo, browser: new Browser(site, affinity) };
  };

  t.test(
    `${nameOf(affinity)}: a session stays in the edition that retires, new users never get there [A3, E1, E4]`,
    async (t) => {
      const { site, switchTo, browser } = start(["running"]);
      browser.visit("abc");
      switchTo(["running", "distributed"]);
      t.equal(labelOf(browser.visit()), "1");
      switchTo(["retiring", "running"]);
      for (let round = 0; round < 10; round += 1) {
        const kept = browser.visit();
        t.equal(labelOf(kept), "1");
        t.equal(kept.affinity, AFFINITY_KEPT);
        t.equal(labelOf(new Browser(site, affinity).visit()), "2");
      }
      t.equal(labelOf(browser.visit("def")), "1", "a new id, as after a login");
      t.equal(labelOf(browser.visit()), "1", "is the same user's");
      const told = ask(site, browser);
      t.equal(told.edition, "1");
      t.ok(told.steps.includes('Edition "1" retires: it keeps its sessions and gets no new ones'));
      t.match(
        ask(site, new Browser(site, affinity)).steps.join("\n"),
        'New users go to the running edition "2"',
      );
    },
  );

  t.test(
    `${nameOf(affinity)}: a session of a retiring edition fails over within it, and stays there [A3]`,
    async (t) => {
      const { site, switchTo, browser } = start(["running"]);
      const first = browser.visit("abc").instance?.entry.server ?? "";
      switchTo(["retiring", "running"]);
      site.router.applyMark({ key: `shop/1/${first}`, state: "down", by: "probe", cause: "refused" });
      const over = browser.visit();
      t.equal(labelOf(over), "1");
      t.not(over.instance?.entry.server, first);
      t.equal(over.affinity, affinity.style === "none" ? AFFINITY_KEPT : AFFINITY_FAILED_OVER);
      t.equal(browser.visit().instance, over.instance);
      if (affinity.style !== "insert")
        site.router.applyMark({ key: `shop/1/${first}`, state: "up", by: "probe", cause: "" });
      t.equal(labelOf(browser.visit()), "1");
    },
  );

  t.test(
    `${nameOf(affinity)}: when an edition stops, its sessions move once and stay, or are told [A3, D12]`,
    async (t) => {
      const { site, switchTo, browser } = start(["running"]);
      browser.visit("abc");
      switchTo(["retiring", "running"]);
      t.equal(labelOf(browser.visit()), "1");
      switchTo(["stopping", "running"]);
      t.match(ask(site, browser), { affinity: "moved", edition: "2" });
      const moved = browser.visit();
      t.equal(labelOf(moved), "2");
      t.equal(moved.affinity, AFFINITY_MOVED);
      for (const states of [
        ["stopping", "running"],
        ["gone", "running"],
        ["running", "running"],
      ] as const) {
        switchTo(states);
        const after = browser.visit();
        t.equal(labelOf(after), "2", states.join());
        t.equal(after.affinity, AFFINITY_KEPT, states.join());
      }

      const strict = start(["running"], { onInstanceLost: "error" });
      strict.browser.visit("abc");
      strict.switchTo(["stopping", "running"]);
      t.equal(strict.browser.visit().outcome, SESSION_LOST);
      t.match(ask(strict.site, strict.browser).steps.at(-1), /onInstanceLost is error: the answer is 503/);
      strict.switchTo(["stopping", "gone"]);
      t.equal(strict.browser.visit().outcome, UNAVAILABLE);
      t.equal(new Browser(strict.site, affinity).visit().outcome, UNAVAILABLE);
    },
  );

  t.test(
    `${nameOf(affinity)}: a rollback leaves the old edition's sessions and moves the new one's [E9]`,
    async (t) => {
      for (const left of ["stopping", "gone"] as const) {
        const { site, switchTo, browser: old } = start(["running"]);
        old.visit("abc");
        const place = old.visit().instance?.entry.server;
        switchTo(["retiring", "running"]);
        const young = new Browser(site, affinity);
        t.equal(labelOf(young.visit("xyz")), "2");
        switchTo(["running", left]);
        const kept = old.visit();
        t.equal(labelOf(kept), "1");
        t.equal(kept.affinity, AFFINITY_KEPT);
        if (affinity.style !== "none") t.equal(kept.instance?.entry.server, place);
        const moved = young.visit();
        t.equal(labelOf(moved), "1");
        t.ok([AFFINITY_MOVED, AFFINITY_INVALID].includes(moved.affinity));
        t.equal(labelOf(new Browser(site, affinity).visit()), "1");
        switchTo(["retiring", "running"]);
        t.equal(labelOf(young.visit()), "1", "it does not go back when the edition comes again");
      }
    },
  );

  t.test(
    `${nameOf(affinity)}: a session of an edition that is only distributed again goes to the running one [E3]`,
    async (t) => {
      const { switchTo, browser } = start(["retiring", "running"]);
      t.equal(labelOf(browser.visit("abc")), "2");
      switchTo(["running", "gone"]);
      switchTo(["running", "distributed"]);
      t.equal(labelOf(browser.visit()), "1");
    },
  );

  t.test(`${nameOf(affinity)}: with the new one drained instead, both keep their users [E9]`, async (t) => {
    const { site, switchTo, browser: old } = start(["running"]);
    old.visit("abc");
    switchTo(["retiring", "running"]);
    const young = new Browser(site, affinity);
    young.visit("xyz");
    switchTo(["running", "retiring"]);
    t.equal(labelOf(old.visit()), "1");
    t.equal(labelOf(young.visit()), "2");
    t.equal(labelOf(new Browser(site, affinity).visit()), "1");
  });
}

for (const affinity of [{ style: "hash", on: "address" }, { style: "none" }] as const) {
  t.test(
    `${affinity.style}: a client without a session goes to the running edition from the switch on [E1]`,
    async (t) => {
      const { site } = { site: rig(tableOf(affinity, ["running"])) };
      const client = new Browser(site, affinity);
      t.equal(labelOf(client.visit()), "1");
      site.router.setTable(tableOf(affinity, ["retiring", "running"]));
      for (let round = 0; round < 5; round += 1) t.equal(labelOf(client.visit()), "2");
    },
  );
}

for (const affinity of [HASH, NONE, LEARN]) {
  t.test(
    `${affinity.style}: only the table knows a session's edition, so that a birth and a move are told first [A5]`,
    async (t) => {
      const { router, decide } = rig(tableOf(affinity, ["running"]));
      t.notOk(respond(router, decide(request("/shop")), []).mustReplicate);
      t.ok(respond(router, decide(request("/shop")), ["Set-Cookie: SID=abc"]).mustReplicate);
      const cookie = ["Cookie: SID=abc"];
      t.notOk(respond(router, decide(request("/shop", cookie)), []).mustReplicate);
      router.setTable(tableOf(affinity, ["stopping", "running"]));
      t.ok(respond(router, decide(request("/shop", cookie)), []).mustReplicate);
    },
  );
}

for (const affinity of [SUFFIX, REWRITE]) {
  const separator = affinity.style === "suffix" ? ":" : ".";
  const cookie = [`Cookie: SID=abc${separator}e1a`];

  t.test(
    `${affinity.style}: the cookie of a session that is over makes no new one in a retiring edition [E4]`,
    async (t) => {
      const site = rig(tableOf(affinity, ["retiring", "running"]));
      t.equal(
        labelOf(site.decide(request("/shop", cookie))),
        "1",
        "right after a start nobody can know that it is over",
      );
      site.router.nowMs += IDLE_MS;
      const over = site.decide(request("/shop", cookie));
      t.equal(labelOf(over), "2");
      t.equal(over.affinity, AFFINITY_INVALID);
      const told = explain(site.router, {
        method: "GET",
        url: "http://x/shop",
        headers: [["Cookie", cookie[0]?.slice(8) ?? ""]],
        clientAddress: "192.0.2.1",
      });
      t.match(told, { affinity: "invalid", edition: "2" });
      t.match(told.steps.join("\n"), 'its session is over, and edition "1" retires and gets no new ones');
      site.router.setTable(tableOf(affinity, ["running"]));
      t.equal(labelOf(site.decide(request("/shop", cookie))), "1", "a running one may be asked");
    },
  );
}

t.test(
  "insert: a visitor without a session of the application leaves a retiring edition at once [E4]",
  async (t) => {
    const affinity: Affinity = { ...INSERT, cookie: "SID" };
    const site = rig(tableOf(affinity, ["running"]));
    const visitor = new Browser(site, affinity);
    visitor.visit();
    t.equal(labelOf(visitor.visit()), "1");
    site.router.setTable(tableOf(affinity, ["retiring", "running"]));
    t.equal(labelOf(visitor.visit()), "2");
    t.equal(labelOf(visitor.visit()), "2");
  },
);

/** One place in each edition, and a request that waits for one. */
function waiting(
  affinity: Affinity,
  hasSession: boolean,
): { readonly site: Rig; readonly decision: Decision } {
  const full = { maxConnections: 1 };
  const editions = [edition("1", serversOf("1", full))];
  const site = rig(table([application([], { affinity, editions })]));
  const browser = new Browser(site, affinity);
  if (hasSession) browser.visit("abc");
  while (site.decide(request("/shop")).outcome === FORWARD);
  const decision = site.decide(request("/shop", browser.fields));
  t.equal(decision.outcome, BUSY, "the test's own assumption");
  return { site, decision };
}

for (const affinity of [...STYLES, { style: "hash", on: "address" } as const]) {
  const switched = (states: readonly [State | "gone", State]): RoutingTable => tableOf(affinity, states);

  t.test(
    `${nameOf(affinity)}: who waits without a session waits for the edition that runs then [E4, R4]`,
    async (t) => {
      const { site, decision } = waiting(affinity, false);
      site.router.setTable(switched(["retiring", "running"]));
      site.router.decideAgain(decision, []);
      t.equal(labelOf(decision), "2");
    },
  );

  if (!("cookie" in affinity) && affinity.style !== "insert") continue;
  t.test(
    `${nameOf(affinity)}: a session that waits waits for its own edition, unless that stops [A3, R4]`,
    async (t) => {
      const { site, decision } = waiting(affinity, true);
      const busy = tableOf(affinity, ["retiring", "running"], {
        editions: [
          edition("1", serversOf("1", { maxConnections: 1 }), "retiring"),
          edition("2", serversOf("2")),
        ],
      });
      site.router.setTable(busy);
      site.router.decideAgain(decision, []);
      t.equal(decision.outcome, BUSY);
      t.equal(decision.edition?.entry.label, "1");
      site.router.setTable(switched(["stopping", "running"]));
      site.router.decideAgain(decision, []);
      t.equal(labelOf(decision), "2");
      t.equal(decision.affinity, AFFINITY_MOVED);
    },
  );
}
