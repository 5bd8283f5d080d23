import t from "tap";
import type { Affinity } from "../../src/domain/application.ts";
import {
  AFFINITY_FAILED_OVER,
  AFFINITY_INVALID,
  AFFINITY_KEPT,
  AFFINITY_MOVED,
  AFFINITY_NEW,
  BAD_COOKIES,
  type Decision,
  FORWARD,
} from "../../src/routing/decision.ts";
import type { InstanceEntry } from "../../src/routing/table.ts";
import { application, edition, instance, type Rig, request, respond, rig, table } from "./support.ts";

const SERVERS = ["s1", "s2", "s3"];

function site(
  affinity: Affinity,
  servers: readonly InstanceEntry[] = SERVERS.map((name) => instance(name)),
): Rig {
  return rig(table([application(servers, { affinity })]));
}

/** The request's head as the application gets it: without what is the router's own. */
function forwarded(head: ReturnType<typeof request>, decision: Decision): string {
  let text = "";
  let at = head.start;
  for (let index = 0; index < decision.stripCount; index += 1) {
    text += head.bytes.toString("latin1", at, decision.stripStart[index]);
    at = decision.stripEnd[index] as number;
  }
  return text + head.bytes.toString("latin1", at, head.end);
}

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

const INSERT: Affinity = { style: "insert", routerCookie: "tg" };

/** The router's cookie out of the added lines. */
function tokenOf(added: Buffer | null): string {
  return /Set-Cookie: tg=([^;]*);/.exec(added?.toString() ?? "")?.[1] ?? "";
}

t.test("insert gives a new user a sealed cookie with all attributes and follows it [A1, A2]", async (t) => {
  const { router, sessions, decide } = site(INSERT);
  const first = decide(request("/shop"), { isSecure: true });
  const added = respond(router, first, ["Content-Type: text/html"]).added?.toString() ?? "";
  t.match(
    added,
    /^Set-Cookie: tg=[\w-]+; Path=\/shop; HttpOnly; SameSite=Lax; Secure\r\nCache-Control: private\r\n$/,
  );
  t.equal(sessions.count, 1, "the token is the session");
  const token = tokenOf(Buffer.from(added));
  const plain = Buffer.from(token, "base64url").toString("latin1");
  for (const secret of ["shop", "s1", "s2", "s3", "127.0.0.1"]) t.notOk(plain.includes(secret));

  const head = request("/shop", [`Cookie: a=b; tg=${token}; c=d`]);
  const again = decide(head);
  t.equal(again.instance, first.instance);
  t.equal(again.affinity, AFFINITY_KEPT);
  t.match(forwarded(head, again), "Cookie: a=b; c=d\r\n", "the application never sees it");
  t.equal(respond(router, again, []).added, null, "no new cookie is needed");
  t.equal(sessions.touches[0], 1);
});

t.test("a token that is forged, another application's or expired is as good as none [A2]", async (t) => {
  const { router, decide } = site(INSERT);
  const first = decide(request("/shop"));
  const token = tokenOf(respond(router, first, []).added);
  const flipped = `${token.slice(0, -6)}${token.at(-6) === "A" ? "B" : "A"}${token.slice(-5)}`;
  const elsewhere = rig(table([application([instance("s1")], { id: "other", affinity: INSERT })]));
  const attempts: readonly (readonly [Rig, string])[] = [
    [site(INSERT), flipped],
    [site(INSERT), ""],
    [site(INSERT), "AQ"],
    [site(INSERT), "x".repeat(5000)],
    [elsewhere, token],
  ];
  for (const [place, value] of attempts) {
    const decision = place.decide(request("/shop", [`Cookie: tg=${value}`]));
    t.equal(decision.outcome, FORWARD);
    t.equal(decision.affinity, AFFINITY_INVALID);
    t.equal(decision.stripCount, 1, "it is not passed on all the same");
    t.not(tokenOf(respond(place.router, decision, []).added), "");
  }
  router.nowSeconds += 1801;
  t.equal(decide(request("/shop", [`Cookie: tg=${token}`])).affinity, AFFINITY_INVALID);
});

t.test("a token is renewed at half its life and ends at the absolute limit [A2, A4]", async (t) => {
  const sessions = { idleMs: 1_800_000, absoluteMs: 3_600_000, endedHeader: "session-ended" };
  const { router, decide } = rig(table([application([instance("s1")], { affinity: INSERT, sessions })]));
  let token = tokenOf(respond(router, decide(request("/shop")), []).added);
  for (let minutes = 0; minutes < 60; minutes += 20) {
    router.nowSeconds += 20 * 60;
    const decision = decide(request("/shop", [`Cookie: tg=${token}`]));
    t.equal(decision.affinity, AFFINITY_KEPT);
    const renewed = tokenOf(respond(router, decision, []).added);
    t.not(renewed, "");
    t.not(renewed, token);
    token = renewed;
  }
  router.nowSeconds += 60;
  t.equal(decide(request("/shop", [`Cookie: tg=${token}`])).affinity, AFFINITY_INVALID);
});

