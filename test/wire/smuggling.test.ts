// Wire checklist W20 to W33: where one message ends and the next begins. Every attempt to make the router and the upstream
// disagree is refused, or becomes exactly one request that can be read in one way.

import t from "tap";
import { type RawClient, respond, statusOf } from "../support/raw.ts";
import { quiet } from "../support/shop-plane.ts";
import { added, startSite } from "./site.ts";

const CHUNKED = "Transfer-Encoding: chunked\r\n";
const post = (fields: string, body: string, method = "POST"): string =>
  `${method} / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
const SMUGGLED = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";

t.test("both lengths: refused, in any order and spelling (CL.TE, TE.CL) [W20]", async (t) => {
  const site = await startSite(t);
  await site.refuses(post(`Content-Length: 6\r\n${CHUNKED}`, `0\r\n\r\n${SMUGGLED}`), 400);
  await site.refuses(post(`${CHUNKED}Content-Length: 4\r\n`, `1\r\na\r\n0\r\n\r\n${SMUGGLED}`), 400);
  await site.refuses(post(`content-LENGTH: 6\r\ntransfer-ENCODING: CHUNKED\r\n`, `0\r\n\r\n`), 400);
  await site.refuses(post(`${CHUNKED}Content-Length: 0\r\n`, "0\r\n\r\n"), 400);
});

t.test("codings other than exactly chunked: refused (TE.TE) [W21]", async (t) => {
  const site = await startSite(t);
  for (const coding of [
    "identity",
    "xchunked",
    "chunked, identity",
    "chunked;q=1",
    '"chunked"',
    ",chunked,x",
    "cow",
  ]) {
    await site.refuses(post(`Transfer-Encoding: ${coding}\r\n`, `0\r\n\r\n${SMUGGLED}`), 400, coding);
  }
  await site.refuses(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501);
  await site.refuses(post(`${CHUNKED}Transfer-Encoding: identity\r\n`, "0\r\n\r\n"), 400);
  await site.refuses(post(`${CHUNKED}${CHUNKED}`, "0\r\n\r\n"), 400);
  await site.refuses(post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400);
  await site.refuses(post("Transfer-Encoding: chunked\x0b\r\n", "0\r\n\r\n"), 400);
  await site.refuses(post("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n"), 400);
  await site.refuses(post("X: y\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
});

t.test(
  "white space around chunked and its case do not matter: one request, chunked anew [W21]",
  async (t) => {
    const site = await startSite(t);
    t.equal(
      await site.forwards(post("Transfer-Encoding: \t CHUNKED \r\n", "2\r\nab\r\n0\r\n\r\n")),
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${added()}\r\n2\r\nab\r\n0\r\n\r\n`,
    );
  },
);

t.test("Transfer-Encoding in an HTTP/1.0 request: refused [W22]", async (t) => {
  const site = await startSite(t);
  await site.refuses(`POST / HTTP/1.0\r\nHost: a\r\n${CHUNKED}\r\n0\r\n\r\n${SMUGGLED}`, 400);
});

t.test("lengths that are no plain number: refused (CL.CL, 0.CL) [W23]", async (t) => {
  const site = await startSite(t);
  for (const length of [
    "+5",
    "-5",
    "5 5",
    "0x5",
    "5,5",
    "5, 6",
    "5;",
    "",
    "five",
    "5.0",
    "1e1",
    "5_0",
    "\xb25",
    "9".repeat(16),
    "9".repeat(40),
    "18446744073709551616",
    "00000000000000005",
  ]) {
    await site.refuses(post(`Content-Length: ${length}\r\n`, `hello${SMUGGLED}`), 400, `length ${length}`);
  }
  await site.refuses(post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400);
  await site.refuses(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400);
  await site.refuses(post("Content-Length: 0\r\nContent-Length: 44\r\n", SMUGGLED), 400);
});

t.test(
  "a body that ends before its length: the upstream request is given up, not finished [W24]",
  async (t) => {
    const site = await startSite(t);
    const client = await site.client();
    client.send(post("Content-Length: 10\r\n", "1234"));
    await site.up.until(() => (site.up.peers[0]?.bytes.length ?? 0) > 0);
    client.finish();
    const [peer] = site.up.peers;
    await peer?.ended();
    t.equal(site.up.requests.length, 0, "it never became whole");
    await site.up.until(() => site.up.open === 0);
    const other = await site.client();
    t.equal(statusOf(await other.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), 200);
    t.equal(site.up.peers.length, 2, "on another connection");
    await quiet(site.running);
  },
);

