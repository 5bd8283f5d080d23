// One line for each exchange, readable by machines whatever clients send (SPEC C4, F6).

import t from "tap";
import { seededRandom } from "../../src/base/random.ts";
import { RawClient, RawUpstream, respond, statusOf } from "../support/raw.ts";
import { type ShopOptions, startShop } from "../support/shop-plane.ts";

type Plane = Awaited<ReturnType<typeof startShop>>;

/** Starts a site with a log of this format. */
async function logged(
  t: Parameters<typeof RawUpstream.open>[0],
  format: "json" | "combined",
  more: Partial<ShopOptions> = {},
): Promise<{ running: Plane; lines: string[]; client: RawClient; all: () => string[] }> {
  const up = await RawUpstream.open(t, async (arrival) => {
    await arrival.whole();
    const target = arrival.start.split(" ")[1];
    if (target === "/die") arrival.peer.reset();
    else if (target === "/big") arrival.answer(respond("x".repeat(100_000)));
    else arrival.answer(respond("hello"));
  });
  const lines: string[] = [];
  const running = await startShop(t, {
    addresses: [up.address],
    lines,
    settings: `router: { accessLog: { format: ${format} } }`,
    ...more,
  });
  const all = (): string[] => {
    running.plane.accessLog.flush();
    return lines;
  };
  return { running, lines, client: await RawClient.open(t, running.port), all };
}

