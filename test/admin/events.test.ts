import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { get } from "node:http";
import t, { type Test } from "tap";
import { startAdmin } from "../../src/admin/start-admin.ts";
import type { Clock } from "../../src/base/clock.ts";
import { SILENT_LOG } from "../../src/base/log.ts";
import { type AdminSite, startAdminSite } from "../support/admin-site.ts";
import { FAKE_NOW, FakeOperations } from "../support/fake-operations.ts";

/** An open stream of events; `next` gives the text of the next block, comments left out unless asked for. */
interface Stream {
  readonly response: IncomingMessage;
  next(options?: { readonly comments: boolean }): Promise<string>;
}

async function openStream(
  t: Test,
  address: string,
  headers: Record<string, string> = {},
  path = "/v1/events",
): Promise<Stream> {
  const request = get(address + path, { headers: { accept: "text/event-stream", ...headers } });
  request.on("error", () => {}); // the stream is cut on purpose
  const [response] = (await once(request, "response")) as [IncomingMessage];
  t.teardown(() => request.destroy());
  response.setEncoding("utf8");
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<string>;
  let text = "";
  const next = async (options = { comments: false }): Promise<string> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        if (block.startsWith("id:") || (options.comments && block.startsWith(":"))) return block;
        continue;
      }
      const chunk = await chunks.next();
      if (chunk.done === true) return "end";
      text += chunk.value;
    }
  };
  return { response, next };
}

function setMode(site: AdminSite, mode: string): ReturnType<AdminSite["call"]> {
  return site.call("/v1/servers/Server01/mode", { method: "PUT", body: { mode } });
}

t.test("events are listed: the latest, or all after a revision", async (t) => {
  const site = await startAdminSite(t);
  for (const mode of ["affinity", "break", "normal"]) await setMode(site, mode);
  const latest = await site.call("/v1/events?limit=2");
  t.equal(latest.body.next, 4);
  t.strictSame(
    latest.body.entries.map((entry: { revision: number }) => entry.revision),
    [3, 4],
  );
  const first = await site.call("/v1/events?after=0&limit=1");
  t.match(first.body, { next: 1, entries: [{ revision: 1 }] });
  t.strictSame((await site.call("/v1/events?after=4")).body, { next: 4, entries: [] });
  t.equal((await site.call("/v1/events?limit=0")).status, 400);
});

t.test("events are streamed as they come, with their revision as id", async (t) => {
  const site = await startAdminSite(t);
  const stream = await openStream(t, site.admin.address);
  t.match(stream.response.headers["content-type"], /^text\/event-stream/);
  await setMode(site, "break");
  const block = await stream.next();
  t.match(block, /^id: 2\ndata: \{/);
  t.match(JSON.parse(block.slice(block.indexOf("data: ") + 6)), {
    revision: 2,
    command: { kind: "set-mode", origin: { actor: "local" } },
    events: [{ kind: "server.mode", subject: "Server01" }],
  });
});

t.test("a stream that is taken up again misses nothing and repeats nothing", async (t) => {
  const site = await startAdminSite(t);
  for (const mode of ["affinity", "break", "normal"]) await setMode(site, mode);
  const stream = await openStream(t, site.admin.address, { "last-event-id": "2" });
  t.match(await stream.next(), /^id: 3\n/);
  t.match(await stream.next(), /^id: 4\n/);
  await setMode(site, "stop");
  t.match(await stream.next(), /^id: 5\n/);
  const whole = await openStream(t, site.admin.address, {}, "/v1/events?after=0");
  for (const id of [1, 2, 3, 4, 5]) t.match(await whole.next(), new RegExp(`^id: ${id}\n`));
});

t.test("a stream of hundreds of entries comes whole and in order", async (t) => {
  const site = await startAdminSite(t);
  for (let count = 0; count < 250; count += 1) await setMode(site, count % 2 === 0 ? "break" : "normal");
  const stream = await openStream(t, site.admin.address, { "last-event-id": "0" });
  for (let id = 1; id <= 251; id += 1) {
    const block = await stream.next();
    if (!block.startsWith(`id: ${id}\n`)) t.fail(`expected ${id}, got ${block}`);
  }
  t.pass("251 entries in order");
});

t.test("a Last-Event-ID that is no revision is refused", async (t) => {
  const site = await startAdminSite(t);
  const headers = { accept: "text/event-stream", "last-event-id": "yesterday" };
  t.match((await site.call("/v1/events", { headers })).body, { status: 400, code: "BAD_REQUEST" });
});

t.test("streams end when the API closes, and nobody follows any more", async (t) => {
  const site = await startAdminSite(t);
  const stream = await openStream(t, site.admin.address);
  const left = await openStream(t, site.admin.address);
  t.equal(site.operations.followers, 2);
  left.response.destroy();
  await site.admin.close();
  t.equal(await stream.next().catch(() => "end"), "end");
  t.equal(site.operations.followers, 0);
});

t.test("more streams than the limit are refused, and a place that is left can be taken", async (t) => {
  const site = await startAdminSite(t);
  const streams = await Promise.all(Array.from({ length: 64 }, () => openStream(t, site.admin.address)));
  const headers = { accept: "text/event-stream" };
  t.match((await site.call("/v1/events", { headers })).body, { status: 429, code: "LIMIT_REACHED" });
  t.equal((await site.call("/v1/events")).status, 200, "a list can still be read");
  streams[0]?.response.destroy();
  while (site.operations.followers === 64) await new Promise((resolve) => setImmediate(resolve));
  t.equal((await openStream(t, site.admin.address)).response.statusCode, 200);
});

t.test("a quiet stream shows that it lives", async (t) => {
  const rings: (() => void)[] = [];
  const clock: Clock = {
    epochMs: () => FAKE_NOW,
    monotonicMs: () => 0 as ReturnType<Clock["monotonicMs"]>,
    alarm: (delayMs, ring) => {
      t.equal(delayMs, 15_000);
      rings.push(ring);
      return () => {};
    },
  };
  const admin = await startAdmin({
    settings: { listen: "127.0.0.1:0", socket: "", tokensFile: "" },
    operations: new FakeOperations(),
    log: SILENT_LOG,
    version: "0.0.0-test",
    clock,
  });
  t.teardown(() => admin.close());
  const stream = await openStream(t, admin.address);
  rings[0]?.();
  t.match(await stream.next({ comments: true }), /^: /);
  t.equal(rings.length, 2, "and will again");
});
