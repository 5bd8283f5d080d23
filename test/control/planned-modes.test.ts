import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import type { EpochMs } from "../../src/base/units.ts";
import type { ServerName } from "../../src/domain/names.ts";
import { type ControlSite, startControl } from "../support/control-site.ts";
import { turns } from "../support/pending.ts";

/** Ten minutes after the fake clock starts. */
const FROM = 1_600_000;

async function plan(site: ControlSite, from = FROM, server = "Server02"): Promise<void> {
  unwrap(
    await site.plane.operations.setMode({
      origin: { actor: "anna", reason: "JDK update" },
      target: { kind: "server", name: server as ServerName },
      mode: "break",
      from: from as EpochMs,
      until: (from + 60_000) as EpochMs,
    }),
  );
}

function modes(site: ControlSite): readonly string[] {
  return site.plane.operations.servers().map(({ mode }) => mode);
}

t.test("a planned mode begins at its time, told to all workers, by who planned it [M5]", async (t) => {
  const site = await startControl(t);
  await plan(site);
  site.clock.advance(599_999);
  await turns();
  t.same(modes(site), ["normal", "normal"]);
  const { waiting } = site.clock;
  site.clock.advance(1);
  await turns();
  t.same(modes(site), ["normal", "break"]);
  t.match(site.plane.operations.servers()[1], {
    modeSince: FROM,
    modeActor: "anna",
    modeReason: "JDK update",
    modeUntil: FROM + 60_000,
    modePlan: null,
  });
  const change = site.bus.sentOf("table-change").at(-1)?.change;
  t.match(change?.changed[0]?.editions[0]?.instances[1], { server: "Server02", access: "closed" });
  t.equal(site.clock.waiting, waiting - 1, "nothing is planned any more");
});

t.test("plans of several servers begin one after the other, and all that are due at once [M5]", async (t) => {
  const site = await startControl(t);
  await plan(site, FROM, "Server01");
  await plan(site, FROM, "Server02");
  site.clock.advance(600_000);
  await turns();
  site.clock.advance(0);
  await turns();
  t.same(modes(site), ["break", "break"]);
});

t.test("a plan that was given up does not begin [M5]", async (t) => {
  const site = await startControl(t);
  await plan(site);
  const { waiting } = site.clock;
  const target = { kind: "server", name: "Server02" as ServerName } as const;
  unwrap(await site.plane.operations.setMode({ origin: { actor: "anna" }, target, mode: "normal" }));
  t.equal(site.clock.waiting, waiting - 1, "it is not waited for");
  site.clock.advance(600_000);
  await turns();
  t.same(modes(site), ["normal", "normal"]);
});

t.test("a control that starts anew goes on with the plan, and is not late twice [M5, M2]", async (t) => {
  const first = await startControl(t);
  await plan(first);
  await first.plane.close();
  const second = await startControl(t, { journal: first.journal, dataDir: first.dataDir });
  t.match(second.plane.operations.servers()[1], { mode: "normal", modePlan: { mode: "break", from: FROM } });
  second.clock.advance(600_000);
  await turns();
  t.same(modes(second), ["normal", "break"]);
});

t.test("a full disk at the time of a plan puts it off until there is room [M5, F2]", async (t) => {
  const site = await startControl(t);
  await plan(site);
  site.journal.failsFrom = { revision: 3, code: "JOURNAL_FULL" };
  site.clock.advance(600_000);
  await turns();
  t.same(modes(site), ["normal", "normal"]);
  t.ok(site.log.lines.some(({ message }) => message === "Cannot begin the planned mode of Server02 yet"));
  site.journal.failsFrom = undefined;
  site.clock.advance(5000);
  await turns();
  t.same(modes(site), ["normal", "break"]);
});
