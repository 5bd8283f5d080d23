// Before an edition is opened its servers answer for it: real listeners, a real control plane.

import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { unwrap } from "../../src/base/result.ts";
import { VERIFY_MS } from "../../src/control/verify-edition.ts";
import type { ApplicationId, EditionLabel, ServerName } from "../../src/domain/names.ts";
import { type ControlSite, startControl } from "../support/control-site.ts";
import { deafListener } from "../support/deaf-listener.ts";

const application = "shop" as ApplicationId;
const WISH = { origin: { actor: "operator" }, application, isForced: false };

async function listening(t: Test, server: net.Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address that nobody listens on. */
async function nobody(): Promise<string> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `127.0.0.1:${port}`;
}

/** "shop" with edition 1 running, and edition 2 distributed at two addresses; `probe` is of both servers. */
async function startShop(
  t: Test,
  addresses: readonly [string, string],
  probe = "",
): Promise<ControlSite & { readonly states: () => string }> {
  const [one, two] = addresses;
  const site = await startControl(t, {
    yaml: `
servers:
  - { name: Server01, node: node01, address: "127.0.0.1:9081", route: s1 ${probe} }
  - { name: Server02, node: node02, address: "127.0.0.1:9082", route: s2 ${probe} }
applications:
  - id: shop
    contextRoots: [/shop]
    affinity: { style: insert }
    editions:
      - { label: "1", targets: [{ server: Server01 }, { server: Server02 }] }
      - { label: "2", targets: [{ server: Server01, address: "${one}" }, { server: Server02, address: "${two}" }] }
`,
  });
  const states = (): string =>
    unwrap(site.plane.operations.application("shop"))
      .editions.map(({ label, state }) => `${label}:${state}`)
      .join(" ");
  return { ...site, states };
}

t.test("an edition is started when each of its servers accepts a connection [D2, E1]", async (t) => {
  const accepts = (): net.Server => net.createServer((socket) => socket.destroy());
  const [one, two] = [await listening(t, accepts()), await listening(t, accepts())];
  const site = await startShop(t, [one, two]);
  const started = unwrap(await site.plane.operations.startEdition({ ...WISH, drainMs: 60_000 }));
  t.match(started, { revision: 2, events: [{ kind: "edition.retiring" }, { kind: "edition.running" }] });
  t.match(unwrap(site.plane.operations.application("shop")).editions, [
    { label: "1", state: "retiring", until: site.clock.epochMs() + 60_000 },
    { label: "2", state: "running", until: null },
  ]);
});

t.test("one that nobody listens for is named with its address, and nothing changes [D2]", async (t) => {
  const [one, two] = [await listening(t, net.createServer()), await nobody()];
  const site = await startShop(t, [one, two]);
  const refused = await site.plane.operations.startEdition(WISH);
  t.match(refused, {
    fault: { code: "EDITION_NOT_READY", message: `not ready on "Server02" at ${two}: connection refused` },
  });
  t.equal(site.states(), "1:running 2:distributed");
  t.ok((await site.plane.operations.startEdition({ ...WISH, isForced: true })).ok, "unless forced");
  t.equal(site.states(), "1:retiring 2:running");
});

t.test("a server with a probe has to pass it, at the edition's own address [D2]", async (t) => {
  let status = 503;
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(String(request.url));
    response.writeHead(status).end();
  });
  const address = await listening(t, server);
  const unix = await listening(
    t,
    http.createServer((_request, response) => response.end()),
  );
  const site = await startShop(t, [address, unix], ", probe: { type: http, path: /ready }");
  t.match(await site.plane.operations.startEdition(WISH), {
    fault: { message: `not ready on "Server01" at ${address}: status 503` },
  });
  status = 200;
  t.ok((await site.plane.operations.startEdition(WISH)).ok);
  t.strictSame([...new Set(asked)], ["/ready"]);
  t.equal(site.states(), "1:retiring 2:running");
});

t.test("servers in break are not asked, since no request goes there [D2, M1]", async (t) => {
  const [one, two] = [await listening(t, net.createServer()), await nobody()];
  const site = await startShop(t, [one, two]);
  const { operations } = site.plane;
  const target = { kind: "server", name: "Server02" as ServerName } as const;
  unwrap(await operations.setMode({ origin: WISH.origin, target, mode: "affinity" }));
  t.match(await operations.startEdition(WISH), { fault: { code: "EDITION_NOT_READY" } });
  unwrap(await operations.setMode({ origin: WISH.origin, target, mode: "break" }));
  t.ok((await operations.startEdition(WISH)).ok);
});

t.test("one that is silent is not ready when the time for all is over [D2]", async (t) => {
  const deaf = await deafListener(t);
  const site = await startShop(t, [deaf, deaf]);
  const waiting = site.clock.waiting;
  const starting = site.plane.operations.startEdition(WISH);
  t.equal(site.clock.waiting, waiting + 2, "both are being asked");
  site.clock.advance(VERIFY_MS);
  const details = [/^"Server01" at .*: no answer within 5000 ms$/, /^"Server02" at /];
  t.match(await starting, { fault: { message: /not ready on 2 of its servers$/, details } });
});

t.test("a redeploy distributes, and what is refused afterwards leaves that [D2, E1]", async (t) => {
  const here = await listening(t, net.createServer());
  const site = await startShop(t, [here, here.replace("127.0.0.1", "localhost")]);
  const { operations } = site.plane;
  const label = "3" as EditionLabel;
  const place = { kind: "server", server: "Server01" as ServerName } as const;
  const refused = await operations.redeployEdition({
    ...WISH,
    label,
    targets: [{ ...place, address: await nobody() }],
  });
  t.match(refused, { fault: { code: "EDITION_NOT_READY", message: /it is distributed now, and stays so$/ } });
  t.equal(site.states(), "1:running 2:distributed 3:distributed");
  const moved = [{ ...place, address: here }];
  t.ok((await operations.redeployEdition({ ...WISH, label: "2" as EditionLabel, targets: moved })).ok);
  t.equal(site.states(), "1:retiring 3:distributed 2:running", "elsewhere, and so the newest");
});
