import t from "tap";
import {
  AFFINITY_FAILED_OVER,
  AFFINITY_INVALID,
  AFFINITY_KEPT,
  AFFINITY_MOVED,
  AFFINITY_NEW,
  BUSY,
  FORWARD,
  NO_APPLICATION,
  NO_VIRTUAL_HOST,
  SESSION_LOST,
  UNAVAILABLE,
} from "../../src/routing/decision.ts";
import { application, edition, instance, request, respond, rig, table } from "./support.ts";

const COOKIE = (value: string): readonly string[] => [`Cookie: theme=dark; JSESSIONID=${value}; lang=ko`];

t.test("a user without a session gets an instance of the running edition and is new [R3]", async (t) => {
  const { router, decide } = rig(table([application([instance("s1"), instance("s2")])]));
  const decision = decide(request("/shop/cart"));
  t.equal(decision.outcome, FORWARD);
  t.equal(decision.affinity, AFFINITY_NEW);
  t.equal(decision.instance?.state.inFlight, 1, "the instance is claimed in the same turn");
  if (decision.instance !== null) router.release(decision.instance);
  t.equal(decision.instance?.state.inFlight, 0);
});

t.test("a session goes to the instance whose route its cookie carries [A1]", async (t) => {
  const { decide } = rig(table([application([instance("s1"), instance("s2"), instance("s3")])]));
  for (const route of ["s1", "s2", "s3", "s2"]) {
    const decision = decide(request("/shop", COOKIE(`abc:${route}`)));
    t.equal(decision.instance?.entry.server, route);
    t.equal(decision.affinity, AFFINITY_KEPT);
    t.ok(decision.hasSession);
  }
});

t.test("several route ids are tried in order [A1]", async (t) => {
  const { decide } = rig(table([application([instance("s1", { access: "closed" }), instance("s2")])]));
  const decision = decide(request("/shop", COOKIE("abc:s1:s2")));
  t.equal(decision.instance?.entry.server, "s2");
  t.equal(decision.affinity, AFFINITY_FAILED_OVER);
});

t.test("a session in the URL is found like one in a cookie [A1]", async (t) => {
  const entry = application([instance("s1"), instance("s2")], {
    affinity: {
      style: "suffix",
      cookie: "JSESSIONID",
      separator: ":",
      cacheIdLength: 4,
      urlParameter: "jsessionid",
    },
  });
  const { decide } = rig(table([entry]));
  t.equal(decide(request("/shop/a;jsessionid=0000abc:s2?q=1")).instance?.entry.server, "s2");
  t.equal(decide(request("/shop/a;x=1;jsessionid=0000abc:s1/b")).instance?.entry.server, "s1");
  t.notOk(decide(request("/shop/a;jsessionids0000abc:s1")).hasSession, "a parameter of another name");
});

t.test("the cache id in front is not part of the session's identity [A1]", async (t) => {
  const entry = application([instance("s1")], {
    affinity: { style: "suffix", cookie: "JSESSIONID", separator: ":", cacheIdLength: 4 },
  });
  const { decide } = rig(table([entry]));
  const one = decide(request("/shop", COOKIE("0000A2MB4IJozU:s1")));
  const other = decide(request("/shop", COOKIE("0002A2MB4IJozU:s1")));
  t.equal(one.sessionLow, other.sessionLow);
  t.equal(one.sessionHigh, other.sessionHigh);
  t.not(one.sessionLow, decide(request("/shop", COOKIE("0002B2MB4IJozU:s1"))).sessionLow);
});

t.test("a cookie with an unknown route is a new pick, told apart in the counts [A1]", async (t) => {
  const { decide } = rig(table([application([instance("s1")])]));
  const decision = decide(request("/shop", COOKIE("abc:gone")));
  t.equal(decision.outcome, FORWARD);
  t.equal(decision.affinity, AFFINITY_INVALID);
});

t.test("of two cookies of one name the one that leads to an instance counts [A1]", async (t) => {
  const { decide } = rig(table([application([instance("s1"), instance("s2")])]));
  const head = request("/shop", ["Cookie: JSESSIONID=abc:other", "Cookie: JSESSIONID=def:s2"]);
  t.equal(decide(head).instance?.entry.server, "s2");
});

