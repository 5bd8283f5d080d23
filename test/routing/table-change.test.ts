import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import t from "tap";
import { routingTableOf, tableChange } from "../../src/control/routing-table.ts";
import type { Domain } from "../../src/domain/domain.ts";
import type { ApplicationId } from "../../src/domain/names.ts";
import type { RoutingTable } from "../../src/routing/table.ts";
import { applyTableChange } from "../../src/routing/table-change.ts";
import { accept, domainOf, ORIGIN, SHOP_YAML, serverMode } from "../support/declare.ts";

const SECRETS = { tokenKeys: [], fingerprintKey: "" };

function tables(): { readonly before: RoutingTable; readonly after: RoutingTable } {
  const domain = domainOf(`${SHOP_YAML}
  - { id: desk, affinity: { style: none }, editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }] }`);
  const { domain: next } = accept(domain, serverMode("Server02", "break"));
  const { domain: last } = accept(next, {
    kind: "remove-application",
    origin: ORIGIN,
    id: "desk" as ApplicationId,
  });
  return { before: routingTableOf(domain, SECRETS), after: routingTableOf(last, SECRETS) };
}

t.test("a router that applies the change holds the table that control made", async (t) => {
  const { before, after } = tables();
  const change = tableChange(before, after);
  t.ok(change);
  if (change === undefined) return;
  const result = applyTableChange(before, JSON.parse(JSON.stringify(change)));
  t.ok(result.ok);
  if (result.ok) t.strictSame(result.value, after);
});

t.test("any table leads to any later one by a change, in the same order of applications", async (t) => {
  const { before } = tables();
  const [shop] = before.applications;
  if (shop === undefined) throw new Error("No application in the example");
  const entries = fc.uniqueArray(
    fc.record({ id: fc.constantFrom("a", "b", "c", "d"), retryAfterSeconds: fc.nat(1) }),
    { selector: (entry) => entry.id },
  );
  const details = fc.check(
    fc.property(entries, entries, (one, other) => {
      const from: RoutingTable = { ...before, applications: one.map((entry) => ({ ...shop, ...entry })) };
      const to: RoutingTable = {
        ...before,
        revision: (before.revision + 3) as Domain["revision"],
        applications: other.map((entry) => ({ ...shop, ...entry })),
      };
      const change = tableChange(from, to);
      const result = change === undefined ? undefined : applyTableChange(from, change);
      return result?.ok === true && isDeepStrictEqual(result.value, to);
    }),
    { numRuns: 200 },
  );
  t.notOk(details.failed, `seed ${details.seed}: ${fc.defaultReportMessage(details) ?? "no counterexample"}`);
});

t.test(
  "a change for another revision is refused, and so is one with an application that nobody has",
  async (t) => {
    const { before, after } = tables();
    const change = tableChange(before, after);
    if (change === undefined) throw new Error("No change");
    const late = applyTableChange(after, change);
    t.equal(!late.ok && late.fault.code, "REVISION_CONFLICT");
    const odd = applyTableChange(before, { ...change, order: ["shop", "ghost"] });
    t.equal(!odd.ok && odd.fault.code, "INTERNAL");
    const { order: _, ...inPlace } = change;
    const [shop] = after.applications;
    if (shop === undefined) throw new Error("No application in the example");
    const ghost = applyTableChange(before, { ...inPlace, changed: [{ ...shop, id: "ghost" }] });
    t.equal(!ghost.ok && ghost.fault.code, "INTERNAL", "nor where the others stay in their places");
  },
);
