import t from "tap";
import type { Affinity } from "../../src/domain/application.ts";
import {
  AFFINITY_FAILED_OVER,
  AFFINITY_INVALID,
  AFFINITY_KEPT,
  AFFINITY_NEW,
} from "../../src/routing/decision.ts";
import { application, forwarded, instance, request, respond, rig, SERVERS, site, table } from "./support.ts";

const REWRITE: Affinity = { style: "rewrite", cookie: "SID", separator: "." };

t.test("rewrite appends the route to the application's own cookie and takes it off again [A1]", async (t) => {
  const { router, decide } = site(REWRITE);
  const first = decide(request("/shop"));
  const server = first.instance?.entry.server ?? "";
  const fields = ["Content-Type: text/html", 'Set-Cookie: SID="a.b"; Path=/shop', "Set-Cookie: other=1"];
  const edits = respond(router, first, fields);
  t.equal(edits.insertCount, 1);
  t.equal(edits.inserted?.toString(), `.${server}`);
  const head = `HTTP/1.1 200 OK\r\n${fields.join("\r\n")}\r\n\r\n`;
  const at = edits.insertAt[0] ?? 0;
  t.match(head.slice(0, at), /SID="a\.b$/, "inside the quotes, behind the value");

  const again = request("/shop", [`Cookie: theme=dark; SID=a.b.${server}; lang=ko`]);
  const decision = decide(again);
  t.equal(decision.instance?.entry.server, server);
  t.equal(decision.affinity, AFFINITY_KEPT);
  t.match(forwarded(again, decision), "Cookie: theme=dark; SID=a.b; lang=ko\r\n");
});

t.test("every style finds a session in the URL too, where it can [A1]", async (t) => {
  const styles: readonly Affinity[] = [
    { style: "rewrite", cookie: "SID", separator: ".", urlParameter: "sid" },
    { style: "insert", routerCookie: "tg", cookie: "SID", urlParameter: "sid" },
    { style: "learn", cookie: "SID", urlParameter: "sid" },
    { style: "hash", on: "header", name: "X-User", cookie: "SID", urlParameter: "sid" },
    { style: "none", cookie: "SID", urlParameter: "sid" },
  ];
  for (const affinity of styles) {
    const { router, sessions, decide } = site(affinity);
    const first = decide(request("/shop"));
    respond(router, first, ["Set-Cookie: SID=abc"]);
    for (let round = 1; round <= 4; round += 1) {
      const decision = decide(request("/shop/cart;sid=abc?step=2"));
      if (affinity.style !== "none") t.equal(decision.instance, first.instance, affinity.style);
      t.equal(sessions.touches[0], round, `${affinity.style}: it is the same session`);
    }
  }
});

t.test("rewrite leaves a cookie alone that carries no route of the router's [A1]", async (t) => {
  const { decide } = site(REWRITE);
  const head = request("/shop", ["Cookie: SID=a.b"]);
  const decision = decide(head);
  t.equal(decision.affinity, AFFINITY_INVALID);
  t.equal(decision.stripCount, 0);
});

t.test(
  "rewrite finds a session again after it has failed over, though its cookie names the old server [A3]",
  async (t) => {
    const { router, decide } = site(REWRITE);
    const first = decide(request("/shop"));
    const old = first.instance?.entry.server;
    respond(router, first, ["Set-Cookie: SID=abc"]);
    router.failed(first, "connect refused");
    const cookie = [`Cookie: SID=abc.${old}`];
    const moved = decide(request("/shop", cookie));
    t.equal(moved.affinity, AFFINITY_FAILED_OVER);
    t.not(moved.instance?.entry.server, old);
    t.ok(respond(router, moved, []).mustReplicate, "other workers know before the next request [A5]");
    router.succeeded(first);
    const later = decide(request("/shop", cookie));
    t.equal(later.instance, moved.instance, "it stays when the old server comes back");
    t.equal(later.affinity, AFFINITY_KEPT);
  },
);

t.test(
  "learn remembers which server set the cookie, on every worker before the next request [A1, A5]",
  async (t) => {
    const { router, sessions, decide } = site({ style: "learn", cookie: "SID", urlParameter: "sid" });
    const first = decide(request("/shop"));
    t.equal(first.affinity, AFFINITY_NEW);
    t.ok(respond(router, first, ["Set-Cookie: SID=abc; Path=/"]).mustReplicate);
    for (const head of [request("/shop", ["Cookie: SID=abc"]), request("/shop/x;sid=abc")]) {
      const decision = decide(head);
      t.equal(decision.instance, first.instance);
      t.equal(decision.affinity, AFFINITY_KEPT);
      t.notOk(respond(router, decision, ["Set-Cookie: SID=abc; Path=/"]).mustReplicate, "nothing new");
    }
    t.equal(decide(request("/shop", ["Cookie: SID=unknown"])).affinity, AFFINITY_INVALID);
    respond(router, decide(request("/shop", ["Cookie: SID=unknown"])), []);
    t.equal(sessions.count, 1);
  },
);

t.test(
  "hash gives a client the same server on every worker, and moves only the clients of a server that goes [A1]",
  async (t) => {
    const affinity: Affinity = { style: "hash", on: "address" };
    const names = Array.from({ length: 20 }, (_, index) => `s${index}`);
    const servers = names.map((name) => instance(name));
    const one = rig(table([application(servers, { affinity })]), { seed: 1 });
    const other = rig(table([application(servers, { affinity })]), { seed: 2 });
    const without = rig(
      table([
        application(
          servers.map((entry) => (entry.server === "s7" ? { ...entry, access: "closed" } : entry)),
          { affinity },
        ),
      ]),
    );
    const counts = new Map<string | number, number>();
    for (let client = 0; client < 2000; client += 1) {
      const clientAddress = `198.51.${client >> 8}.${client & 255}`;
      const server = one.serverFor(request("/shop"), { clientAddress });
      counts.set(server, (counts.get(server) ?? 0) + 1);
      t.equal(other.serverFor(request("/shop"), { clientAddress }), server) || t.bailout();
      const next = without.serverFor(request("/shop"), { clientAddress });
      if (server === "s7") t.not(next, "s7");
      else t.equal(next, server) || t.bailout();
    }
    t.equal(counts.size, 20);
    for (const count of counts.values()) t.ok(count > 50 && count < 150, `a fair share: ${count}`);
  },
);

t.test("hash of a header or cookie, and the balancer when it is absent [A1]", async (t) => {
  const byHeader = site({ style: "hash", on: "header", name: "X-Tenant" });
  const server = byHeader.serverFor(request("/shop", ["X-Tenant: acme"]));
  for (let round = 0; round < 5; round += 1) {
    t.equal(byHeader.serverFor(request("/shop", ["x-tenant:  acme"])), server);
  }
  const seen = new Set(SERVERS.map(() => byHeader.serverFor(request("/shop"))));
  t.equal(seen.size, 3, "round robin without the header");
  const byCookie = site({ style: "hash", on: "cookie", name: "tenant" });
  const first = byCookie.serverFor(request("/shop", ["Cookie: a=b; tenant=acme"]));
  t.equal(byCookie.serverFor(request("/shop", ["Cookie: tenant=acme"])), first);
});

t.test(
  "a session that hash has counted stays on its server when the server takes no new users [M1]",
  async (t) => {
    const affinity: Affinity = { style: "hash", on: "address", cookie: "SID" };
    const { router, decide } = site(affinity);
    const first = decide(request("/shop"));
    respond(router, first, ["Set-Cookie: SID=abc"]);
    const server = first.instance?.entry.server;
    const servers = SERVERS.map((name) =>
      instance(name, { access: name === server ? "affinity-only" : "open" }),
    );
    router.setTable(table([application(servers, { affinity })], undefined, 2));
    t.equal(decide(request("/shop", ["Cookie: SID=abc"])).instance?.entry.server, server);
    t.not(decide(request("/shop")).instance?.entry.server, server);
  },
);

t.test("none spreads every request and still counts sessions [A1]", async (t) => {
  const { router, sessions, decide, serverFor } = site({ style: "none", cookie: "SID" });
  respond(router, decide(request("/shop")), ["Set-Cookie: SID=abc"]);
  t.equal(sessions.count, 1);
  const seen = new Set(SERVERS.map(() => serverFor(request("/shop", ["Cookie: SID=abc"]))));
  t.equal(seen.size, 3);
  t.equal(sessions.touches[0], 3);
});

t.test("a session ended by an operator is a new user's next time, whatever the style [A4]", async (t) => {
  const { router, sessions, decide } = site({
    style: "suffix",
    cookie: "SID",
    separator: ".",
    cacheIdLength: 0,
  });
  respond(router, decide(request("/shop")), ["Set-Cookie: SID=abc.s2"]);
  const known = decide(request("/shop", ["Cookie: SID=abc.s2"]));
  t.equal(known.affinity, AFFINITY_KEPT);
  router.endSession(known.sessionHigh, known.sessionLow);
  const next = decide(request("/shop", ["Cookie: SID=abc.s2"]));
  t.equal(next.affinity, AFFINITY_NEW);
  respond(router, next, []);
  t.equal(sessions.count, 0);
});

t.test("responses tell who served them when the application asks for it [R7]", async (t) => {
  const shop = application([instance("s1")]);
  const traffic = { ...shop.traffic, servedByHeader: "X-Served-By" };
  const { router, decide } = rig(table([{ ...shop, traffic }]));
  t.equal(
    respond(router, decide(request("/shop")), []).added?.toString(),
    "X-Served-By: test/node01/s1;1\r\n",
  );
  const silent = rig(table([shop]));
  t.equal(respond(silent.router, silent.decide(request("/shop")), []).added, null, "not otherwise");
  const inserted = rig(table([{ ...shop, traffic, affinity: { style: "insert", routerCookie: "tg" } }]));
  const added = respond(inserted.router, inserted.decide(request("/shop")), []).added?.toString() ?? "";
  t.match(added, /^Set-Cookie: tg=.*\r\n.*\r\nX-Served-By: test\/node01\/s1;1\r\n$/);
});

t.test(
  "a response is read by the settings under which its request went out, whatever the table says now",
  async (t) => {
    const { router, sessions, decide } = site(REWRITE);
    const decision = decide(request("/shop"));
    router.setTable(table([], undefined, 2));
    const edits = respond(router, decision, ["Set-Cookie: SID=abc"]);
    t.equal(edits.insertCount, 1);
    t.equal(sessions.count, 1);
    if (decision.instance !== null) router.release(decision.instance);
    t.ok(router.states.all().every((state) => state.inFlight === 0 && state.routed === null));
  },
);

t.test("equal session ids of two applications with the same settings are two sessions [A5]", async (t) => {
  const styles: readonly Affinity[] = [
    REWRITE,
    { style: "suffix", cookie: "SID", separator: ":", cacheIdLength: 0 },
    { style: "learn", cookie: "SID" },
    { style: "insert", routerCookie: "tg", cookie: "SID" },
  ];
  for (const affinity of styles) {
    const shop = application([instance("s1")], { affinity });
    const bank = application([instance("b1", { key: "bank/1/b1" })], {
      affinity,
      id: "bank",
      contextRoots: ["/bank"],
    });
    const { router, sessions, decide } = rig(table([shop, bank]));
    for (const path of ["/shop", "/bank"]) {
      const decision = decide(request(path));
      const edits = respond(router, decision, ["Set-Cookie: SID=abc"]);
      const own = edits.added?.toString() ?? "";
      if (affinity.style === "insert") t.match(own, `Path=${path};`, "each has a cookie of its own");
    }
    t.equal(sessions.count, 2, affinity.style);
    const decision = decide(request("/bank", ["Cookie: SID=abc"]));
    t.equal(sessions.slots[1], decision.instance?.state.slot, affinity.style);
    t.strictSame(sessions.touches, [undefined, 1].slice(0, sessions.touches.length), affinity.style);
  }
});
