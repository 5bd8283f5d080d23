import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import type { ApplicationView } from "../../src/control/operations.ts";
import type { EditionChoice } from "../../src/domain/lifecycle.ts";
import type { ApplicationId, EditionLabel } from "../../src/domain/names.ts";
import { type ControlSite, startControl } from "../support/control-site.ts";

const application = "shop" as ApplicationId;
const origin = { actor: "operator" };

const YAML = `
servers: [{ name: Server01, node: node01, address: "127.0.0.1:9081" }]
applications:
  - id: shop
    contextRoots: [/shop]
    affinity: { style: insert }
    editions: [{ label: "1", targets: [{ server: Server01 }], state: distributed }]
`;

function view(site: ControlSite): ApplicationView {
  return unwrap(site.plane.operations.application("shop"));
}

async function undeploy(site: ControlSite, choice: EditionChoice, drainMs?: number): Promise<void> {
  const drain = drainMs === undefined ? {} : { drainMs };
  const command = { kind: "undeploy-edition", origin, application, choice, ...drain } as const;
  unwrap(await site.plane.operations.submit({ ...command, isForced: false }));
}

t.test("an application is shown in every state of its life [D4]", async (t) => {
  const site = await startControl(t, { yaml: YAML });
  const { operations } = site.plane;
  t.equal(view(site).state, "DISTRIBUTED");
  unwrap(await operations.startEdition({ origin, application, isForced: true }));
  t.equal(view(site).state, "RUNNING");
  await undeploy(site, { kind: "only" });
  t.match(view(site), { state: "DEPLOYED", editions: [{ label: "1", state: "stopping" }] });
  const command = { kind: "undeploy-edition", origin, application, choice: { kind: "all" } } as const;
  unwrap(await operations.submit({ ...command, isForced: true }));
  t.match(view(site), { state: "INSTALLED", editions: [] });
});

t.test("an edition is shown with how long it may keep what it has [D4, E2]", async (t) => {
  const site = await startControl(t, { yaml: YAML });
  const { operations } = site.plane;
  unwrap(await operations.startEdition({ origin, application, isForced: true }));
  const label = "2" as EditionLabel;
  const targets = [{ kind: "server", server: "Server01" as never, address: "127.0.0.1:9082" }] as const;
  unwrap(await operations.redeployEdition({ origin, application, label, targets, isForced: true }));
  const shown = () => view(site).editions.map((edition) => [edition.label, edition.state, edition.until]);
  const before: unknown[] = ["1", "retiring", "drained"];
  t.strictSame(shown(), [before, ["2", "running", null]]);
  t.equal(view(site).state, "RUNNING");
  const now = site.clock.epochMs();
  await undeploy(site, { kind: "old" }, 60_000);
  t.strictSame(shown()[0], ["1", "retiring", now + 60_000]);
  await undeploy(site, { kind: "new" });
  t.strictSame(shown(), [
    ["1", "running", null],
    ["2", "stopping", now + 300_000],
  ]);
});
