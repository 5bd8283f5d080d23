import t from "tap";
import { startAdminSite } from "../support/admin-site.ts";

const NOTHING = { requests: 0, sessions: 0, webSockets: 0, streams: 0, tunnels: 0 };
const PATH = "/v1/applications/shop/editions/1/drained";

t.test("what is left of an edition is told at once, or when the wait for its end is over [E7]", async (t) => {
  const site = await startAdminSite(t);
  site.operations.left = [{ ...NOTHING, requests: 1, sessions: 12, webSockets: 3 }];
  const asked = await site.call(PATH);
  t.equal(asked.status, 200);
  t.strictSame(asked.body, {
    application: "shop",
    edition: "1",
    state: "running",
    drained: false,
    until: null,
    left: { requests: 1, sessions: 12, webSockets: 3, streams: 0, tunnels: 0 },
  });
  t.match((await site.call(`${PATH}?waitSeconds=2.5`)).body, { drained: true, left: NOTHING });
  t.same(site.operations.drainWaits, [0, 2500]);
});

t.test("a wait has a limit, and unknown editions are refused [E7, F4]", async (t) => {
  const site = await startAdminSite(t);
  t.match(await site.call(`${PATH}?waitSeconds=601`), { status: 400, body: { code: "BAD_REQUEST" } });
  t.match(await site.call(`${PATH}?waitSeconds=-1`), { status: 400, body: { code: "BAD_REQUEST" } });
  t.match(await site.call(PATH.replace("/1/", "/9/")), { status: 404, body: { code: "EDITION_UNKNOWN" } });
  t.match(await site.call(PATH.replace("shop", "shp")), {
    status: 404,
    body: { code: "APPLICATION_UNKNOWN", hint: /"shop"/ },
  });
  t.same(site.operations.drainWaits, []);
});