t.test(
  "a line of JSON tells who asked what, who answered, how it ended and how long it took [C4]",
  async (t) => {
    const { client, all } = await logged(t, "json");
    await client.ask(
      "POST /big?q=1 HTTP/1.1\r\nHost: shop.example\r\nReferer: http://x/\r\nUser-Agent: curl/8\r\nContent-Length: 5\r\n\r\nhello",
    );
    await client.ask("GET /big HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    const [first, second] = all().map((line) => JSON.parse(line) as Record<string, unknown>);
    t.match(first, {
      time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
      client: "127.0.0.1",
      request: "POST /big?q=1 HTTP/1.1",
      host: "shop.example",
      status: 200,
      cause: "done",
      application: "shop",
      edition: "1",
      server: "Server01",
      affinity: "none",
      attempts: 1,
      responseBytes: 5,
      referer: "http://x/",
      userAgent: "curl/8",
    });
    t.ok(Number(first?.["requestBytes"]) > 100);
    t.ok(Number(first?.["ms"]) >= Number(first?.["upstreamMs"]));
    t.match(second, { responseBytes: 100_000, referer: "", userAgent: "" });
  },
);

t.test("own answers, failures and tunnels have their line and cause [C4]", async (t) => {
  const { client, all, running } = await logged(t, "json");
  await client.ask("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
  await client.ask("POST /die HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").catch(() => undefined);
  const other = await RawClient.open(t, running.port);
  t.equal(statusOf(await other.ask("POST /die HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")), 502);
  running.setMode("Server01", "break");
  t.equal(statusOf(await other.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), 503);
  const lines = all().map((line) => JSON.parse(line) as Record<string, unknown>);
  t.match(lines[0], { status: 204, cause: "done", server: "", responseBytes: 0 });
  t.match(lines.at(-2), { status: 502, cause: "upstream-closed", server: "Server01", upstreamMs: null });
  t.match(lines.at(-1), { status: 503, cause: "unavailable", application: "shop", server: "" });
});

t.test("the line of an own answer has the bytes of its body, none for HEAD [C4]", async (t) => {
  const { client, all, running } = await logged(t, "json");
  running.setMode("Server01", "break");
  const counted: number[] = [];
  for (const accept of ["text/html", "application/json", "*/*"]) {
    const answer = await client.ask(`GET / HTTP/1.1\r\nHost: a\r\nAccept: ${accept}\r\n\r\n`);
    t.ok(answer.body.length > 20);
    counted.push(answer.body.length);
  }
  await client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  const lines = all().map((line) => JSON.parse(line) as Record<string, unknown>);
  t.same(
    lines.map((line) => line["responseBytes"]),
    [...counted, 0],
  );
});

const HOSTILE = [
  '"',
  "\\",
  '\\"',
  "}",
  '","status":200,"x":"',
  "\t",
  "\xff\xfe",
  "\x80",
  "\xc3\xa9",
  "%0d%0a",
  "${jndi:x}",
  "<script>",
  "'",
  "\\u0022",
  "\\n",
  "\xe2\x80\xa8",
];

for (const format of ["json", "combined"] as const) {
  t.test(`hostile input stays inside its quotes: ${format} [F6]`, async (t) => {
    const { client, all } = await logged(t, format);
    const random = seededRandom(99);
    let asked = 0;
    for (let round = 0; round < 120; round += 1) {
      const pick = (): string => HOSTILE[Math.floor(random.next() * HOSTILE.length)] as string;
      const text = Array.from({ length: 1 + Math.floor(random.next() * 5) }, pick).join("");
      const target = encodeURI(pick()).replace(/[^!-~]/g, "");
      await client.ask(
        `GET /${target} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${text}\r\nReferer: ${pick()}${text}\r\n\r\n`,
      );
      asked += 1;
    }
    t.equal(all().length, asked, "one line each");
    for (const line of all()) {
      t.notMatch(line, /[^\x20-\x7e]/);
      if (format === "json") {
        const read = JSON.parse(line) as Record<string, unknown>;
        t.equal(read["server"], read["application"] === "" ? "" : read["server"]);
        t.equal(Object.keys(read).length, 17);
      } else {
        const quoted = '"(?:[^"\\\\]|\\\\.)*"';
        t.match(
          line,
          new RegExp(`^127\\.0\\.0\\.1 - - \\[[^\\]]+\\] ${quoted} \\d{3} (\\d+|-) ${quoted} ${quoted}$`),
        );
      }
    }
  });
}

t.test("combined is as Apache writes it [C4]", async (t) => {
  const { client, all } = await logged(t, "combined");
  await client.ask(
    'GET /a?b HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nUser-Agent: M "x" \xe9\r\n\r\n',
  );
  t.match(
    all()[0],
    /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/a\?b HTTP\/1\.0" 200 5 "-" "M \\"x\\" \\xe9"$/,
  );
});

t.test("fields as long as a head may be neither break a line nor another one [F4]", async (t) => {
  const { client, all } = await logged(t, "json");
  const long = "\xff".repeat(5000);
  for (let round = 0; round < 40; round += 1) {
    const request = `GET /${"p".repeat(4000)} HTTP/1.1\r\nHost: ${"h".repeat(2000)}\r\n`;
    const response = await client.ask(
      `${request}Referer: ${long}${round}\r\nUser-Agent: ${long.slice(0, 4500)}\r\n\r\n`,
    );
    t.equal(statusOf(response), 200);
  }
  t.equal(all().length, 40);
  for (const line of all()) t.equal(JSON.parse(line).status, 200);
});

t.test("behind a trusted proxy the line has the client's address, not the proxy's [P5, C4]", async (t) => {
  const { client, all } = await logged(t, "json", {
    settings: "router: { accessLog: { format: json }, trustedProxies: [127.0.0.1] }",
  });
  await client.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
  await client.ask('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ","x":"\r\n\r\n');
  await client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  t.same(
    all().map((line) => (JSON.parse(line) as { client: string }).client),
    ["203.0.113.7", "127.0.0.1", "127.0.0.1"],
  );
});

t.test("a sink that is full loses lines and counts them; requests do not wait [F4]", async (t) => {
  const { running, client, all } = await logged(t, "json");
  const before = all().length;
  t.equal(before, 0);
  const { AccessLog } = await import("../../src/proxy/access-log.ts");
  const full = new AccessLog("json", { write: () => false, close: async () => undefined });
  const plane = running.plane as { accessLog: InstanceType<typeof AccessLog> };
  plane.accessLog = full;
  for (let round = 0; round < 5; round += 1)
    t.equal(statusOf(await client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), 200);
  full.flush();
  t.equal(full.dropped, 5);
});
