import t from "tap";
import type { Affinity } from "../../src/domain/application.ts";
import {
  AFFINITY_FAILED_OVER,
  AFFINITY_INVALID,
  AFFINITY_KEPT,
  AFFINITY_MOVED,
  AFFINITY_NEW,
  BAD_COOKIES,
  FORWARD,
} from "../../src/routing/decision.ts";
import type { InstanceEntry } from "../../src/routing/table.ts";
import { SUFFIX } from "../support/resources.ts";
import {
  application,
  edition,
  forwarded,
  instance,
  type Rig,
  request,
  respond,
  rig,
  SERVERS,
  site,
  table,
} from "./support.ts";

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

t.test("a token of one application means nothing to another one beside it [A2]", async (t) => {
  const servers = (id: string) => SERVERS.map((name) => instance(name, { key: `${id}/1/${name}` }));
  const applications = ["shop", "desk"].map((id) =>
    application([], {
      id,
      contextRoots: [`/${id}`],
      affinity: INSERT,
      editions: [edition("1", servers(id))],
    }),
  );
  const { router, decide } = rig(table(applications));
  const token = tokenOf(respond(router, decide(request("/shop")), []).added);
  t.equal(
    decide(request("/shop", [`Cookie: tg=${token}`])).affinity,
    AFFINITY_KEPT,
    "opened once, and remembered",
  );
  const elsewhere = decide(request("/desk", [`Cookie: tg=${token}`]));
  t.equal(elsewhere.affinity, AFFINITY_INVALID);
  t.notOk(elsewhere.hasSession);
  t.equal(elsewhere.tokenBornSeconds, 0);
});

t.test("no token and no route opens an edition that is only distributed [A2]", async (t) => {
  const entry = (style: Affinity, state: "running" | "distributed", servers: readonly InstanceEntry[]) =>
    application([], {
      affinity: style,
      editions: [edition("1", [instance("s1")]), edition("2", servers, state)],
    });
  const servers = ["s2", "s3"].map((name) => instance(name, { key: `shop/2/${name}` }));
  const { router, decide } = rig(table([entry(INSERT, "running", servers)]));
  const token = [`Cookie: tg=${tokenOf(respond(router, decide(request("/shop")), []).added)}`];
  t.equal(decide(request("/shop", token)).edition?.entry.label, "2");
  router.setTable(table([entry(INSERT, "distributed", servers)], undefined, 2));
  t.equal(decide(request("/shop", token)).edition?.entry.label, "1");
  t.equal(decide(request("/shop", token)).affinity, AFFINITY_INVALID);
  const other = instance("s4", { key: "shop/2/s4" });
  router.setTable(table([entry(INSERT, "distributed", [other])], undefined, 3));
  t.equal(decide(request("/shop", token)).affinity, AFFINITY_INVALID, "nor another server of the edition");
  const suffix = rig(table([entry({ ...SUFFIX, cookie: "SID" }, "distributed", servers)]));
  const routed = suffix.decide(request("/shop", ["Cookie: SID=abc:s2"]));
  t.equal(routed.edition?.entry.label, "1");
});

t.test("the router's cookie covers the context root, or all paths when there are several [A2]", async (t) => {
  const pathOf = (more: { contextRoots: readonly string[]; paths?: readonly string[] }) => {
    const { router, decide } = rig(table([application([instance("s1")], { affinity: INSERT, ...more })]));
    const lines = respond(router, decide(request(more.contextRoots[0] ?? "")), []).added?.toString() ?? "";
    return /Path=([^;]*)/.exec(lines)?.[1];
  };
  t.equal(pathOf({ contextRoots: ["/shop"] }), "/shop");
  t.equal(pathOf({ contextRoots: ["/shop", "/cart"] }), "/");
  t.equal(pathOf({ contextRoots: ["/shop"], paths: ["*.jsp"] }), "/");
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

t.test("a request with more of the router's cookies than any honest client sends is refused", async (t) => {
  const { decide } = site(INSERT);
  const cookies = (count: number): string => Array.from({ length: count }, () => "tg=x").join("; ");
  const few = decide(request("/shop", [`Cookie: ${cookies(8)}`]));
  t.equal(few.outcome, FORWARD);
  const many = decide(request("/shop", [`Cookie: ${cookies(9)}`]));
  t.equal(many.outcome, BAD_COOKIES);
  t.equal(many.instance, null);
});
