// Wire checklist W01 to W14: reading requests. What is refused reaches nobody; what is forwarded is compared byte by byte.

import t from "tap";
import { statusOf } from "../support/raw.ts";
import { added, startSite } from "./site.ts";

const get = (fields: string, line = "GET / HTTP/1.1"): string => `${line}\r\nHost: a\r\n${fields}\r\n`;

t.test("a head is octets: bytes over 127 in values and targets go on as they came [W01]", async (t) => {
  const site = await startSite(t);
  const bytes = "GET /caf\xe9?\xff HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\xe9\x80\xff\r\n";
  const first = await site.client();
  first.send(`${bytes}\r\n`);
  const status = statusOf(await first.response());
  if (status === 200) {
    t.equal(site.up.requests[0]?.raw.toString("latin1"), `${bytes}${added()}\r\n`);
  } else {
    t.equal(status, 400, "octets over 127 may be refused in a target");
    t.equal(site.up.arrivals, 0);
  }
  const value = "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\xe9\x80\xff\r\n";
  t.equal(await site.forwards(`${value}\r\n`), `${value}${added()}\r\n`);
});

t.test("a bare CR anywhere in a head is refused [W02]", async (t) => {
  const site = await startSite(t);
  await site.refuses("GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET / HTTP/1.1\rHost: a\r\n\r\n", 400);
  await site.refuses(get("X: a\rb\r\n"), 400);
  await site.refuses(get("X: a\r\r\n"), 400);
  await site.refuses("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
});

t.test("a bare LF as a line's end is refused, in heads and in chunks [W03]", async (t) => {
  const site = await startSite(t);
  await site.refuses("GET / HTTP/1.1\nHost: a\r\n\r\n", 400);
  await site.refuses("GET / HTTP/1.1\r\nHost: a\n\r\n", 400);
  await site.refuses("GET / HTTP/1.1\r\nHost: a\r\nX: y\n\n", 400);
  await site.refuses("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  await site.refuses(`${chunked}3\nabc\r\n0\r\n\r\n`, 400);
  await site.refuses(`${chunked}3\r\nabc\n0\r\n\r\n`, 400);
  await site.refuses(`${chunked}3\r\nabc\r\n0\n\r\n`, 400);
  await site.refuses(`${chunked}3\r\nabc\r\n0\r\n\n`, 400);
});

t.test("one empty line before a request is skipped, a second one is not [W04]", async (t) => {
  const site = await startSite(t);
  t.equal(await site.forwards(`\r\n${get("")}`), `GET / HTTP/1.1\r\nHost: a\r\n${added()}\r\n`);
  await site.refuses(`\r\n\r\n${get("")}`, 400);
});

t.test("white space before the first field is refused [W05]", async (t) => {
  const site = await startSite(t);
  await site.refuses("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400);
  await site.refuses("GET / HTTP/1.1\r\n\tHost: a\r\nHost: a\r\n\r\n", 400);
});

t.test("white space before a field's colon is refused [W06]", async (t) => {
  const site = await startSite(t);
  await site.refuses("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400);
  await site.refuses(get("Content-Length : 5\r\n"), 400);
  await site.refuses(get("Transfer-Encoding\t: chunked\r\n"), 400);
});

t.test("a folded line is refused [W07]", async (t) => {
  const site = await startSite(t);
  await site.refuses(get("X: a\r\n b\r\n"), 400);
  await site.refuses(get("Transfer-Encoding:\r\n chunked\r\n"), 400);
});

t.test("control characters in a value are refused [W08]", async (t) => {
  const site = await startSite(t);
  for (const octet of ["\0", "\x01", "\x0b", "\x0c", "\x1b", "\x7f"]) {
    await site.refuses(get(`X: a${octet}b\r\n`), 400);
  }
  t.match(await site.forwards(get("X: a\tb\r\n")), "X: a\tb\r\n");
});

t.test("no Host, two Hosts, the same twice, or no host in it: refused [W09]", async (t) => {
  const site = await startSite(t);
  await site.refuses("GET / HTTP/1.1\r\nX: y\r\n\r\n", 400);
  await site.refuses(get("Host: b\r\n"), 400);
  await site.refuses(get("Host: a\r\n"), 400);
  for (const host of ["a/b", "a b", "a@b", "user@a", "a:b", "a:99999", "[::1", "a\\b", "a?b", "a#b"]) {
    await site.refuses(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 400, host);
  }
});

t.test("a Host as long as a head may be is forwarded whole, everywhere it is told [W09, F5]", async (t) => {
  const site = await startSite(t);
  const host = `${"h".repeat(7000)}.example`;
  const bytes = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  t.equal(await site.forwards(bytes), `GET / HTTP/1.1\r\nHost: ${host}\r\n${added(host)}\r\n`);
  const absolute = `GET http://${host}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
  t.equal(await site.forwards(absolute), `GET / HTTP/1.1\r\nHost: ${host}\r\n${added(host)}\r\n`);
});

t.test("absolute-form: its authority is the Host, whatever the Host field says [W10]", async (t) => {
  const site = await startSite(t);
  t.equal(
    await site.forwards("GET http://good.example:81/p?q HTTP/1.1\r\nHost: evil.example\r\nX: y\r\n\r\n"),
    `GET /p?q HTTP/1.1\r\nHost: good.example:81\r\nX: y\r\n${added("good.example:81")}\r\n`,
  );
  t.match(
    await site.forwards("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
    /^GET \/ HTTP\/1.1\r\nHost: a\r\n/,
  );
  t.match(await site.forwards("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n"), /^GET \/\?q HTTP\/1.1\r\n/);
  await site.refuses("GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400);
});

t.test("OPTIONS for the whole server keeps its form; CONNECT is not done [W10]", async (t) => {
  const site = await startSite(t);
  const client = await site.client();
  const answered = await client.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  t.ok([200, 404].includes(statusOf(answered)));
  for (const request of site.up.requests) t.match(request.start, "OPTIONS * HTTP/1.1");
  const connect = await site.client();
  t.equal(statusOf(await connect.ask("CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n")), 501);
  t.equal(site.up.requests.filter((request) => request.start.startsWith("CONNECT")).length, 0);
});

t.test(
  "too long a target is 414, an endless method 501, too large a head or too many fields 431 [W11]",
  async (t) => {
    const site = await startSite(t);
    await site.refuses(`GET /${"x".repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414);
    await site.refuses(`${"M".repeat(40)} / HTTP/1.1\r\nHost: a\r\n\r\n`, 501);
    await site.refuses(get(`X: ${"y".repeat(17_000)}\r\n`), 431);
    await site.refuses(get("X: y\r\n".repeat(101)), 431);
    t.match(await site.forwards(get(`X: ${"y".repeat(16_000)}\r\n`)), "yyyy");
    t.match(await site.forwards(get("", "PURGE / HTTP/1.1")), /^PURGE \/ HTTP\/1\.1\r\n/);
  },
);

t.test("we speak HTTP/1.1 to the upstream; other majors are refused [W12]", async (t) => {
  const site = await startSite(t);
  t.match(await site.forwards("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), /^GET \/ HTTP\/1\.1\r\nHost: a\r\n/);
  await site.refuses("GET /\r\n\r\n", 400);
  await site.refuses("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
  await site.refuses("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505);
  await site.refuses("GET / http/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400).catch(() => undefined);
});

t.test(
  "a 1.0 client gets no chunks and its connection is closed, unless it asked to keep it [W12]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      const chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n";
      arrival.answer(
        arrival.start.includes("chunks") ? chunks : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      );
    });
    const ask = async (bytes: string): Promise<string> => {
      const client = await site.client();
      client.send(bytes);
      await client.ended();
      return client.text.replace(/Date: [^\r]*\r\n/, "");
    };
    t.equal(
      await ask("GET /chunks HTTP/1.0\r\nHost: a\r\n\r\n"),
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde",
    );
    t.equal(
      await ask("GET /chunks HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"),
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde",
      "without a length the end is the close",
    );
    t.equal(
      await ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    );
    const kept = await site.client();
    const first = await kept.ask("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n");
    t.match(first.head, "\r\nConnection: keep-alive\r\n");
    t.equal((await kept.ask("GET / HTTP/1.0\r\n\r\n")).body.toString(), "ok", "and needs no Host");
    t.equal(await kept.ended(), "fin");
  },
);

t.test("fragments, blanks and odd octets in a target are refused [W13]", async (t) => {
  const site = await startSite(t);
  for (const target of ["/a#b", "/a b", "/a\tb", "/a\x7fb", '/a"b', "/a<b"]) {
    const client = await site.client();
    client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const status = statusOf(await client.response());
    if (target.includes('"') || target.includes("<")) t.ok([200, 400].includes(status), target);
    else t.equal(status, 400, target);
  }
  for (const request of site.up.requests) t.notMatch(request.start, /[#\t\x7f]/);
});

t.test("a bad request line is never corrected [W14]", async (t) => {
  const site = await startSite(t);
  await site.refuses("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400);
  await site.refuses(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET index.html HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400);
  await site.refuses("GET / HTTP/1.\r\nHost: a\r\n\r\n", 400);
  await site.refuses("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
});

t.test("after a refusal nothing more of the connection is read as a request [W14]", async (t) => {
  const site = await startSite(t);
  await site.refuses(`BAD\r\n\r\n${get("")}${get("")}`, 400);
  t.equal(site.up.arrivals, 0);
});
