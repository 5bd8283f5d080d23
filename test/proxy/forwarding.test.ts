// What an application is told of the client (SPEC P5, W43, W47): byte for byte, through sockets.

import t, { type Test } from "tap";
import { seededRandom } from "../../src/base/random.ts";
import { parseRequestHead } from "../../src/http1/parse-request.ts";
import { RequestHead } from "../../src/http1/request-head.ts";
import { Forwarding, plainAddress } from "../../src/proxy/forwarding.ts";
import { RequestIds } from "../../src/proxy/request-ids.ts";
import { always, RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { values } from "../support/raw-message.ts";
import { startShop } from "../support/shop-plane.ts";

const POINT = { name: "http", port: 8080, isSecure: false };
const CLAIMS =
  "X-Forwarded-For: 203.0.113.7, 10.1.1.1\r\nx-forwarded-for: 10.2.2.2\r\nX-Forwarded-Proto: https\r\n" +
  'X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 443\r\nForwarded: for="[2001:db8::1]";proto=https\r\n';

/** Sends one request with these fields through a router with these settings; answers the upstream's field lines. */
async function seen(t: Test, fields: string, settings: string): Promise<readonly string[]> {
  const up = await RawUpstream.open(t, always(respond("ok")));
  const { port } = await startShop(t, { addresses: [up.address], settings });
  const client = await RawClient.open(t, port);
  const response = await client.ask(`GET / HTTP/1.1\r\nHost: a:8080\r\n${fields}\r\n`);
  t.equal(statusOf(response), 200);
  return (await up.request(0)).lines;
}

t.test("what an untrusted client claims of itself is replaced [W47, P5]", async (t) => {
  t.same(await seen(t, CLAIMS, "router: { requestId: false, forwarded: true }"), [
    "Host: a:8080",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Host: a:8080",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Port: 8080",
    "Via: 1.1 tidegate",
    'Forwarded: for=127.0.0.1;proto=http;host="a:8080"',
  ]);
});

t.test(
  "what a trusted proxy tells is kept and added to: scheme, host and port as the client saw them [W47, P5]",
  async (t) => {
    const settings =
      "router: { requestId: false, forwarded: true, trustedProxies: [127.0.0.0/8, 10.0.0.0/8] }";
    t.same(await seen(t, CLAIMS, settings), [
      "Host: a:8080",
      "X-Forwarded-Proto: https",
      "X-Forwarded-Host: shop.example",
      "X-Forwarded-Port: 443",
      'Forwarded: for="[2001:db8::1]";proto=https',
      "X-Forwarded-For: 203.0.113.7, 10.1.1.1, 10.2.2.2, 127.0.0.1",
      "Via: 1.1 tidegate",
      'Forwarded: for=127.0.0.1;proto=http;host="a:8080"',
    ]);
  },
);

t.test("a trusted proxy that tells only the scheme gets no port of ours beside it [P5]", async (t) => {
  const settings = "router: { requestId: false, trustedProxies: [127.0.0.1] }";
  t.same(await seen(t, "X-Forwarded-Proto: https\r\n", settings), [
    "Host: a:8080",
    "X-Forwarded-Proto: https",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Host: a:8080",
    "Via: 1.1 tidegate",
  ]);
  t.same(await seen(t, "", settings), [
    "Host: a:8080",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Host: a:8080",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Port: 8080",
    "Via: 1.1 tidegate",
  ]);
});

t.test(
  "a request without an id gets one, and a trace where that is wanted; given ones stay [P5]",
  async (t) => {
    const settings = "router: { requestId: true, traceparent: true }";
    const made = { lines: await seen(t, "", settings) };
    t.match(values(made, "x-request-id"), [/^[0-9a-f]{32}$/]);
    t.match(values(made, "traceparent"), [/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/]);
    t.notMatch(values(made, "traceparent")[0], /-0{32}-|-0{16}-/);
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const given = { lines: await seen(t, `X-Request-Id: mine\r\ntraceparent: ${trace}\r\n`, settings) };
    t.same(values(given, "x-request-id"), ["mine"]);
    t.same(values(given, "traceparent"), [trace]);
  },
);

t.test("ids are never the same twice [P5]", (t) => {
  const ids = new RequestIds({ random: seededRandom(7), settings: { requestId: true, traceparent: true } });
  const all = new Set<string>();
  for (let round = 0; round < 1000; round += 1) {
    all.add(Buffer.from(ids.requestId()).toString());
    all.add(Buffer.from(ids.traceparent()).toString());
  }
  t.equal(all.size, 2000);
  t.end();
});

t.test("addresses are written as each field wants them: IPv6, IPv4 in IPv6, Unix sockets [P5, W47]", (t) => {
  const forwarding = new Forwarding({ trustedProxies: ["2001:db8::/32"], forwarded: true, via: "edge-1" });
  const written = (address: string): string[] => {
    const fields = forwarding.fieldsFor(address, POINT);
    return [Buffer.from(fields.address).toString(), Buffer.from(fields.forwarded).toString()];
  };
  t.same(written("2001:db8::1"), ["2001:db8::1", 'for="[2001:db8::1]";proto=http']);
  t.same(written("::ffff:192.0.2.1"), ["192.0.2.1", "for=192.0.2.1;proto=http"]);
  t.same(written(""), ["unknown", "for=unknown;proto=http"]);
  t.equal(forwarding.fieldsFor("2001:db8::1", POINT).isTrusted, true);
  t.equal(forwarding.fieldsFor("2001:db9::1", POINT).isTrusted, false);
  t.equal(forwarding.fieldsFor("", POINT).isTrusted, false);
  t.equal(plainAddress("::ffff:not"), "::ffff:not");
  t.end();
});

t.test("the client behind trusted proxies is the last address that is none of theirs [P5]", (t) => {
  const forwarding = new Forwarding({ trustedProxies: ["10.0.0.0/8", "::1"], forwarded: false, via: "x" });
  const clientOf = (...lists: string[]): string => {
    const fields = lists.map((list) => `X-Forwarded-For: ${list}\r\n`).join("");
    const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`, "latin1");
    const head = new RequestHead();
    t.ok(parseRequestHead(head, bytes, 0, bytes.length, 16_384) > 0);
    return forwarding.clientOf(head, "10.0.0.1");
  };
  t.equal(clientOf(), "10.0.0.1");
  t.equal(clientOf("203.0.113.7"), "203.0.113.7");
  t.equal(
    clientOf("198.51.100.1, 203.0.113.7, 10.1.1.1"),
    "203.0.113.7",
    "what stands before it is the client's word",
  );
  t.equal(clientOf("203.0.113.7", "10.1.1.1 , 10.2.2.2"), "203.0.113.7", "several fields are one list");
  t.equal(clientOf("10.9.9.9, 10.1.1.1"), "10.9.9.9", "all are trusted: the first");
  t.equal(clientOf("203.0.113.7:4711"), "203.0.113.7");
  t.equal(clientOf("[2001:db8::1]:4711"), "2001:db8::1");
  t.equal(clientOf("2001:db8::1"), "2001:db8::1");
  t.equal(clientOf("203.0.113.7, unknown"), "10.0.0.1");
  t.equal(clientOf("_hidden"), "10.0.0.1");
  t.equal(clientOf("203.0.113.7, 10.1.1.1, "), "10.0.0.1");
  t.end();
});

t.test(
  "a hash of the client's address goes by the client behind the proxy, not by the proxy [P5, A1]",
  async (t) => {
    const ups = await Promise.all(["one", "two"].map((name) => RawUpstream.open(t, always(respond(name)))));
    const { port } = await startShop(t, {
      addresses: ups.map((up) => up.address),
      affinity: "{ style: hash, on: address }",
      settings: "router: { trustedProxies: [127.0.0.1] }",
    });
    const client = await RawClient.open(t, port);
    const served = new Set<string>();
    for (let host = 1; host <= 40; host += 1) {
      const request = `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.${host}\r\n\r\n`;
      const first = (await client.ask(request)).body.toString();
      t.equal((await client.ask(request)).body.toString(), first);
      served.add(first);
    }
    t.equal(served.size, 2, "one connection carries clients of both servers");
  },
);
