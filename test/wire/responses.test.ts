// Wire checklist, the response's side: W02, W06 to W08, W24, W26, W75, W79; and that no response can be split in two.

import t from "tap";
import { RawClient, respond, statusOf } from "../support/raw.ts";
import { values } from "../support/raw-message.ts";
import { leftovers, listenOnPath, quiet } from "../support/shop-plane.ts";
import { startSite } from "./site.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** Lines of a response but for Date. */
const lines = (message: { readonly lines: readonly string[] }): string[] =>
  message.lines.filter((line) => !line.startsWith("Date:"));

const BAD_HEADS: readonly (readonly [string, string])[] = [
  ["a bare CR in a value [W02]", "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b=c\r\nContent-Length: 0\r\n\r\n"],
  ["a bare LF as a line's end [W03]", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"],
  ["a NUL in a value [W08]", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"],
  ["a field line without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
  ["white space before the first field [W05]", "HTTP/1.1 200 OK\r\n X: y\r\n\r\n"],
  ["two different lengths [W23]", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"],
  ["a length with a sign [W23]", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab"],
  ["a length beyond all bounds [W23]", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nab"],
  [
    "both framings [W20]",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["an unknown coding [W21]", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab"],
  ["chunks in HTTP/1.0 [W22]", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["an unknown version [W12]", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"],
];

for (const [name, head] of BAD_HEADS) {
  t.test(`a response with ${name} is a 502 of ours, and not one of its bytes goes on`, async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      arrival.answer(head);
    });
    const client = await site.client();
    const response = await client.ask(GET);
    t.equal(statusOf(response), 502);
    t.same(values(response, "set-cookie"), []);
    t.equal(values(response, "cache-control")[0], "no-store");
    await site.up.until(() => site.up.open === 0);
    t.same(leftovers(site.running), []);
  });
}

t.test(
  "white space before a colon goes, and a folded line is refused or becomes one line [W06, W07]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      arrival.answer(
        arrival.start.includes("fold")
          ? "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"
          : "HTTP/1.1 200 OK\r\nX-Odd : a\r\nContent-Length: 0\r\n\r\n",
      );
    });
    const client = await site.client();
    t.same(lines(await client.ask(GET)), ["X-Odd: a", "Content-Length: 0"]);
    const folded = await client.ask(GET.replace("/ ", "/fold "));
    if (statusOf(folded) === 200) t.match(lines(folded)[0], /^X: a {1,3}b$/);
    else t.equal(statusOf(folded), 502);
  },
);

t.test("a response with the same length twice goes on with one [W23]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab");
  });
  const client = await site.client();
  const response = await client.ask(GET);
  t.same(values(response, "content-length"), ["2"]);
  t.equal(response.body.toString(), "ab");
});

t.test("a body that breaks off looks broken off, however it was framed [W24, W75]", async (t) => {
  const heads: Record<string, string> = {
    "/length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789",
    "/chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n",
    "/inside": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n0123456789",
    "/trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\nX: y\r\n",
  };
  let client: RawClient | undefined;
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(heads[arrival.start.split(" ")[1] ?? ""] ?? "");
    // A reset that comes together with data is told as a plain end by Node, so each waits for the other.
    await client?.until(() => client?.text.includes("0123456789") === true);
    if (arrival.start.startsWith("GET")) arrival.peer.finish();
    else arrival.peer.reset();
  });
  for (const method of ["GET", "POST"]) {
    for (const target of Object.keys(heads)) {
      client = await site.client();
      client.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.ended();
      t.notMatch(client.text, /\r\n0\r\n\r\n$/, `${method} ${target} has no last chunk`);
      t.equal(client.ending, "reset", `${method} ${target} ends in a reset`);
    }
  }
  await quiet(site.running);
});

t.test(
  "a body that breaks off for a 1.0 client is cut too: its close would say that it is whole [W75]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      arrival.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n");
      await client.until(() => client.text.includes("0123456789"));
      arrival.peer.finish();
    });
    const client = await site.client();
    client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    t.equal(await client.ended(), "reset");
  },
);