t.test(
  "a session is born by Set-Cookie, touched by requests and over when the cookie is deleted [A4]",
  async (t) => {
    const { router, sessions, decide } = rig(table([application([instance("s1"), instance("s2")])]));
    const first = decide(request("/shop"));
    const server = first.instance?.entry.server;
    respond(router, first, [`Set-Cookie: JSESSIONID=abc:${server}; Path=/shop; HttpOnly`]);
    t.equal(sessions.count, 1);
    t.equal(sessions.slots[0], first.instance?.state.slot);

    const second = decide(request("/shop", COOKIE(`abc:${server}`)));
    t.equal(sessions.touches[0], 1);
    const edits = respond(router, second, ["Set-Cookie: JSESSIONID=; Max-Age=0; Path=/shop"]);
    t.equal(sessions.count, 0);
    t.ok(edits.mustReplicate, "every worker knows before the client can come again [A5]");
  },
);

t.test("a response that says Session-Ended: 1 ends the session [A4]", async (t) => {
  const { router, sessions, decide } = rig(table([application([instance("s1")])]));
  respond(router, decide(request("/shop")), ["Set-Cookie: JSESSIONID=abc:s1"]);
  const decision = decide(request("/shop", COOKIE("abc:s1")));
  t.notOk(respond(router, decision, ["Session-Ended: 0"]).mustReplicate);
  t.equal(sessions.count, 1);
  t.ok(respond(router, decision, ["session-ended: 1"]).mustReplicate);
  t.equal(sessions.count, 0);
});

t.test("the header that ends a session has the name that the application was given [A4]", async (t) => {
  const settings = { idleMs: 1_800_000, absoluteMs: 0, endedHeader: "x-logged-out" };
  const { router, sessions, decide } = rig(table([application([instance("s1")], { sessions: settings })]));
  respond(router, decide(request("/shop")), ["Set-Cookie: JSESSIONID=abc:s1"]);
  const decision = decide(request("/shop", COOKIE("abc:s1")));
  respond(router, decision, ["Session-Ended: 1"]);
  t.equal(sessions.count, 1);
  respond(router, decision, ["X-Logged-Out: 1"]);
  t.equal(sessions.count, 0);
});

t.test("a session of before a restart is counted again once the application answers it [A4]", async (t) => {
  const { router, sessions, decide } = rig(table([application([instance("s1")])]));
  respond(router, decide(request("/shop", COOKIE("abc:s1"))), ["Content-Type: text/html"]);
  t.equal(sessions.count, 1);
  respond(router, decide(request("/shop", COOKIE("abc:nowhere"))), ["Content-Type: text/html"]);
  t.equal(sessions.count, 1, "an id that leads nowhere makes no session");
});

t.test("a new session id after a login replaces the old one [A4]", async (t) => {
  const { router, sessions, decide } = rig(table([application([instance("s1")])]));
  respond(router, decide(request("/shop")), ["Set-Cookie: JSESSIONID=abc:s1"]);
  respond(router, decide(request("/shop", COOKIE("abc:s1"))), ["Set-Cookie: JSESSIONID=def:s1"]);
  t.equal(sessions.count, 1);
});

t.test("a session without a route in its cookie stays where it was born [A1]", async (t) => {
  const { router, decide } = rig(table([application([instance("s1"), instance("s2"), instance("s3")])]));
  const first = decide(request("/shop"));
  respond(router, first, ["Set-Cookie: JSESSIONID=abc"]);
  for (let round = 0; round < 5; round += 1) {
    const again = decide(request("/shop", COOKIE("abc")));
    t.equal(again.instance, first.instance);
    t.equal(again.affinity, AFFINITY_KEPT);
  }
});

t.test("all workers know of a session without a route before its next request [A5]", async (t) => {
  const { router, decide } = rig(table([application([instance("s1"), instance("s2")])]));
  t.ok(respond(router, decide(request("/shop")), ["Set-Cookie: JSESSIONID=abc"]).mustReplicate);
  const routed = respond(router, decide(request("/shop")), ["Set-Cookie: JSESSIONID=def:s1"]);
  t.notOk(routed.mustReplicate, "a route says it in the cookie");
});

