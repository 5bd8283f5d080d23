// The preview listener over real sockets: a distributed edition is tried there, and a server in `break` before it comes back.

import t from "tap";
import type { ApplicationId, EditionLabel } from "../../src/domain/names.ts";
import { startPlane } from "../support/data-plane.ts";
import { always, RawClient, RawUpstream, respond } from "../support/raw.ts";
import { startShop, until } from "../support/shop-plane.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

async function bodyOf(t: Parameters<typeof RawClient.open>[0], port: number): Promise<string> {
  const client = await RawClient.open(t, port);
  client.send(GET);
  await client.ended();
  return client.text.slice(client.text.indexOf("\r\n\r\n") + 4);
}

t.test("a tester's request outlives the start of the edition that it tries [E1, E3]", async (t) => {
  let answerSlow: () => void = () => undefined;
  const old = await RawUpstream.open(t, always(respond("old")));
  const fresh = await RawUpstream.open(t, (arrival) => {
    if (!arrival.head.includes("/slow")) return arrival.answer(respond("new"));
    answerSlow = () => arrival.answer(respond("slow new"));
  });
  const running = await startPlane(t, {
    domain: `
servers:
  - { name: Server01, node: n, address: "${old.address}" }
  - { name: Server02, node: n, address: "${fresh.address}" }
applications:
  - id: shop
    contextRoots: [/]
    affinity: { style: none }
    editions:
      - { label: "1", targets: [{ server: Server01 }] }
      - { label: "2", targets: [{ server: Server02 }] }
`,
  });
  t.equal(await bodyOf(t, running.port), "old");
  t.equal(await bodyOf(t, running.previewPort), "new");
  const tester = await RawClient.open(t, running.previewPort);
  tester.send(GET.replace("/ ", "/slow "));
  const state = running.router.states.stateOf("shop/2/Server02");
  await until(() => state.inFlight === 1 && fresh.arrivals > 1);
  running.submit({
    kind: "start-edition",
    origin: { actor: "test" },
    application: "shop" as ApplicationId,
    label: "2" as EditionLabel,
    until: "drained",
  });
  t.equal(await bodyOf(t, running.port), "new", "users have it at once");
  answerSlow();
  await tester.ended();
  t.match(tester.text, /slow new$/);
  t.equal(state.inFlight, 0, "counted to the end");
});

t.test("a server in break answers on the preview listener only [E3, M1]", async (t) => {
  const one = await RawUpstream.open(t, always(respond("one")));
  const two = await RawUpstream.open(t, always(respond("two")));
  const running = await startShop(t, { addresses: [one.address, two.address] });
  running.setMode("Server02", "break");
  for (let turn = 0; turn < 3; turn += 1) {
    t.equal(await bodyOf(t, running.port), "one");
    t.equal(await bodyOf(t, running.previewPort), "two");
  }
  running.setMode("Server02", "normal");
  const seen = new Set([await bodyOf(t, running.previewPort), await bodyOf(t, running.previewPort)]);
  t.same([...seen].sort(), ["one", "two"], "nothing is hidden any more");
});
