import { readFileSync } from "node:fs";
import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import type { Revision } from "../../src/base/units.ts";
import type { ServerName } from "../../src/domain/names.ts";
import { startControl } from "../support/control-site.ts";
import { load, traffic } from "../support/reports.ts";

const ORIGIN = { actor: "operator" };

function server(name: string) {
  return { kind: "server", name: name as ServerName } as const;
}

t.test("stop acts as break for a server that is somebody else's process, and says so", async (t) => {
  const { plane } = await startControl(t);
  const results = await plane.operations.setMode({
    origin: ORIGIN,
    target: server("Server01"),
    mode: "stop",
  });
  t.match(unwrap(results), [
    { mode: "stop", effectiveMode: "stop", note: 'stop acts as break, because "Server01" is external' },
  ]);
});

t.test("a mode for a server that is not there is refused, and tells nobody anything", async (t) => {
  const site = await startControl(t);
  const said = site.bus.sent.length;
  const refused = await site.plane.operations.setMode({
    origin: ORIGIN,
    target: server("Server09"),
    mode: "break",
  });
  t.match(refused, { ok: false, fault: { code: "SERVER_UNKNOWN" } });
  t.equal(site.bus.sent.length, said);
});

t.test("a full disk refuses changes, and everything can still be read [F2]", async (t) => {
  const site = await startControl(t);
  const { operations } = site.plane;
  site.report(0);
  site.report(1);
  site.journal.failsFrom = { revision: 0, code: "JOURNAL_FULL" };
  const refused = await operations.setMode({ origin: ORIGIN, target: server("Server01"), mode: "break" });
  t.match(refused, { ok: false, fault: { code: "JOURNAL_FULL" } });
  t.match(operations.servers(), [{ mode: "normal" }, { mode: "normal" }]);
  t.match(unwrap(operations.application("shop")), { id: "shop", state: "RUNNING" });
  t.equal((await operations.events({ after: 0 as Revision, limit: 10 })).length, 1);
  t.ok(operations.isReady());
  t.match((await operations.metrics()).text, /^tidegate_revision 1$/m);
});

t.test("views show open work, tunnels and marks over all workers [E7]", async (t) => {
  const site = await startControl(t);
  const [one, two] = ["shop/1/Server01", "shop/1/Server02"] as const;
  const marks = [{ key: two, cause: "connect ECONNREFUSED", ageMs: 10 }];
  site.report(0, {
    marks,
    load: [load(one, { inFlight: 4, webSockets: 2, streams: 1 })],
    traffic: [traffic({ statuses: [0, 9, 0, 0, 0] })],
    openConnections: 7,
  });
  site.report(1, { marks, load: [load(one, { inFlight: 1 }), load(two, { inFlight: 1, tunnels: 1 })] });
  const { operations } = site.plane;
  t.match(operations.servers(), [
    { name: "Server01", status: "up", inFlight: 5, tunnels: 3, editions: ["shop/1"] },
    { name: "Server02", status: "down", statusCause: "connect ECONNREFUSED", inFlight: 1, tunnels: 1 },
  ]);
  t.match(operations.applications(), [
    {
      state: "RUNNING",
      affinity: "suffix",
      editions: [
        {
          label: "1",
          inFlight: 6,
          tunnels: { webSocket: 2, stream: 1, other: 1 },
          instances: [{ server: "Server01" }, { server: "Server02", status: "down" }],
        },
      ],
    },
  ]);
  t.match(operations.routers(), [
    {
      name: "node01",
      live: true,
      revision: 1,
      workers: [{ slot: 0, connections: 7, inFlight: 4 }, { slot: 1 }],
    },
  ]);
  const { text } = await operations.metrics();
  t.match(text, 'tidegate_requests_in_flight{application="shop",edition="1",server="Server01"} 5');
  t.match(text, 'tidegate_instances_down{application="shop",edition="1",server="Server02"} 1');

  for (const server of [one, two]) {
    site.bus.deliver({
      kind: "mark",
      from: "worker:0",
      key: server,
      state: "down",
      by: "traffic",
      cause: "gone",
    });
  }
  t.match(operations.application("shop"), { value: { state: "DEPLOYED" } }, "none of its servers answers");
});

t.test("whoever follows the events hears every accepted command once, in order", async (t) => {
  const site = await startControl(t);
  const heard: number[] = [];
  const end = site.plane.operations.followEvents((entry) => heard.push(entry.revision));
  const deaf = site.plane.operations.followEvents(() => {
    throw new Error("a client that is gone");
  });
  for (const mode of ["break", "break", "normal"] as const) {
    unwrap(await site.plane.operations.setMode({ origin: ORIGIN, target: server("Server01"), mode }));
  }
  end();
  deaf();
  unwrap(await site.plane.operations.setMode({ origin: ORIGIN, target: server("Server01"), mode: "stop" }));
  t.strictSame(heard, [2, 3]);
});

t.test("secrets are in no journal, log, view or metric [F6]", async (t) => {
  const site = await startControl(t);
  const secrets: string[] = readFileSync(`${site.dataDir}/secrets.json`, "utf8").match(/[0-9a-f]{64}/g) ?? [];
  t.equal(secrets.length, 2);
  const { operations } = site.plane;
  site.report(0);
  const shown = JSON.stringify([
    site.journal.entries,
    site.log.lines,
    operations.servers(),
    operations.applications(),
    operations.routers(),
    [...operations.domain().applications.values()],
    await operations.metrics(),
  ]);
  for (const secret of secrets) t.notOk(shown.includes(secret));
});