t.test(
  "a session that has failed over stays where it went, though its cookie names the old server [A3]",
  async (t) => {
    const names = ["s1", "s2", "s3", "s4"];
    const { router, decide } = rig(table([application(names.map((name) => instance(name)))]));
    const first = decide(request("/shop", COOKIE("abc:s1")));
    respond(router, first, ["Set-Cookie: JSESSIONID=abc:s1"]);
    router.failed(first, "connect refused");
    const moved = decide(request("/shop", COOKIE("abc:s1")));
    t.equal(moved.affinity, AFFINITY_FAILED_OVER);
    t.ok(respond(router, moved, []).mustReplicate, "other workers know before the next request [A5]");
    for (let round = 0; round < 8; round += 1) {
      const again = decide(request("/shop", COOKIE("abc:s1")));
      t.equal(again.instance, moved.instance);
      t.equal(again.affinity, AFFINITY_KEPT);
      t.notOk(respond(router, again, []).mustReplicate, "nothing new");
    }
    router.succeeded(first);
    t.equal(
      decide(request("/shop", COOKIE("abc:s1"))).instance?.entry.server,
      "s1",
      "the cookie's word counts",
    );
  },
);

t.test("a further route may lead into another edition, whose turn it counts as [R4, A1]", async (t) => {
  const of = (label: string, names: readonly string[]) =>
    names.map((name) => instance(name, { key: `shop/${label}/${name}` }));
  const old = [instance("s1", { access: "closed" }), ...of("1", ["s2", "s3"])];
  const editions = [edition("1", old, "retiring"), edition("2", of("2", ["s4", "s5"]))];
  const { decide } = rig(table([application([], { editions, countAffinity: true })]));
  for (let round = 0; round < 6; round += 1) {
    const decision = decide(request("/shop", COOKIE("abc:s1:s4")));
    t.equal(decision.instance?.entry.key, "shop/2/s4");
    t.equal(decision.edition?.entry.label, "2");
    t.equal(decision.affinity, AFFINITY_FAILED_OVER);
  }
  const servers = Array.from({ length: 20 }, () => decide(request("/shop", COOKIE("def:s1"))).instance);
  t.strictSame(
    [...new Set(servers.map((server) => server?.entry.key))].sort(),
    ["shop/1/s2", "shop/1/s3"],
    "edition 1 is left as it was",
  );
});

t.test("affinity takes only requests with affinity, break takes none [M1]", async (t) => {
  const servers = [instance("s1", { access: "affinity-only" }), instance("s2")];
  const { serverFor } = rig(table([application(servers)]));
  for (let round = 0; round < 20; round += 1) t.equal(serverFor(request("/shop")), "s2");
  t.equal(serverFor(request("/shop", COOKIE("abc:s1"))), "s1");
  const closed = rig(table([application([instance("s1", { access: "closed" }), instance("s2")])]));
  t.equal(closed.serverFor(request("/shop", COOKIE("abc:s1"))), "s2");
});

t.test(
  "when no server is left the request is told so, and never given to one in maintenance [M5]",
  async (t) => {
    const { serverFor } = rig(table([application([instance("s1", { access: "closed" })])]));
    t.equal(serverFor(request("/shop")), UNAVAILABLE);
    t.equal(serverFor(request("/shop", COOKIE("abc:s1"))), UNAVAILABLE);
    const affinityOnly = rig(table([application([instance("s1", { access: "affinity-only" })])]));
    t.equal(affinityOnly.serverFor(request("/shop")), UNAVAILABLE);
    t.equal(affinityOnly.serverFor(request("/shop", COOKIE("abc:s1"))), "s1");
  },
);

t.test(
  "new users go to the newest running edition, old sessions stay with the retiring one [R3, A3]",
  async (t) => {
    const { serverFor } = rig(
      table([
        application([], {
          editions: [
            edition("1", [instance("old1"), instance("old2")], "retiring"),
            edition("2", [instance("new1", { key: "shop/2/new1" })]),
          ],
        }),
      ]),
    );
    t.equal(serverFor(request("/shop")), "new1");
    t.equal(serverFor(request("/shop", COOKIE("abc:old2"))), "old2");
  },
);

t.test("a distributed edition is served to nobody, also not to who knows its route", async (t) => {
  const distributed = edition("2", [instance("new1", { key: "shop/2/new1" })], "distributed");
  const both = rig(table([application([], { editions: [edition("1", [instance("s1")]), distributed] })]));
  t.equal(both.serverFor(request("/shop", COOKIE("abc:new1"))), "s1");
  const alone = rig(table([application([], { editions: [distributed] })]));
  t.equal(alone.serverFor(request("/shop")), UNAVAILABLE);
  t.equal(alone.serverFor(request("/shop", COOKIE("abc:new1"))), UNAVAILABLE);
});