t.test("tokens of the key before still open, new ones are sealed with the first key [A2]", async (t) => {
  const shop = application(
    SERVERS.map((name) => instance(name)),
    { affinity: INSERT },
  );
  const { router, decide } = rig(table([shop]));
  const first = decide(request("/shop"));
  const token = tokenOf(respond(router, first, []).added);
  const next = table([shop], undefined, 2);
  const newKey = "11".repeat(32);
  router.setTable({ ...next, secrets: { ...next.secrets, tokenKeys: [newKey, ...next.secrets.tokenKeys] } });
  const kept = decide(request("/shop", [`Cookie: tg=${token}`]));
  t.equal(kept.affinity, AFFINITY_KEPT);
  t.equal(kept.instance?.entry.key, first.instance?.entry.key);
  router.setTable({ ...next, secrets: { ...next.secrets, tokenKeys: [newKey] } });
  t.equal(decide(request("/shop", [`Cookie: tg=${token}`])).affinity, AFFINITY_INVALID);
});

t.test(
  "a user whose server has left the table stays in its edition, and gets a new cookie [A3]",
  async (t) => {
    const editions = (servers: readonly string[]) => [
      edition(
        "1",
        servers.map((name) => instance(name)),
        "retiring",
      ),
      edition("2", [instance("new", { key: "shop/2/new" })]),
    ];
    const { router, decide } = site(INSERT);
    const first = decide(request("/shop"));
    const token = tokenOf(respond(router, first, []).added);
    const others = SERVERS.filter((name) => name !== first.instance?.entry.server);
    router.setTable(table([application([], { affinity: INSERT, editions: editions(others) })], undefined, 2));
    const cookie = [`Cookie: tg=${token}`];
    const failedOver = decide(request("/shop", cookie));
    t.equal(failedOver.affinity, AFFINITY_FAILED_OVER);
    t.equal(failedOver.edition?.entry.label, "1");
    t.not(tokenOf(respond(router, failedOver, []).added), "");
    router.setTable(
      table([application([], { affinity: INSERT, editions: editions([]).slice(1) })], undefined, 3),
    );
    const moved = decide(request("/shop", cookie));
    t.equal(moved.affinity, AFFINITY_MOVED);
    t.equal(moved.instance?.entry.server, "new");
  },
);

t.test("a response that says private or no-store is not told so again, a public one is [W49]", async (t) => {
  const { router, decide } = site(INSERT);
  const lines = (fields: readonly string[]): string =>
    respond(router, decide(request("/shop")), fields).added?.toString() ?? "";
  t.notMatch(lines(["Cache-Control: no-cache, No-Store"]), "Cache-Control");
  t.notMatch(lines(["Cache-Control: private, max-age=5"]), "Cache-Control");
  t.match(lines(["Cache-Control: public, max-age=60"]), "Cache-Control: private");
  t.match(lines(["Cache-Control: x-private-ish"]), "Cache-Control: private");
});

t.test(
  "with the application's cookie named, that one is the session and the token only shows the way [A1]",
  async (t) => {
    const { router, sessions, decide } = site({ style: "insert", routerCookie: "tg", cookie: "SID" });
    const first = decide(request("/shop"));
    const edits = respond(router, first, ["Set-Cookie: SID=abc"]);
    t.equal(sessions.count, 1);
    const token = tokenOf(edits.added);
    const decision = decide(request("/shop", [`Cookie: tg=${token}; SID=abc`]));
    t.equal(decision.affinity, AFFINITY_KEPT);
    t.equal(sessions.touches[0], 1);
    const withoutToken = decide(request("/shop", ["Cookie: SID=abc"]));
    t.equal(withoutToken.instance, first.instance, "the session table knows the way too");
    t.not(tokenOf(respond(router, withoutToken, []).added), "");
    respond(router, decision, ["Set-Cookie: SID=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]);
    t.equal(sessions.count, 0);
  },
);

t.test("the application ends a token session by header, and the cookie goes with it [A4]", async (t) => {
  const { router, sessions, decide } = site(INSERT);
  const token = tokenOf(respond(router, decide(request("/shop")), []).added);
  const edits = respond(router, decide(request("/shop", [`Cookie: tg=${token}`])), ["Session-Ended: 1"]);
  t.equal(sessions.count, 0);
  t.ok(edits.mustReplicate);
  t.match(edits.added?.toString(), /Set-Cookie: tg=; .*Max-Age=0/);
  const later = decide(request("/shop", [`Cookie: tg=${token}`]));
  t.equal(later.affinity, AFFINITY_NEW, "a cookie that comes back all the same brings nothing back");
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

t.test("a request with more of the router's cookies than any honest client sends is refused", async (t) => {
  const { decide } = site(INSERT);
  const cookies = (count: number): string => Array.from({ length: count }, () => "tg=x").join("; ");
  const few = decide(request("/shop", [`Cookie: ${cookies(8)}`]));
  t.equal(few.outcome, FORWARD);
  const many = decide(request("/shop", [`Cookie: ${cookies(9)}`]));
  t.equal(many.outcome, BAD_COOKIES);
  t.equal(many.instance, null);
});

t.test("responses tell who served them when the application asks for it [R7]", async (t) => {
  const shop = application([instance("s1")]);
  const traffic = { ...shop.traffic, servedByHeader: "X-Served-By" };
  const { router, decide } = rig(table([{ ...shop, traffic }]));
  t.equal(
    respond(router, decide(request("/shop")), []).added?.toString(),
    "X-Served-By: test/node01/s1;1\r\n",
  );
  const inserted = rig(table([{ ...shop, traffic, affinity: INSERT }]));
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
