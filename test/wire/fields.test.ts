// Wire checklist W40 to W49: which fields go on, and how.

import t from "tap";
import { always, RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { values } from "../support/raw-message.ts";
import { startShop } from "../support/shop-plane.ts";
import { added, startSite } from "./site.ts";

const get = (fields: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

t.test(
  "fields that Connection names go no further, nor does Connection, from heads and trailers [W40]",
  async (t) => {
    const site = await startSite(t);
    t.equal(
      await site.forwards(
        get("X-Hop: 1\r\nConnection: x-hop, X-Other ,close\r\nx-other: 2\r\nX-Stays: 3\r\n"),
      ),
      `GET / HTTP/1.1\r\nHost: a\r\nX-Stays: 3\r\n${added()}\r\n`,
    );
    const raw = await site.forwards(
      `POST / HTTP/1.1\r\nHost: a\r\nConnection: x-hop\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Hop: 1\r\n\r\n`,
    );
    t.notMatch(raw, /x-hop/i);
  },
);

t.test("Connection may not strip what protects or frames [W40]", async (t) => {
  const site = await startSite(t);
  for (const name of [
    "Content-Length",
    "Host",
    "transfer-encoding",
    "Cookie",
    "X-Forwarded-For",
    "x-forwarded-proto",
    "Authorization",
  ]) {
    await site.refuses(get(`Connection: ${name}\r\n`), 400, name);
  }
});

t.test("fields of one hop only never go on, in either direction [W41]", async (t) => {
  const hop = "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: h2c\r\n";
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(respond("ok", `${hop}Connection: x-secret\r\nX-Secret: 1\r\nX-Kept: 2\r\n`));
  });
  const client = await site.client();
  const response = await client.ask(get(`${hop}X-Kept: 1\r\n`));
  t.equal(
    (await site.up.request(0)).raw.toString(),
    `GET / HTTP/1.1\r\nHost: a\r\nX-Kept: 1\r\n${added()}\r\n`,
  );
  t.same(response.lines, ["Date: Thu, 01 Jan 2026 00:00:00 GMT", "X-Kept: 2", "Content-Length: 2"]);
});

t.test("unknown fields stay, in order and number; Set-Cookie lines are never joined [W42]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(respond("ok", "Set-Cookie: a=1, b\r\nX: 1\r\nset-cookie: c=2\r\nX: 2\r\n"));
  });
  const client = await site.client();
  const response = await client.ask(get("B: 1\r\nA: 2\r\nb: 3\r\nAccept: x\r\naccept: y\r\nB: 1\r\n"));
  t.equal(
    (await site.up.request(0)).raw.toString(),
    `GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nA: 2\r\nb: 3\r\nAccept: x\r\naccept: y\r\nB: 1\r\n${added()}\r\n`,
  );
  t.same(response.lines.slice(1, 5), ["Set-Cookie: a=1, b", "X: 1", "set-cookie: c=2", "X: 2"]);
});

t.test(
  "Via is added to what there is, and a request that goes round is stopped after a few hops [W43]",
  async (t) => {
    const site = await startSite(t);
    t.equal(
      await site.forwards(get("Via: 1.0 first, 1.1 second (comment)\r\n")),
      `GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 first, 1.1 second (comment)\r\n${added()}\r\n`,
    );
    const client = await site.client();
    const round = "1.1 x, 1.1 tidegate, HTTP/1.1 tidegate (me)";
    t.equal(statusOf(await client.ask(get(`Via: ${round}, ${round}, ${round}\r\n`))), 508);
    t.equal(statusOf(await client.ask(get(`Via: ${round}\r\n`.repeat(3)))), 508);
    t.equal(site.up.requests.length, 1);
    t.equal(statusOf(await client.ask(get(`Via: ${"1.1 tidegate2, ".repeat(9)}1.1 x\r\n`))), 200);
  },
);

t.test("OPTIONS counts Max-Forwards down and is answered here at 0; TRACE is off [W44]", async (t) => {
  const site = await startSite(t);
  const options = (hops: string): string => `OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: ${hops}\r\n\r\n`;
  t.match(await site.forwards(options("5")), "\r\nMax-Forwards: 4\r\n");
  t.match(await site.forwards(options("1")), "\r\nMax-Forwards: 0\r\n");
  t.match(
    await site.forwards(get("Max-Forwards: 5\r\n")),
    "\r\nMax-Forwards: 5\r\n",
    "of no meaning for GET",
  );
  const client = await site.client();
  t.equal(statusOf(await client.ask(options("0"))), 204);
  t.equal(statusOf(await client.ask("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")), 501);
  t.equal(site.up.requests.length, 3);
  t.same(site.running.plane.counts().causes["done"], 4);
});