t.test("a cut response ends a Unix socket as well as it can, and ends no process [W75, F5]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
    arrival.peer.finish();
  });
  const client = await RawClient.open(t, await listenOnPath(t, site.running));
  client.send(GET);
  await client.ended();
  await client.until(() => client.isGone || client.ending === "fin");
  t.equal(client.text.endsWith("0123456789"), true, "less than its length says");
  await quiet(site.running);
});

t.test("wrong chunks after the head: cut off there [W25, W75]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await client.until(() => client.text.includes("abc"));
    arrival.answer("ZZ\r\n");
  });
  const client = await site.client();
  client.send(GET);
  t.equal(await client.ended(), "reset");
  await site.up.until(() => site.up.open === 0);
  t.same(leftovers(site.running), []);
});

t.test("a body until the close comes in chunks for 1.1 and until the close for 1.0 [W12, W29]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer("HTTP/1.0 200 OK\r\n\r\nuntil the ");
    arrival.answer("close");
    arrival.peer.finish();
  });
  const client = await site.client();
  const response = await client.ask(GET);
  t.equal(response.framing, "chunked");
  t.equal(response.body.toString(), "until the close");
  t.equal((await client.ask(GET)).framing, "chunked", "the connection goes on");
  const old = await site.client();
  const closing = await old.ask("GET / HTTP/1.0\r\n\r\n");
  t.equal(closing.framing, "close");
  t.equal(closing.body.toString(), "until the close");
});

t.test("response trailers follow the last chunk and never enter the head [W26]", async (t) => {
  const site = await startSite(t, async (arrival) => {
    await arrival.whole();
    arrival.answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\n\r\n",
    );
  });
  const client = await site.client();
  const response = await client.ask(GET);
  t.same(response.trailers, ["X-Sum: 1"]);
  t.same(values(response, "x-sum"), []);
  t.same(values(response, "set-cookie"), []);
  const old = await site.client();
  t.equal((await old.ask("GET / HTTP/1.0\r\n\r\n")).body.toString(), "a");
});

t.test(
  "our own answers: framed, never stored, never an echo, no body for HEAD, Retry-After with 503 [W79]",
  async (t) => {
    const site = await startSite(t);
    site.running.setMode("Server01", "break");
    const client = await site.client();
    const html = await client.ask(
      "GET /<script> HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n".replace("<script>", "%3Cscript%3E"),
    );
    t.equal(statusOf(html), 503);
    t.match(values(html, "content-type")[0], "text/html");
    t.notMatch(html.body.toString(), "script%3E");
    t.match(values(html, "retry-after")[0], /^\d+$/);
    t.equal(values(html, "cache-control")[0], "no-store");
    const json = await client.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
    t.equal(JSON.parse(json.body.toString()).status, 503);
    const head = await client.ask("HEAD / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
    t.equal(head.body.length, 0);
    t.equal(values(head, "content-length")[0], values(html, "content-length")[0]);
    site.running.setMode("Server01", "normal");
    t.equal((await client.ask(GET)).body.toString(), "ok", "all on one connection");
  },
);

t.test(
  "a response is sent as its upstream framed it, and Date is added where it is missing [W45]",
  async (t) => {
    const site = await startSite(t, async (arrival) => {
      await arrival.whole();
      arrival.answer(
        arrival.start.includes("dated")
          ? respond("x")
          : "HTTP/1.1 200 Fine, thanks\r\nContent-Length: 1\r\n\r\nx",
      );
    });
    const client = await site.client();
    const undated = await client.ask(GET);
    t.equal(undated.start, "HTTP/1.1 200 Fine, thanks");
    t.match(values(undated, "date"), [/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/]);
    t.same(values(await client.ask(GET.replace("/ ", "/dated ")), "date"), ["Thu, 01 Jan 2026 00:00:00 GMT"]);
  },
);