t.test("a chunked body that ends before its last chunk is never given one [W24, W75]", async (t) => {
  const site = await startSite(t);
  const client = await site.client();
  client.send(post(CHUNKED, "5\r\nhello\r\n"));
  await site.up.until(() => site.up.peers.some((peer) => peer.text.includes("hello")));
  client.finish();
  const [peer] = site.up.peers;
  await peer?.ended();
  t.notMatch(peer?.text ?? "", "0\r\n\r\n");
  t.equal(site.up.requests.length, 0);
});

t.test("chunk sizes and chunk ends that are not exactly right: refused [W25]", async (t) => {
  const site = await startSite(t);
  for (const body of [
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello\n\r\n0\r\n\r\n",
    "g\r\n",
    "-1\r\n",
    "+5\r\nhello\r\n",
    "0x5\r\nhello\r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    "\r\nhello",
    ";x\r\n",
    "5\rhello",
    "10000000000000000\r\nx",
    "ffffffffffffffff\r\nx",
    "00000000000000005\r\nhello\r\n0\r\n\r\n",
    "5\r\nhelloXX0\r\n\r\n",
    "2\r\nabc\r\n0\r\n\r\n",
    "0\r\nX\r\n\r\n",
    "0\r\n X: y\r\n\r\n",
    "0\r\nX: y\n\r\n",
  ]) {
    await site.refuses(post(CHUNKED, body), 400, JSON.stringify(body));
  }
});

t.test(
  "chunk extensions are read over and never forwarded; too many of them, or odd ones, are refused [W25]",
  async (t) => {
    const site = await startSite(t);
    const head = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${added()}\r\n`;
    t.equal(
      await site.forwards(post(CHUNKED, '2;a=b;c="d"\r\nab\r\n0;last\r\n\r\n')),
      `${head}2\r\nab\r\n0\r\n\r\n`,
    );
    await site.refuses(post(CHUNKED, `2;${"x".repeat(20_000)}\r\nab\r\n0\r\n\r\n`), 400, "a long extension");
    await site.refuses(post(CHUNKED, `1;${"x".repeat(200)}\r\na\r\n`.repeat(200)), 400, "many extensions");
    await site.refuses(
      post(CHUNKED, `2;\nxx\r\n4c\r\n${SMUGGLED}0\r\n\r\n`),
      400,
      "an LF in an extension (TERM.EXT)",
    );
    await site.refuses(post(CHUNKED, "2;a\rb\r\nab\r\n0\r\n\r\n"), 400, "a CR in an extension");
    await site.refuses(post(CHUNKED, '2;a="\r\nab\r\n0\r\n\r\n'), 400, "an open quote");
  },
);

t.test("chunks are framed anew whatever their size, however they come [W25]", async (t) => {
  const site = await startSite(t);
  const body = "1\r\na\r\nA\r\n0123456789\r\n0000f\r\nabcdefghijklmno\r\n0\r\n\r\n";
  const whole = post(CHUNKED, body);
  const client = await site.client();
  for (const octet of whole) {
    client.send(octet);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(statusOf(await client.response()), 200);
  t.equal(site.up.requests[0]?.body.toString(), "a0123456789abcdefghijklmno");
  t.equal(await site.forwards(whole).then((raw) => raw.includes("0000f")), false);
});

t.test("trailers stay trailers, and those that frame, route or authenticate are dropped [W26]", async (t) => {
  const site = await startSite(t);
  const trailers =
    "X-Check: 1\r\nHost: evil\r\nAuthorization: x\r\nSet-Cookie: c=d\r\nX-Request-Id: 7\r\n" +
    "Cookie: a=b\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: close\r\nX-Other: 2\r\n";
  t.equal(
    await site.forwards(post(CHUNKED, `2\r\nab\r\n0\r\n${trailers}\r\n`)),
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${added()}\r\n2\r\nab\r\n0\r\nX-Check: 1\r\nX-Other: 2\r\n\r\n`,
  );
  for (const field of ["Content-Length: 3", "Transfer-Encoding: chunked"]) {
    await site.refuses(post(CHUNKED, `2\r\nab\r\n0\r\nX: y\r\n${field}\r\n\r\n`), 400, field);
  }
});