t.test("Authorization, WWW-Authenticate, Allow and conditions go on untouched [W45]", async (t) => {
  const fields =
    'Authorization: Digest a="b", c\r\nIf-None-Match: "x", W/"y"\r\nIf-Modified-Since: yesterday\r\nRange: bytes=0-1\r\n';
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(
      respond("no", 'WWW-Authenticate: Basic realm="x", Digest\r\nAllow: GET,  HEAD\r\n', "401 Unauthorized"),
    );
  });
  const client = await site.client();
  const response = await client.ask(get(fields));
  t.equal((await site.up.request(0)).raw.toString(), `GET / HTTP/1.1\r\nHost: a\r\n${fields}${added()}\r\n`);
  t.same(response.lines.slice(1, 3), ['WWW-Authenticate: Basic realm="x", Digest', "Allow: GET,  HEAD"]);
});

t.test("content goes on as it is: no coding is added or taken away, no 421 is ours [W46]", async (t) => {
  const packed = Buffer.from([0x1f, 0x8b, 8, 0, 0xff, 0, 13, 10]).toString("latin1");
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(respond(packed, 'Content-Encoding: gzip\r\nCache-Control: no-transform\r\nETag: "x"\r\n'));
  });
  const client = await site.client();
  const response = await client.ask(get("Accept-Encoding: br\r\n"));
  t.equal(response.body.toString("latin1"), packed);
  t.same(response.lines.slice(1), [
    "Content-Encoding: gzip",
    "Cache-Control: no-transform",
    'ETag: "x"',
    `Content-Length: ${packed.length}`,
  ]);
  t.match((await site.up.request(0)).head, "\r\nAccept-Encoding: br\r\n");
});

t.test("only our own cookie is taken out of Cookie, whatever else is in it [W48]", async (t) => {
  const up = await RawUpstream.open(t, always(respond("ok")));
  const running = await startShop(t, {
    addresses: [up.address],
    affinity: "{ style: insert }",
    settings: "router: { requestId: false }",
  });
  const client = await RawClient.open(t, running.port);
  const first = await client.ask(get(""));
  const own =
    values(first, "set-cookie")
      .find((value) => value.startsWith("tidegate_shop="))
      ?.split(";")[0] ?? "";
  t.ok(own.length > 20);
  const cookies = async (sent: string): Promise<readonly string[]> => {
    t.equal(statusOf(await client.ask(get(sent))), 200);
    return values(up.requests.at(-1) as { lines: readonly string[] }, "cookie");
  };
  t.same(await cookies(`Cookie: ${own}\r\n`), []);
  t.same(await cookies(`Cookie: a=b; ${own}; c=d\r\n`), ["a=b; c=d"]);
  t.same(await cookies(`Cookie: a=b; ${own}\r\n`), ["a=b"]);
  t.same(await cookies(`Cookie: ${own}; c=d\r\n`), ["c=d"]);
  t.same(await cookies(`Cookie: a=b;c; =d; e="f;\xe9=\xff; ${own}; a=b\r\n`), [
    'a=b;c; =d; e="f;\xe9=\xff; a=b',
  ]);
  t.same(await cookies(`Cookie: a=b\r\nCookie: ${own}\r\nCookie: c=${"d".repeat(5000)}\r\n`), [
    "a=b",
    `c=${"d".repeat(5000)}`,
  ]);
  t.same(await cookies("Cookie: xtidegate_shop=1; tidegate_shop2=2\r\n"), [
    "xtidegate_shop=1; tidegate_shop2=2",
  ]);
});

t.test("a response that gets our cookie is not for shared caches [W49]", async (t) => {
  const up = await RawUpstream.open(t, always(respond("ok", "Cache-Control: public, max-age=60\r\n")));
  const plain = await RawUpstream.open(t, always(respond("ok")));
  for (const upstream of [up, plain]) {
    const running = await startShop(t, { addresses: [upstream.address], affinity: "{ style: insert }" });
    const client = await RawClient.open(t, running.port);
    const response = await client.ask(get(""));
    const isCookied = values(response, "set-cookie").length > 0;
    const control = values(response, "cache-control").join(", ");
    if (isCookied) t.match(control, /private|no-store|no-cache/);
    else t.match(control, "public");
  }
});
