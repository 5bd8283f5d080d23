import t from "tap";
import { LeavingEditions } from "../../src/proxy/leaving-editions.ts";
import { InstanceStates } from "../../src/routing/instance-states.ts";
import type { ApplicationEntry, EditionEntry } from "../../src/routing/table.ts";

/** "shop" with editions in these states. */
function applications(states: Readonly<Record<string, EditionEntry["state"]>>) {
  const editions = Object.entries(states).map(([label, state]) => ({ label, state, instances: [] }));
  return [{ entry: { id: "shop", editions } as unknown as ApplicationEntry }]; // it looks at nothing else
}

function start() {
  const states = new InstanceStates();
  const sessions: number[] = [];
  const old = states.stateOf("shop/1/Server01");
  const leaving = new LeavingEditions({
    statesOf: (application, edition) => states.ofEdition(application, edition),
    sessionsOf: (slot) => sessions[slot] ?? 0,
  });
  leaving.install(applications({ "1": "retiring", "2": "running" }));
  return { leaving, old, sessions, states };
}

t.test("a worker counts the sessions of the editions that leave, on all their servers [E6]", (t) => {
  const { leaving, old, sessions, states } = start();
  sessions[old.slot] = 2;
  sessions[states.stateOf("shop/1/Server02@/run/shop.sock").slot] = 3;
  sessions[states.stateOf("shop/2/Server01").slot] = 5;
  t.strictSame(leaving.told(), [{ application: "shop", edition: "1", sessions: 5 }]);
  leaving.install(applications({ "1": "undeployed" as "stopping", "2": "running" }));
  t.notOk(leaving.isWatching, "without work of it there is nothing to look at");
  t.end();
});

t.test("the end of the last request, and of the last session, is news; what was told is not [E6]", (t) => {
  const { leaving, old, sessions } = start();
  old.inFlight = 1;
  sessions[old.slot] = 1;
  leaving.told();
  t.notOk(leaving.hasNews());
  old.inFlight = 0;
  t.ok(leaving.hasNews());
  leaving.told();
  t.notOk(leaving.hasNews());
  sessions[old.slot] = 0;
  t.ok(leaving.hasNews());
  leaving.told();
  t.notOk(leaving.hasNews());
  old.queued = 1;
  t.notOk(leaving.hasNews(), "work that comes can wait for the next report");
  leaving.told();
  old.queued = 0;
  t.ok(leaving.hasNews());
  t.end();
});

t.test("a request that an edition still has when it is gone is watched to its end [E7]", (t) => {
  const { leaving, old } = start();
  old.inFlight = 1;
  leaving.install(applications({ "2": "running" }));
  t.ok(leaving.isWatching);
  t.strictSame(leaving.told(), [], "it leaves no longer");
  t.notOk(leaving.hasNews());
  old.inFlight = 0;
  t.ok(leaving.hasNews());
  leaving.told();
  t.notOk(leaving.isWatching);
  t.end();
});