t.test("an answer before the body's end: the rest of the body is never a request [W27]", async (t) => {
  const site = await startSite(t, (arrival) => {
    arrival.answer(respond("early", "", "403 Forbidden"));
  });
  const client = await site.client();
  client.send(post("Content-Length: 200\r\n", "begin"));
  const response = await client.response();
  t.equal(statusOf(response), 403);
  t.match(response.head, "\r\nConnection: close\r\n");
  client.send(SMUGGLED + SMUGGLED + SMUGGLED + SMUGGLED);
  t.equal(await client.ended(), "fin");
  t.equal(client.text, "", "no second answer");
  t.equal(site.up.arrivals, 1);
  await quiet(site.running);
});

t.test("our own refusal before the body's end: the rest of the body is never a request [W27]", async (t) => {
  const site = await startSite(t);
  await site.refuses(`TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n${SMUGGLED}${SMUGGLED}`, 501);
  const client = await site.client();
  client.send(`TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`);
  client.send("GET /real HTTP/1.1\r\nHost: a\r\n\r\n");
  t.equal(statusOf(await client.response()), 501);
  t.equal(statusOf(await client.response()), 200);
  t.same(
    site.up.requests.map((request) => request.start),
    ["GET /real HTTP/1.1"],
  );
});

t.test("bytes after a response are never the next response [W28]", async (t) => {
  const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    const kind = arrival.start.split(" ")[1];
    if (kind === "/length") arrival.answer(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${forged}`);
    else if (kind === "/chunks")
      arrival.answer(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${forged}`);
    else if (kind === "/none") arrival.answer(`HTTP/1.1 304 Not Modified\r\n\r\n${forged}`);
    else if (kind === "/head") arrival.answer(`HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n${forged}`);
    else arrival.answer(respond("ok"));
  });
  const client = await site.client();
  for (const request of ["GET /length", "GET /chunks", "GET /none", "HEAD /head"]) {
    await client.ask(`${request} HTTP/1.1\r\nHost: a\r\n\r\n`);
    t.equal((await client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).body.toString(), "ok", request);
  }
  t.equal(site.up.peers.length, 5, "each time on another connection");
});

t.test("bytes on an idle upstream connection end it at once [W28, W76]", async (t) => {
  const site = await startSite(t);
  const client = await site.client();
  await client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  site.up.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
  await site.up.until(() => site.up.open === 0);
  t.equal((await client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).body.toString(), "ok");
  t.equal(site.up.peers.length, 2);
});

t.test("HEAD, 204, 304 and 1xx have no body, whatever their fields say [W29]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    const [method, kind] = arrival.start.split(" ");
    const lines: Record<string, string> = {
      "/204": "204 No Content\r\nContent-Length: 5\r\n",
      "/204te": "204 No Content\r\nTransfer-Encoding: chunked\r\n",
      "/304": "304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n",
      "/304te": "304 Not Modified\r\nTransfer-Encoding: chunked\r\n",
      "/cl": "200 OK\r\nContent-Length: 5\r\n",
      "/te": "200 OK\r\nTransfer-Encoding: chunked\r\n",
    };
    arrival.answer(`HTTP/1.1 ${lines[kind ?? ""] ?? "200 OK\r\nContent-Length: 0\r\n"}\r\n`);
    t.ok(method);
  });
  const client = await site.client();
  const ask = async (method: string, target: string): Promise<readonly string[]> => {
    const response = await client.ask(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    t.equal(response.body.length, 0);
    return [response.start, ...response.lines.filter((line) => !line.startsWith("Date"))];
  };
  t.same(await ask("GET", "/204"), ["HTTP/1.1 204 No Content"]);
  t.same(await ask("GET", "/204te"), ["HTTP/1.1 204 No Content"]);
  t.same(await ask("GET", "/304"), ["HTTP/1.1 304 Not Modified", "Content-Length: 5", "ETag: x"]);
  t.same(await ask("GET", "/304te"), ["HTTP/1.1 304 Not Modified"]);
  t.same(await ask("HEAD", "/cl"), ["HTTP/1.1 200 OK", "Content-Length: 5"]);
  t.same(await ask("HEAD", "/te"), ["HTTP/1.1 200 OK"]);
  t.same(await ask("GET", "/end"), ["HTTP/1.1 200 OK", "Content-Length: 0"]);
});