t.test("a session whose server is gone stays in its edition first, then moves or is told [A3]", async (t) => {
  const editions = (access: "open" | "closed") => [
    edition("1", [instance("old1", { access: "closed" }), instance("old2", { access })], "retiring"),
    edition("2", [instance("new1", { key: "shop/2/new1" })]),
  ];
  const within = rig(table([application([], { editions: editions("open") })]));
  const failedOver = within.decide(request("/shop", COOKIE("abc:old1")));
  t.equal(failedOver.instance?.entry.server, "old2");
  t.equal(failedOver.affinity, AFFINITY_FAILED_OVER);

  const moving = rig(table([application([], { editions: editions("closed") })]));
  const moved = moving.decide(request("/shop", COOKIE("abc:old1")));
  t.equal(moved.instance?.entry.server, "new1");
  t.equal(moved.affinity, AFFINITY_MOVED);

  const strict = rig(table([application([], { editions: editions("closed"), onInstanceLost: "error" })]));
  t.equal(strict.serverFor(request("/shop", COOKIE("abc:old1"))), SESSION_LOST);
});

t.test("a request that failed is decided again without the instances that failed it [P3]", async (t) => {
  const { router, decide } = rig(table([application([instance("s1"), instance("s2")])]));
  const decision = decide(request("/shop", COOKIE("abc:s1")));
  const first = decision.instance;
  if (first === null) throw new Error("nothing was chosen");
  router.failed(decision, "connect refused");
  router.release(first);
  router.decideAgain(decision, [first]);
  t.equal(decision.outcome, FORWARD);
  t.equal(decision.instance?.entry.server, "s2");
  t.equal(decision.affinity, AFFINITY_FAILED_OVER);
  const second = decision.instance;
  if (second === null) throw new Error("nothing was chosen");
  router.release(second);
  router.decideAgain(decision, [first, second]);
  t.equal(decision.outcome, UNAVAILABLE);
  t.equal(first.state.inFlight + second.state.inFlight, 0);
});

t.test("a session waits for its own server's place, a new user for any [R4]", async (t) => {
  const servers = [instance("s1", { maxConnections: 1 }), instance("s2", { maxConnections: 1 })];
  const { router, decide } = rig(table([application(servers)]));
  const busy = decide(request("/shop", COOKIE("abc:s1")));
  const waiting = decide(request("/shop", COOKIE("def:s1")));
  t.equal(waiting.outcome, BUSY);
  t.equal(waiting.waitsFor?.entry.server, "s1");
  const free = decide(request("/shop"));
  t.equal(free.instance?.entry.server, "s2");
  const newcomer = decide(request("/shop"));
  t.equal(newcomer.outcome, BUSY);
  t.equal(newcomer.waitsFor, null);

  if (free.instance !== null) router.release(free.instance);
  router.decideAgain(waiting, []);
  t.equal(waiting.outcome, BUSY, "the other server's place is not for this session");
  router.decideAgain(newcomer, []);
  t.equal(newcomer.instance?.entry.server, "s2");
  if (busy.instance !== null) router.release(busy.instance);
  router.decideAgain(waiting, []);
  t.equal(waiting.instance?.entry.server, "s1");
  t.equal(waiting.affinity, AFFINITY_KEPT);
});

t.test(
  "counters live on when the table changes, and an unknown host or path is told apart [R1]",
  async (t) => {
    const shop = application([instance("s1")]);
    const { router, decide, serverFor } = rig(
      table([shop], [{ name: "default_host", aliases: ["shop.example:80"] }]),
    );
    t.equal(serverFor(request("/other")), NO_APPLICATION);
    t.equal(serverFor(request("/shop", [], "elsewhere.example")), NO_VIRTUAL_HOST);
    const decision = decide(request("/shop"));
    router.setTable(table([application([instance("s1", { access: "closed" })])], undefined, 2));
    t.equal(router.revision, 2);
    t.equal(decide(request("/shop")).outcome, UNAVAILABLE);
    t.equal(decision.instance?.state.inFlight, 1);
    if (decision.instance !== null) router.release(decision.instance);
    t.equal(router.states.find("shop/1/s1")?.inFlight, 0);
  },
);
