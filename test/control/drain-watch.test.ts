import type { Test } from "tap";
import t from "tap";
import { SILENT_LOG } from "../../src/base/log.ts";
import { unwrap } from "../../src/base/result.ts";
import type { EpochMs } from "../../src/base/units.ts";
import { workerAddress } from "../../src/base/worker-address.ts";
import { GRACE_MS } from "../../src/domain/lifecycle.ts";
import type { ApplicationId, EditionLabel } from "../../src/domain/names.ts";
import { InstanceStates } from "../../src/routing/instance-states.ts";
import type { InstanceLoad } from "../../src/routing/report.ts";
import { SessionReplicator } from "../../src/sessions/replication.ts";
import { SessionTable } from "../../src/sessions/session-table.ts";
import { type ControlSite, type SiteOptions, startControl } from "../support/control-site.ts";
import { isPending, turns } from "../support/pending.ts";
import { load } from "../support/reports.ts";

const SHOP = "shop" as ApplicationId;
const ORIGIN = { actor: "anna" };
const KEY = "shop/1/Server01";
const TWO_EDITIONS = `
servers:
  - { name: Server01, node: node01, address: "127.0.0.1:9081", route: s1 }
  - { name: Server02, node: node01, address: "127.0.0.1:9082", route: s2 }
applications:
  - id: shop
    contextRoots: [/shop]
    affinity: { style: suffix, cookie: JSESSIONID, separator: ":" }
    editions:
      - { label: "1", targets: [{ server: Server01 }], state: running }
      - { label: "2", targets: [{ server: Server02 }] }
`;

/** What a worker says. */
interface Said {
  readonly load?: readonly InstanceLoad[];
  readonly sessions?: number;
  readonly revision?: number;
}

/** A control with two workers, where edition 2 was started and edition 1 retires since revision 2. */
async function retiring(t: Test, until: number | "drained" = "drained", options: SiteOptions = {}) {
  const site = await startControl(t, { yaml: TWO_EDITIONS, ...options });
  site.peers(0, 1);
  for (const slot of [0, 1]) site.report(slot);
  const started = site.plane.operations.submit({
    kind: "start-edition",
    origin: ORIGIN,
    application: SHOP,
    until: until as EpochMs,
  });
  await turns();
  return { site, started };
}

function say(site: ControlSite, slot: number, { sessions = 0, revision = 2, ...said }: Said = {}): void {
  const leaving = [{ application: "shop", edition: "1", sessions }];
  const asked = site.bus.sentOf("report-now").at(-1)?.asked ?? 0;
  site.report(slot, { revision, asked, leaving, ...said });
}

/** Both workers have nothing left, and say so again when they are asked. */
async function sayNothingIsLeft(site: ControlSite): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    for (const slot of [0, 1]) say(site, slot);
    await look(site);
  }
}

async function look(site: ControlSite): Promise<void> {
  site.clock.advance(20);
  await turns();
}

function stateOf(site: ControlSite, label = "1"): string | undefined {
  const application = site.plane.operations.domain().applications.get(SHOP);
  return application?.editions.find((edition) => edition.label === label)?.lifecycle.state;
}

t.test(
  "a retiring edition is undeployed once every worker has nothing left of it, twice [E2, E6]",
  async (t) => {
    const { site } = await retiring(t);
    const asked = site.bus.sentOf("report-now").length;
    say(site, 0, { load: [load(KEY, { inFlight: 1 })] });
    say(site, 1);
    await look(site);
    t.equal(stateOf(site), "retiring");
    t.equal(site.bus.sentOf("report-now").length, asked, "nobody is asked while something is left");
    say(site, 0);
    await look(site);
    t.equal(site.bus.sentOf("report-now").length, asked + 1);
    t.equal(stateOf(site), "retiring", "it was not confirmed yet");
    say(site, 0);
    await look(site);
    t.equal(stateOf(site), "retiring", "one worker has not looked again");
    say(site, 1);
    await look(site);
    t.equal(stateOf(site), "undeployed");
    t.match(site.journal.entries.at(-1), {
      command: { kind: "finish-edition", origin: { actor: "drain" }, since: 2, cause: "drained" },
      events: [{ message: 'shop: edition "1" undeployed (was retiring), drained' }],
    });
  },
);