t.test("GET, HEAD, DELETE and OPTIONS with bodies keep their framing [W30]", async (t) => {
  const site = await startSite(t);
  for (const method of ["GET", "DELETE", "OPTIONS", "PATCH"]) {
    t.equal(
      await site.forwards(post("Content-Length: 5\r\n", "hello", method)),
      `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n${added()}\r\nhello`,
    );
    t.equal(
      await site.forwards(post(CHUNKED, `2c\r\n${"x".repeat(44)}\r\n0\r\n\r\n`, method)),
      `${method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${added()}\r\n2c\r\n${"x".repeat(44)}\r\n0\r\n\r\n`,
    );
  }
});

t.test(
  "what follows an Upgrade request goes nowhere before its 101; without one it is the next request [W31]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      if (arrival.start.includes("/ws")) {
        t.equal(arrival.peer.bytes.length, 0, "nothing came behind the head");
        arrival.answer(respond("no", "", "400 Bad Request"));
      } else arrival.answer(respond("second"));
    });
    const client = await site.client();
    client.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    t.equal(statusOf(await client.response()), 400);
    t.equal((await client.response()).body.toString(), "second");
    t.same(
      site.up.requests.map((request) => request.start),
      ["GET /ws HTTP/1.1", "GET /next HTTP/1.1"],
    );
  },
);

t.test(
  "bytes that come behind an Upgrade request are the tunnel's once the 101 is there [W31, W63]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      arrival.answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello");
      await arrival.peer.until(() => arrival.peer.text.includes("early bytes"));
      arrival.answer(" world");
    });
    const client = await site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly bytes");
    const response = await client.response();
    t.equal(statusOf(response), 101);
    await client.until(() => client.text === "hello world");
    t.pass("both ways");
  },
);

t.test("dots, slashes, escapes and odd queries go on byte for byte [W32]", async (t) => {
  const site = await startSite(t);
  for (const target of [
    "/a/../b",
    "//a//b",
    "/./a",
    "/%2e%2e/a",
    "/a%2Fb",
    "/a;x=1;y",
    "/?a=1;b=2&&=&%zz",
    "/a?b?c",
    "/%00",
  ]) {
    const client = await site.client();
    client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const status = statusOf(await client.response());
    t.ok([200, 400, 404].includes(status), `${target} ${status}`);
    if (status === 200) t.equal(site.up.requests.at(-1)?.start, `GET ${target} HTTP/1.1`);
    if (["/a%2Fb", "/a;x=1;y", "/?a=1;b=2&&=&%zz", "/a?b?c"].includes(target)) t.equal(status, 200, target);
  }
});

t.test(
  "field names are written from parsed parts only: nothing but name, colon, space, value, CRLF [W33]",
  async (t) => {
    const site = await startSite(t);
    t.equal(
      await site.forwards("GET / HTTP/1.1\r\nhOsT:a\r\nX-A:  b \t\r\nX-Empty:\r\nX-Colon: a:b\r\n\r\n"),
      `GET / HTTP/1.1\r\nhOsT: a\r\nX-A: b\r\nX-Empty: \r\nX-Colon: a:b\r\n${added()}\r\n`,
    );
    for (const name of ["X A", "X(A)", "X\x80", "", "X\0", "X/A", "X[1]", '"X"']) {
      await site.refuses(`GET / HTTP/1.1\r\nHost: a\r\n${name}: y\r\n\r\n`, 400, JSON.stringify(name));
    }
  },
);

t.test("pipelined requests are answered in order, one after the other [W27]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    const whole = await arrival.whole();
    arrival.answer(respond(`${arrival.start.split(" ")[1]} ${whole?.body}`));
  });
  const client: RawClient = await site.client();
  client.send(
    `GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${post("Content-Length: 5\r\n", "hello").replace("/ ", "/2 ")}` +
      `${post(CHUNKED, "3\r\nabc\r\n0\r\n\r\n").replace("/ ", "/3 ")}HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n` +
      "GET /5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /6 HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  t.equal((await client.response()).body.toString(), "/1 ");
  t.equal((await client.response()).body.toString(), "/2 hello");
  t.equal((await client.response()).body.toString(), "/3 abc");
  await client.response("HEAD");
  t.equal((await client.response()).body.toString(), "/5 ");
  t.equal(await client.ended(), "fin");
  t.equal(site.up.requests.length, 5, "nothing after Connection: close (W71)");
});
