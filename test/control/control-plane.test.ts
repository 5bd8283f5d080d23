import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import type { ApplicationId, NodeName, ServerName } from "../../src/domain/names.ts";
import { SHOP_YAML, startControl } from "../support/control-site.ts";
import { isPending } from "../support/pending.ts";
import { load } from "../support/reports.ts";

const ORIGIN = { actor: "operator" };

function server(name: string) {
  return { kind: "server", name: name as ServerName } as const;
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
        plannedFrom: null,
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

t.test("what an operator changes stands in the log, with who and why", async (t) => {
  const site = await startControl(t);
  const origin = { actor: "anna", reason: "JDK update" };
  const target = { kind: "server", name: "Server02" as ServerName } as const;
  await site.plane.operations.setMode({ origin, target, mode: "affinity" });
  t.ok(
    site.log.lines.some(
      ({ level, message }) =>
        level === "info" && message === 'Server02: mode affinity (was normal), because "JDK update"',
    ),
  );
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