t.test("what comes up between the two looks begins the wait anew [E6]", async (t) => {
  const { site } = await retiring(t);
  for (const slot of [0, 1]) say(site, slot);
  await look(site);
  say(site, 0);
  say(site, 1, { load: [load(KEY, { inFlight: 1 })] });
  await look(site);
  say(site, 1);
  await look(site);
  t.equal(stateOf(site), "retiring", "all is quiet, but worker 0 looked before the request was over");
  await sayNothingIsLeft(site);
  t.equal(stateOf(site), "undeployed");
});

t.test("a worker that has not applied the retirement keeps the edition, until it dies [E6]", async (t) => {
  const { site } = await retiring(t);
  say(site, 0);
  say(site, 1, { revision: 1 });
  await look(site);
  site.clock.advance(60_000);
  await turns();
  t.equal(stateOf(site), "retiring");
  site.peers(0);
  await look(site);
  say(site, 0);
  await look(site);
  t.equal(stateOf(site), "undeployed");
});

t.test("while no worker lives nothing is drained; its successor is waited for [E6]", async (t) => {
  const { site } = await retiring(t);
  site.peers();
  site.clock.advance(60_000);
  await turns();
  t.equal(stateOf(site), "retiring");
  site.peers(2);
  await look(site);
  t.equal(stateOf(site), "retiring");
  for (let round = 0; round < 2; round += 1) {
    say(site, 2);
    await look(site);
  }
  t.equal(stateOf(site), "undeployed");
});

t.test("a worker that starts after the question is asked too [E6]", async (t) => {
  const { site } = await retiring(t);
  for (const slot of [0, 1]) say(site, slot);
  await look(site);
  const leaving = [{ application: "shop", edition: "1", sessions: 0 }];
  site.peers(0, 2);
  site.report(2, { revision: 2, leaving });
  say(site, 0);
  await look(site);
  t.equal(stateOf(site), "retiring", "it has not been asked");
  site.clock.advance(500);
  await turns();
  say(site, 2);
  await look(site);
  t.equal(stateOf(site), "undeployed");
});

t.test("the sessions of a dead worker count on, until they have ended [E6]", async (t) => {
  const { site } = await retiring(t);
  const states = new InstanceStates();
  const epochSeconds = (): number => Math.floor(site.clock.epochMs() / 1000);
  const table = new SessionTable({ sessionsMax: 100, epochSeconds, slots: states });
  const self = workerAddress({ slot: 1, pid: 101 });
  const replicator = new SessionReplicator({
    self,
    table,
    slots: states,
    send: (_to, message) => site.bus.deliver(message),
    clock: site.clock,
    log: SILENT_LOG,
  });
  t.teardown(() => replicator.close());
  table.bind(1, 2, states.slotOf(KEY), epochSeconds());
  site.clock.advance(1000);
  replicator.close();
  site.peers(0);
  say(site, 0);
  await look(site);
  t.equal(stateOf(site), "retiring");
  t.match(await left(site), { sessions: 1 });
  site.clock.advance(1_800_000);
  await turns();
  say(site, 0);
  await look(site);
  say(site, 0);
  await look(site);
  t.equal(stateOf(site), "undeployed");
});

t.test(
  "an edition whose time is over only finishes, and is gone when that time is over too [E2]",
  async (t) => {
    const { site } = await retiring(t, 1_060_000);
    say(site, 0, { sessions: 1, load: [load(KEY, { inFlight: 1 })] });
    say(site, 1, { sessions: 1 });
    site.clock.advance(59_999);
    await turns();
    t.equal(stateOf(site), "retiring");
    site.clock.advance(1);
    await turns();
    t.equal(stateOf(site), "stopping");
    t.match(site.journal.entries.at(-1)?.events, [
      { message: /stopping \(was retiring\).*, its time is over/ },
    ]);
    await look(site);
    site.clock.advance(GRACE_MS);
    await turns();
    t.equal(stateOf(site), "undeployed");
  },
);

t.test("an edition that stops is gone with its last request; its sessions do not keep it [E2]", async (t) => {
  const { site } = await retiring(t, 1_060_000);
  site.clock.advance(60_000);
  await turns();
  t.equal(stateOf(site), "stopping");
  say(site, 0, { revision: 3, sessions: 1 });
  say(site, 1, { revision: 3, sessions: 1, load: [load(KEY, { inFlight: 1, webSockets: 1 })] });
  await look(site);
  t.equal(stateOf(site), "stopping");
  say(site, 1, { revision: 3, sessions: 1 });
  await look(site);
  t.equal(stateOf(site), "undeployed");
});

