import { readFileSync } from "node:fs";
import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import type { Revision } from "../../src/base/units.ts";
import type { ApplicationId, NodeName, ServerName } from "../../src/domain/names.ts";
import { SHOP_YAML, startControl } from "../support/control-site.ts";
import { load, traffic } from "../support/reports.ts";

const ORIGIN = { actor: "operator" };

function server(name: string) {
  return { kind: "server", name: name as ServerName } as const;
}

/** True when the promise has not settled after all that is ready has run. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const turns = async (): Promise<symbol> => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return pending;
  };
  return (await Promise.race([promise, turns()])) === pending;
}

t.test("a worker's first table is whole: the included file was applied before [C5]", async (t) => {
  const site = await startControl(t);
  t.equal(site.bus.sentOf("table").length, 0, "nothing is said to nobody");
  site.hello(0);
  const [table] = site.bus.sentOf("table");
  t.match(table?.table.applications, [{ id: "shop", contextRoots: ["/shop"] }]);
  t.equal(site.bus.sent.at(-1)?.to, "worker:0");
  t.match(site.journal.entries, [{ revision: 1, command: { origin: { actor: "file:domain.yaml" } } }]);
});

t.test("control is ready when every worker has a table, and stays so while one is restarted", async (t) => {
  const site = await startControl(t);
  const { operations } = site.plane;
  t.notOk(operations.isReady());
  site.peers(0, 1);
  site.report(0, { revision: 1 });
  t.notOk(operations.isReady());
  site.report(1, { revision: 0 });
  t.notOk(operations.isReady(), "a worker without a table is not ready");
  site.report(1, { revision: 1 });
  t.ok(operations.isReady());
  site.peers(0);
  t.ok(operations.isReady());
  site.peers();
  t.notOk(operations.isReady(), "without any worker nothing is served");
});

t.test(
  "a change of mode returns only when every worker has applied it, one line a server [M3]",
  async (t) => {
    const site = await startControl(t);
    site.report(0);
    site.report(1);
    const answer = site.plane.operations.setMode({
      origin: ORIGIN,
      target: server("Server02"),
      mode: "break",
    });
    t.ok(await isPending(answer));
    t.match(site.bus.sentOf("table-change"), [{ change: { from: 1, revision: 2 } }]);
    const entries = site.bus.sentOf("table-change")[0]?.change.changed[0]?.editions[0]?.instances;
    t.match(entries, [
      { server: "Server01", access: "open" },
      { server: "Server02", access: "closed" },
    ]);
    site.report(0, { revision: 2, load: [load("shop/1/Server02", { inFlight: 2 })] });
    t.ok(await isPending(answer), "one worker is not all");
    site.report(1, { revision: 2, load: [load("shop/1/Server02", { inFlight: 1 })] });
    t.strictSame(unwrap(await answer), [
      {
        server: "Server02",
        mode: "break",
        was: "normal",
        effectiveMode: "break",
        appliedRouters: 1,
        routers: 1,
        missing: [],
        inFlight: 3,
        revision: 2,
        note: null,
      },
    ]);
  },
);

t.test(
  "a worker that does not answer is named after five seconds, and the change is kept [M3]",
  async (t) => {
    const site = await startControl(t);
    site.report(0);
    site.report(1);
    const answer = site.plane.operations.setMode({
      origin: ORIGIN,
      target: server("Server01"),
      mode: "affinity",
    });
    t.ok(await isPending(answer));
    site.report(0, { revision: 2 });
    site.clock.advance(5000);
    const [result] = unwrap(await answer);
    t.match(result, { appliedRouters: 0, routers: 1, missing: [/worker 1 .* still decides by revision 1/] });
    t.match(site.plane.operations.servers()[0], { mode: "affinity" });
  },
);

t.test(
  "the mode of a node answers for each of its servers, and says where a server is stricter [M1]",
  async (t) => {
    const site = await startControl(t);
    const { operations } = site.plane;
    unwrap(await operations.setMode({ origin: ORIGIN, target: server("Server02"), mode: "stop" }));
    const node = { kind: "node", name: "node01" as NodeName } as const;
    t.match(unwrap(await operations.setMode({ origin: ORIGIN, target: node, mode: "affinity" })), [
      { server: "Server01", mode: "affinity", was: "normal", effectiveMode: "affinity", note: null },
      { server: "Server02", mode: "affinity", was: "normal", effectiveMode: "stop", note: /stays in stop/ },
    ]);
    t.match(operations.servers(), [
      { name: "Server01", mode: "normal", nodeMode: "affinity", effectiveMode: "affinity" },
      { name: "Server02", mode: "stop", nodeMode: "affinity", effectiveMode: "stop" },
    ]);
  },
);

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

t.test("a session is ended on every worker before the revision that says so [A4]", async (t) => {
  const site = await startControl(t);
  const fingerprint = "0123456789abcdef";
  const told = site.bus.sent.length;
  unwrap(
    await site.plane.operations.submit({
      kind: "end-session",
      origin: ORIGIN,
      application: "shop" as ApplicationId,
      fingerprint,
    }),
  );
  const kinds = site.bus.sent.slice(told).map(({ to, message }) => `${message.kind} to ${to}`);
  t.strictSame(
    kinds.filter((text) => !text.startsWith("sessions")),
    ["end-session to workers", "table-change to workers"],
  );
});

t.test(
  "a control that starts anew has the domain as it was, and adopts the workers that serve on [F1]",
  async (t) => {
    const first = await startControl(t);
    unwrap(
      await first.plane.operations.setMode({ origin: ORIGIN, target: server("Server01"), mode: "affinity" }),
    );
    const domain = first.plane.operations.domain();

    const second = await startControl(t, { journal: first.journal, dataDir: first.dataDir });
    t.strictSame(second.plane.operations.domain(), domain, "the file does not reset the mode");
    t.equal(second.bus.sentOf("report-now").length, 1);
    second.peers(0, 1);
    const change = second.plane.operations.setMode({
      origin: ORIGIN,
      target: server("Server02"),
      mode: "break",
    });
    t.ok(await isPending(change), "nobody has been heard yet");
    second.report(0, { revision: 3 });
    t.ok(await isPending(change), "a worker that has not been heard yet is waited for");
    second.report(1, { revision: 1 });
    t.ok(await isPending(change));
    t.match(
      second.bus.sentOf("table"),
      [{ table: { revision: 3 } }],
      "the one that lags gets the whole table",
    );
    second.report(1, { revision: 3 });
    t.match(unwrap(await change), [{ appliedRouters: 1, missing: [] }]);
  },
);

t.test("a worker that asks for the table gets it whole", async (t) => {
  const site = await startControl(t);
  site.bus.deliver({ kind: "table-please", from: "worker:1" });
  t.match(site.bus.sent.at(-1), { to: "worker:1", message: { kind: "table", table: { revision: 1 } } });
});

t.test("a reload applies what changed in the included file, and only that [C5]", async (t) => {
  const site = await startControl(t);
  await site.rewrite(SHOP_YAML);
  t.equal(site.plane.operations.domain().revision, 1, "nothing changed");
  await site.rewrite(SHOP_YAML.replace("127.0.0.1:9082", "127.0.0.1:9092"));
  t.match(site.plane.operations.servers()[1], { name: "Server02", address: "127.0.0.1:9092" });
  t.equal(site.plane.operations.domain().revision, 2);
});

t.test(
  "a mistake in the included file is logged line by line, and control serves on with what it had [C5]",
  async (t) => {
    const site = await startControl(t);
    await site.rewrite("servers:\n  - { name: Server01, nod: x }\nclsters: []\n");
    t.equal(site.plane.operations.domain().revision, 1);
    const errors = site.log.lines.filter(({ level }) => level === "error").map(({ message }) => message);
    t.match(errors[0], /stays as it is/);
    t.ok(
      errors.some((message) => /domain\.yaml:2:\d+: .*nod/.test(message)),
      errors.join("\n"),
    );
    t.ok(
      errors.some((message) => /domain\.yaml:3:\d+: .*clsters/.test(message)),
      errors.join("\n"),
    );
    await site.rewrite(SHOP_YAML);
  },
);

t.test(
  "control starts with a mistake in the included file, with an empty domain if need be [C5]",
  async (t) => {
    const site = await startControl(t, { yaml: "servers: 5\n" });
    t.equal(site.plane.operations.domain().revision, 0);
    site.report(0, { revision: 0 });
    site.report(1, { revision: 0 });
    t.ok(site.plane.operations.isReady());
  },
);

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

t.test(
  "explain says where a request would go and why, by the modes, marks and sessions of now [R6]",
  async (t) => {
    const site = await startControl(t);
    const { operations } = site.plane;
    const ask = (cookie: string, url = "http://www.example.com/shop/cart") =>
      unwrap(
        operations.explain({
          method: "GET",
          url,
          headers: cookie === "" ? [] : [["Cookie", cookie]],
          clientAddress: "127.0.0.1",
        }),
      );
    t.match(ask("JSESSIONID=abc:s2"), {
      virtualHost: "default_host",
      application: "shop",
      contextRoot: "/shop",
      affinity: "kept",
      edition: "1",
      server: "Server02",
      address: "127.0.0.1:9082",
      ownStatus: null,
      revision: 1,
    });
    t.match(ask("", "http://www.example.com/nowhere"), { application: null, ownStatus: 404 });

    unwrap(await operations.setMode({ origin: ORIGIN, target: server("Server02"), mode: "break" }));
    t.match(ask("JSESSIONID=abc:s2"), { affinity: "failed-over", server: "Server01", revision: 2 });
    t.ok(ask("JSESSIONID=abc:s2").steps.some((step) => /Server02.*mode/.test(step)));

    unwrap(await operations.setMode({ origin: ORIGIN, target: server("Server02"), mode: "normal" }));
    const key = "shop/1/Server01";
    site.report(0, { revision: 3 });
    site.bus.deliver({
      kind: "mark",
      from: "worker:0",
      key,
      state: "down",
      by: "traffic",
      cause: "connect refused",
    });
    t.match(ask("JSESSIONID=abc:s1"), { server: "Server02" });
    t.ok(ask("JSESSIONID=abc:s1").steps.some((step) => step.includes("connect refused")));
    site.bus.deliver({ kind: "mark", from: "worker:0", key, state: "up", by: "traffic", cause: "" });
    t.match(ask("JSESSIONID=abc:s1"), { server: "Server01", affinity: "kept" });
  },
);

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

t.test("a control that stops answers whoever still waits", async (t) => {
  const site = await startControl(t);
  site.report(0);
  const answer = site.plane.operations.setMode({ origin: ORIGIN, target: server("Server01"), mode: "break" });
  t.ok(await isPending(answer));
  await site.plane.close();
  await site.plane.close();
  t.match(unwrap(await answer), [{ appliedRouters: 0, missing: [/worker 0/] }]);
  const late = await site.plane.operations.setMode({
    origin: ORIGIN,
    target: server("Server01"),
    mode: "stop",
  });
  t.match(late, { ok: false, fault: { code: "JOURNAL_UNAVAILABLE" } });
  t.equal(site.clock.waiting, 0, "no alarm is left");
});
