import t from "tap";
import { type ExplainRequest, type Explanation, explain } from "../../src/routing/explain.ts";
import { application, edition, instance, type Rig, request, rig, table } from "./support.ts";

function ask(site: Rig, url: string, more: Partial<ExplainRequest> = {}): Explanation {
  return explain(site.router, { method: "GET", url, headers: [], clientAddress: "192.0.2.1", ...more });
}

const cookie = (value: string): Partial<ExplainRequest> => ({ headers: [["Cookie", `JSESSIONID=${value}`]] });

const SITE = table(
  [
    application(
      ["s1", "s2", "s3"].map((name) => instance(name, { access: name === "s3" ? "affinity-only" : "open" })),
    ),
  ],
  [{ name: "default_host", aliases: ["shop.example:*"] }],
);

t.test("explain says host, path, affinity, who is left out and whose turn it is [R6]", async (t) => {
  const site = rig(SITE);
  const answer = ask(site, "http://shop.example:8080/shop/cart?x=1#top");
  t.match(answer, {
    virtualHost: "default_host",
    application: "shop",
    contextRoot: "/shop",
    affinity: "new",
  });
  t.match(answer, { edition: "1", address: "127.0.0.1:9000", ownStatus: null });
  t.same(answer.steps, [
    'Host "shop.example:8080" belongs to virtual host "default_host"',
    'Path "/shop/cart" matches "/shop" of application "shop"',
    'Affinity style suffix: it has no session (no cookie "JSESSIONID" that counts), so it is a new user',
    'New users go to the running edition "1"',
    'Server "s3" is left out: its mode lets only requests with affinity through',
    `It is the next of 2 servers by weighted-round-robin: forwarded to server "${answer.server}" at 127.0.0.1:9000`,
  ]);
});

t.test("what explain says is what the next request gets, and asking changes nothing [R6]", async (t) => {
  const site = rig(SITE);
  for (let round = 0; round < 10; round += 1) {
    const told = ask(site, "http://shop.example/shop").server;
    t.equal(ask(site, "/shop", { headers: [["host", "shop.example"]] }).server, told);
    t.equal(site.serverFor(request("/shop")), told);
  }
  ask(site, "http://shop.example/shop", cookie("abc:s1"));
  t.equal(site.sessions.count, 0);
  t.ok(site.router.states.all().every((state) => state.inFlight === 0));
});

t.test("explain follows a session to its server, past one in maintenance, down or gone [R6]", async (t) => {
  const site = rig(SITE);
  const kept = ask(site, "http://shop.example/shop", cookie("abc:s3"));
  t.match(kept, { server: "s3", affinity: "kept" });
  site.router.applyMark({ key: "shop/1/s1", state: "down", by: "traffic", cause: "connect refused" });
  const failedOver = ask(site, "http://shop.example/shop", cookie("abc:s1"));
  t.match(failedOver, { server: "s2", affinity: "failed-over" });
  t.ok(failedOver.steps.includes('server "s1" is left out: it is marked down by traffic (connect refused)'));
  const named = ask(site, "http://shop.example/shop", cookie("abc:s1:s3"));
  t.match(named, { server: "s3", affinity: "failed-over" });
  const invalid = ask(site, "http://shop.example/shop", cookie("abc:nowhere"));
  t.match(invalid, { server: "s2", affinity: "invalid" });
  site.router.nowMs += 60_000;
  const trial = ask(site, "http://shop.example/shop");
  t.match(trial.steps.at(-1), "It is the one trial that a marked-down server gets");
});

t.test("explain says which answer of its own the router would give, and why [R6]", async (t) => {
  const site = rig(SITE);
  t.match(ask(site, "http://other.example/shop"), { ownStatus: 404, virtualHost: null });
  t.match(ask(site, "http://shop.example/else"), { ownStatus: 404, application: null });
  t.match(ask(site, "http://shop.example/shop/%zz"), { ownStatus: 400 });
  t.match(ask(site, "http://shop.example/shop", { headers: [["Transfer-Encoding", "x"]] }), {
    ownStatus: 400,
  });
  t.match(ask(site, "http://shop.example/shop", { headers: [["A", "b\r\n\r\nGET / HTTP/1.1"]] }), {
    ownStatus: 400,
  });
  const closed = rig(table([application([instance("s1", { access: "closed" })])]));
  const answer = ask(closed, "/shop", { headers: [["Host", "x"]] });
  t.equal(answer.ownStatus, 503);
  t.same(answer.steps.slice(-2), [
    'Server "s1" is left out: its mode lets nothing through',
    'No server of edition "1" takes new requests: the answer is 503',
  ]);
  const distributed = rig(
    table([application([], { editions: [edition("1", [instance("s1")], "distributed")] })]),
  );
  t.match(ask(distributed, "http://x/shop").steps.at(-1), 'No edition is running ("1" is distributed)');
});

t.test("explain says where a session of a lost edition goes [R6, A3]", async (t) => {
  const editions = [
    edition("1", [instance("old", { access: "closed" })], "retiring"),
    edition("2", [instance("new", { key: "shop/2/new" })]),
  ];
  const moving = rig(table([application([], { editions })]));
  t.match(ask(moving, "http://x/shop", cookie("abc:old")), {
    server: "new",
    affinity: "moved",
    edition: "2",
  });
  const strict = rig(table([application([], { editions, onInstanceLost: "error" })]));
  t.match(ask(strict, "http://x/shop", cookie("abc:old")), { server: null, ownStatus: 503 });
});

t.test("explain names no server where chance decides or the request has to wait [R6]", async (t) => {
  const random = rig(table([application([instance("s1"), instance("s2")], { balance: "random" })]));
  const answer = ask(random, "http://x/shop");
  t.match(answer, { server: null, ownStatus: null });
  t.match(answer.steps.at(-1), "random leaves it to chance which of 2 servers gets it");
  const full = rig(table([application([instance("s1", { maxConnections: 1 })])]));
  full.decide(request("/shop"));
  const waiting = ask(full, "http://x/shop");
  t.match(waiting, { server: null, ownStatus: null });
  t.match(waiting.steps.at(-1), "it waits for a place");
  t.ok(waiting.steps.includes('Server "s1" is left out: it has 1 of 1 requests'));
});