t.test("an edition that a rollback opens again is watched no longer [E9]", async (t) => {
  const { site } = await retiring(t);
  for (const slot of [0, 1]) say(site, slot);
  await look(site);
  void site.plane.operations.submit({
    kind: "start-edition",
    origin: ORIGIN,
    application: SHOP,
    label: "1" as EditionLabel,
    until: "drained",
  });
  await turns();
  await sayNothingIsLeft(site);
  t.equal(stateOf(site), "running");
  t.equal(stateOf(site, "2"), "retiring");
});

t.test("what a full disk refuses is submitted again, after another look [F2, E6]", async (t) => {
  const { site } = await retiring(t);
  site.journal.failsFrom = { revision: 3, code: "JOURNAL_FULL" };
  await sayNothingIsLeft(site);
  t.equal(stateOf(site), "retiring");
  t.match(site.log.lines.at(-1), { level: "warn", message: /edition "1" of "shop"/ });
  site.journal.failsFrom = undefined;
  site.clock.advance(4900);
  await turns();
  t.equal(stateOf(site), "retiring");
  site.clock.advance(200);
  await sayNothingIsLeft(site);
  t.equal(stateOf(site), "undeployed");
});

t.test("a control that starts anew goes on with the drain [F2, E6]", async (t) => {
  const { site } = await retiring(t);
  const next = await startControl(t, { yaml: TWO_EDITIONS, journal: site.journal, dataDir: site.dataDir });
  next.peers(0, 1);
  t.equal(stateOf(next), "retiring");
  await look(next);
  t.equal(stateOf(next), "retiring");
  await sayNothingIsLeft(next);
  t.equal(stateOf(next), "undeployed");
});

async function left(site: ControlSite) {
  const asked = { application: "shop", edition: "1", waitMs: 0 };
  return unwrap(await site.plane.operations.drained(asked)).left;
}

t.test(
  "who asks for the end of a drain is answered when no worker has anything of it any more [E7]",
  async (t) => {
    const { site } = await retiring(t);
    const question = { application: "shop", edition: "1", waitMs: 30_000 };
    const answer = site.plane.operations.drained(question);
    await sayNothingIsLeft(site);
    t.equal(stateOf(site), "undeployed");
    site.report(0, { revision: 3 });
    await look(site);
    t.ok(await isPending(answer), "worker 1 may still send it a request");
    site.report(1, { revision: 3, load: [load(KEY, { inFlight: 1 })] });
    await look(site);
    t.ok(await isPending(answer), "and has sent it one in the last moment");
    site.report(1, { revision: 3 });
    await look(site);
    t.strictSame(unwrap(await answer), {
      application: "shop",
      edition: "1",
      state: "undeployed",
      drained: true,
      until: null,
      left: { requests: 0, sessions: 0, webSockets: 0, streams: 0, tunnels: 0 },
    });
  },
);

t.test("who asks for the end of a drain is told what is left when the wait is over [E7]", async (t) => {
  const { site } = await retiring(t, 2_000_000);
  say(site, 0, { sessions: 2, load: [load(KEY, { inFlight: 3, webSockets: 1, streams: 1 })] });
  const question = { application: "shop", edition: "1", waitMs: 30_000 };
  const answer = site.plane.operations.drained(question);
  site.clock.advance(29_999);
  t.ok(await isPending(answer));
  site.clock.advance(1);
  t.match(unwrap(await answer), {
    state: "retiring",
    drained: false,
    until: 2_000_000,
    left: { requests: 1, sessions: 2, webSockets: 1, streams: 1, tunnels: 0 },
  });
  const unknown = await site.plane.operations.drained({ ...question, edition: "7" });
  t.match(unknown, { ok: false, fault: { code: "EDITION_UNKNOWN" } });
});

t.test("who waits for the end of a drain is answered when control ends [E7]", async (t) => {
  const { site } = await retiring(t);
  const answer = site.plane.operations.drained({ application: "shop", edition: "1", waitMs: 30_000 });
  t.ok(await isPending(answer));
  await site.plane.close();
  t.match(unwrap(await answer), { drained: false });
});
