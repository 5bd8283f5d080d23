// The preview listener: what users cannot see yet, for those who try it, and for nobody else.

import t from "tap";
import type { CompiledInstance } from "../../src/routing/compiled.ts";
import { FORWARD, UNAVAILABLE } from "../../src/routing/decision.ts";
import type { EditionEntry } from "../../src/routing/table.ts";
import { application, edition, instance, request, rig, table } from "./support.ts";

const PREVIEW = { isPreview: true };

function editions(second: EditionEntry["state"], first: EditionEntry["state"] = "running") {
  const old = edition("1", [instance("a")], first);
  const fresh = edition("2", [{ ...instance("b"), key: "shop/2/b" }], second);
  return application([], { editions: [old, fresh] });
}

function cookie(route: string): string {
  return `Cookie: JSESSIONID=abc:${route}`;
}

t.test("a distributed edition is seen on the preview listener, and nowhere else [E3]", async (t) => {
  const { serverFor } = rig(table([editions("distributed")]));
  t.equal(serverFor(request("/shop"), PREVIEW), "b");
  t.equal(serverFor(request("/shop")), "a");
  t.equal(serverFor(request("/shop", [cookie("b")]), PREVIEW), "b", "testers have sessions there");
  t.equal(serverFor(request("/shop", [cookie("b")])), "a", "a tester's session opens nothing for users");
  t.equal(serverFor(request("/shop", [cookie("a")]), PREVIEW), "b", "a user's session is none there");
});

t.test("when nothing is hidden the preview listener shows what users see [E3]", async (t) => {
  const { serverFor } = rig(table([editions("running", "retiring")]));
  t.equal(serverFor(request("/shop"), PREVIEW), "b");
  t.equal(serverFor(request("/shop", [cookie("a")]), PREVIEW), "a");
});

t.test("a mode does not hide a distributed edition from testers [E3]", async (t) => {
  const fresh = edition("2", [{ ...instance("b", { access: "closed" }), key: "shop/2/b" }], "distributed");
  const both = application([], { editions: [edition("1", [instance("a")]), fresh] });
  t.equal(rig(table([both])).serverFor(request("/shop"), PREVIEW), "b");
});

t.test("servers in break are tried on the preview listener before users come back [E3, M1]", async (t) => {
  const one = application([instance("a"), instance("b", { access: "closed" })]);
  const { serverFor } = rig(table([one]));
  for (let turn = 0; turn < 4; turn += 1) {
    t.equal(serverFor(request("/shop"), PREVIEW), "b");
    t.equal(serverFor(request("/shop")), "a");
  }
  t.equal(serverFor(request("/shop", [cookie("b")])), "a", "users fail over as before");
});

t.test(
  "a start takes the preview's state over: its counts, and its testers' sessions [E1, E3]",
  async (t) => {
    const { router, decide, serverFor } = rig(table([editions("distributed")]));
    const held = decide(request("/shop"), PREVIEW);
    t.equal(held.outcome, FORWARD);
    const state = router.states.stateOf("shop/2/b");
    t.equal(state.inFlight, 1);
    router.setTable(table([editions("running", "retiring")], undefined, 2));
    t.equal(state.routed?.application.isPreview, false);
    t.equal(serverFor(request("/shop")), "b");
    t.equal(serverFor(request("/shop", [cookie("a")])), "a");
    t.equal(state.inFlight, 1, "the tester's own");
    if (held.instance !== null) router.release(held.instance);
    t.equal(state.inFlight, 0);
    router.setTable(table([editions("distributed")], undefined, 3));
    t.equal(state.routed?.application.isPreview, true, "and back");
    t.equal(serverFor(request("/shop")), "a");
  },
);

t.test("a request of a tester that must choose again stays in the preview [E3]", async (t) => {
  const { router, decide } = rig(table([editions("distributed")]));
  const decision = decide(request("/shop"), PREVIEW);
  const failed = decision.instance as CompiledInstance;
  router.release(failed);
  router.decideAgain(decision, [failed]);
  t.equal(decision.outcome, UNAVAILABLE, "it never falls over to what users see");
  t.equal(router.states.stateOf("shop/1/a").inFlight, 0);
});

t.test("an application that leaves the table leaves no preview behind [E3]", async (t) => {
  const { router, serverFor } = rig(table([editions("distributed")]));
  router.setTable(table([], undefined, 2));
  t.equal(router.states.stateOf("shop/2/b").routed, null);
  t.equal(router.states.stateOf("shop/1/a").routed, null);
  t.type(serverFor(request("/shop"), PREVIEW), "number");
});
