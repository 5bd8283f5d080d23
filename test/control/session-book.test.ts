import type { Test } from "tap";
import t from "tap";
import { SILENT_LOG } from "../../src/base/log.ts";
import { unwrap } from "../../src/base/result.ts";
import { workerAddress } from "../../src/base/worker-address.ts";
import type { ApplicationId } from "../../src/domain/names.ts";
import { InstanceStates } from "../../src/routing/instance-states.ts";
import { SessionReplicator } from "../../src/sessions/replication.ts";
import { SessionTable } from "../../src/sessions/session-table.ts";
import type { ControlSite } from "../support/control-site.ts";
import { startControl } from "../support/control-site.ts";

const [ONE, TWO] = ["shop/1/Server01", "shop/1/Server02"] as const;

/** A worker's sessions, connected with a control's bus. */
function aWorker(t: Test, site: ControlSite, slot = 0) {
  const { clock } = site;
  const self = workerAddress({ slot, pid: 100 + slot });
  const states = new InstanceStates();
  const epochSeconds = (): number => Math.floor(clock.epochMs() / 1000);
  const table = new SessionTable({ sessionsMax: 1000, epochSeconds, slots: states });
  const replicator = new SessionReplicator({
    self,
    table,
    slots: states,
    send: (_to, message) => site.bus.deliver(message),
    clock,
    log: SILENT_LOG,
  });
  t.teardown(() => replicator.close());
  let read = 0;
  return {
    table,
    /** The session with this number is on an instance; seen now. */
    bind(number: number, key: string): void {
      table.bind(number * 0x01000000, number, states.slotOf(key), epochSeconds());
    },
    /** Takes what control has sent to it, and lets its own go out. */
    talk(): void {
      clock.advance(2000);
      for (; read < site.bus.sent.length; read += 1) {
        const sent = site.bus.sent[read];
        if (sent === undefined || !["all", "workers", self].includes(sent.to)) continue;
        const { message } = sent;
        if (message.kind === "sessions" || message.kind === "end-session") replicator.receive(message);
      }
    },
  };
}

function list(site: ControlSite, more: { readonly server?: string; readonly limit?: number } = {}) {
  return unwrap(site.plane.operations.sessions({ application: "shop", limit: 100, ...more }));
}

t.test("the sessions that the workers know are counted and listed, those seen last first [E7]", async (t) => {
  const site = await startControl(t);
  const worker = aWorker(t, site);
  worker.bind(1, ONE);
  worker.bind(2, TWO);
  worker.talk();
  worker.bind(3, TWO);
  worker.talk();
  t.match(site.plane.operations.servers(), [{ sessions: 1 }, { sessions: 2 }]);
  const { total, sessions } = list(site);
  t.equal(total, 3);
  t.match(sessions[0], {
    fingerprint: "0300000000000003",
    application: "shop",
    edition: "1",
    server: "Server02",
    requests: 1,
  });
  const [first] = sessions;
  t.equal((first?.expiresAt ?? 0) - (first?.lastSeenAt ?? 0), 1_800_000, "the idle time of the application");
  t.match(list(site, { server: "Server01" }), { total: 1, sessions: [{ server: "Server01" }] });
  t.equal(list(site, { limit: 2 }).sessions.length, 2);
  t.equal(list(site, { limit: 2 }).total, 3);
});

t.test("sessions of an application or edition that is not there are refused", async (t) => {
  const { plane } = await startControl(t);
  const ask = (application: string, edition?: string) =>
    plane.operations.sessions({ application, limit: 1, ...(edition === undefined ? {} : { edition }) });
  t.match(ask("bank"), { ok: false, fault: { code: "APPLICATION_UNKNOWN" } });
  t.match(ask("shop", "9"), { ok: false, fault: { code: "EDITION_UNKNOWN" } });
  t.match(ask("shop", "1"), { ok: true, value: { total: 0, sessions: [] } });
});

t.test("a session that an operator ends is gone in control and on the workers [A4]", async (t) => {
  const site = await startControl(t);
  const worker = aWorker(t, site);
  worker.bind(1, ONE);
  worker.bind(2, ONE);
  worker.talk();
  const [first] = list(site).sessions;
  unwrap(
    await site.plane.operations.submit({
      kind: "end-session",
      origin: { actor: "operator" },
      application: "shop" as ApplicationId,
      fingerprint: first?.fingerprint ?? "",
    }),
  );
  t.equal(list(site).total, 1);
  worker.talk();
  t.equal(worker.table.size, 1);
  worker.talk();
  t.equal(list(site).total, 1, "nothing that was on its way brings it back");
});

t.test("control ends by itself the sessions whose time is over", async (t) => {
  const site = await startControl(t);
  const worker = aWorker(t, site);
  worker.bind(1, ONE);
  worker.talk();
  t.equal(list(site).total, 1);
  for (let minute = 0; minute < 32; minute += 1) site.clock.advance(60_000);
  t.strictSame(list(site), { total: 0, sessions: [] });
});

t.test("a control that starts anew learns the sessions from the workers [F1]", async (t) => {
  const first = await startControl(t);
  const before = aWorker(t, first);
  before.bind(1, ONE);
  before.talk();
  const second = await startControl(t, { journal: first.journal, dataDir: first.dataDir });
  const worker = aWorker(t, second);
  worker.bind(1, ONE);
  worker.bind(2, TWO);
  t.equal(list(second).total, 0);
  worker.talk();
  t.equal(list(second).total, 2);
});
