import fc from "fast-check";
import t from "tap";
import { SILENT_LOG } from "../../src/base/log.ts";
import { unwrap } from "../../src/base/result.ts";
import type { EpochMs } from "../../src/base/units.ts";
import { Master, QUEUE_MAX } from "../../src/control/master.ts";
import { recoverDomain } from "../../src/control/recover.ts";
import type { Command } from "../../src/domain/command.ts";
import type { Domain } from "../../src/domain/domain.ts";
import { emptyDomain } from "../../src/domain/domain.ts";
import type { Mode } from "../../src/domain/mode.ts";
import { MODES } from "../../src/domain/mode.ts";
import type { NodeName, ServerName } from "../../src/domain/names.ts";
import type { JournalEntry } from "../../src/journal/journal.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { HeldJournal } from "../support/held-journal.ts";
import { shop } from "../support/resources.ts";

const ORIGIN = { actor: "operator", reason: "test" };

function applyShop(): Command {
  return { kind: "apply-resources", origin: ORIGIN, resources: shop() };
}

function mode(name: string, wanted: Mode): Command {
  return {
    kind: "set-mode",
    origin: ORIGIN,
    target: { kind: "server", name: name as ServerName },
    mode: wanted,
  };
}

function build(options: { readonly journal?: HeldJournal; readonly snapshotEvery?: number } = {}) {
  const journal = options.journal ?? new HeldJournal();
  const clock = new FakeClock();
  const told: JournalEntry[] = [];
  const published: Domain[] = [];
  const master = new Master(
    {
      journal,
      clock,
      log: SILENT_LOG,
      snapshotEvery: options.snapshotEvery ?? 1000,
      onEntry: (entry) => told.push(entry),
      onDomain: (domain) => published.push(domain),
    },
    { domain: emptyDomain("shop"), lastAt: 0 as EpochMs, sinceSnapshot: 0 },
  );
  return { master, journal, clock, told, published };
}

t.test("a command is stored before it is announced, and announced before it is answered", async (t) => {
  const { master, journal, told, published } = build();
  journal.isHeld = true;
  const answer = master.submit(applyShop());
  await journal.held(1);
  t.equal(master.domain.revision, 0, "nothing is changed while the disk works");
  t.strictSame([told.length, published.length], [0, 0]);
  journal.release();
  const accepted = unwrap(await answer);
  t.equal(accepted.after.revision, 1);
  t.equal(master.domain, accepted.after);
  t.strictSame(told, journal.entries);
  t.strictSame(published, [accepted.after]);
});

t.test("a refused command changes nothing and leaves no trace in the journal", async (t) => {
  const { master, journal, told, published } = build();
  const refused = await master.submit(mode("Server09", "break"));
  t.match(refused, { ok: false, fault: { code: "SERVER_UNKNOWN" } });
  t.strictSame([journal.entries.length, told.length, published.length], [0, 0, 0]);
  t.equal(master.domain.revision, 0);
});

t.test("a command that changes nothing is accepted without a new revision", async (t) => {
  const { master, journal } = build();
  unwrap(await master.submit(applyShop()));
  const again = unwrap(await master.submit(applyShop()));
  t.strictSame(again.events, []);
  t.equal(again.after.revision, 1);
  t.equal(journal.entries.length, 1);
});

t.test("commands that come together are applied in order and wait for the disk together", async (t) => {
  const { master, journal, published } = build();
  journal.isHeld = true;
  const answers = [
    applyShop(),
    mode("Server01", "break"),
    mode("Server09", "break"),
    mode("Server01", "normal"),
  ].map((command) => master.submit(command));
  await journal.held(3);
  journal.release();
  const results = await Promise.all(answers);
  t.strictSame(
    results.map((result) => (result.ok ? result.value.after.revision : result.fault.code)),
    [1, 2, "SERVER_UNKNOWN", 3],
  );
  t.strictSame(
    journal.entries.map((entry) => entry.revision),
    [1, 2, 3],
  );
  t.equal(published.length, 1, "routers get one table for all of them");
});

t.test(
  "a full disk refuses the change and everything that waited behind it, and reads go on [F2]",
  async (t) => {
    const { master, journal, told, published } = build();
    unwrap(await master.submit(applyShop()));
    const before = master.domain;
    journal.failsFrom = { revision: 3, code: "JOURNAL_FULL" };
    const results = await Promise.all([
      master.submit(mode("Server01", "affinity")),
      master.submit(mode("Server01", "break")),
      master.submit(mode("Server09", "break")),
      master.submit(mode("Server01", "break")),
    ]);
    t.strictSame(
      results.map((result) => (result.ok ? result.value.after.revision : result.fault.code)),
      [2, "JOURNAL_FULL", "JOURNAL_FULL", "JOURNAL_FULL"],
      "what was tried on a domain that did not come to be is refused with the disk's fault",
    );
    t.equal(master.domain.revision, 2);
    t.equal(master.domain.servers.get("Server01" as ServerName)?.mode.mode, "affinity");
    t.equal(before.servers.get("Server01" as ServerName)?.mode.mode, "normal", "the old domain is untouched");
    t.strictSame(told, journal.entries);
    t.equal(published.at(-1), master.domain);

    journal.failsFrom = undefined;
    const later = unwrap(await master.submit(mode("Server01", "break")));
    t.equal(later.after.revision, 3, "the next revision is taken again when the disk has room");
  },
);

t.test("a journal that throws refuses the command and does not end the writer", async (t) => {
  const journal = new HeldJournal();
  const { master } = build({ journal });
  const append = journal.append.bind(journal);
  journal.append = () => Promise.reject(new Error("the disk is gone"));
  t.match(await master.submit(applyShop()), { ok: false, fault: { code: "JOURNAL_UNAVAILABLE" } });
  journal.append = append;
  t.equal(unwrap(await master.submit(applyShop())).after.revision, 1);
});

t.test("a snapshot is stored every so many entries", async (t) => {
  const { master, journal } = build({ snapshotEvery: 3 });
  unwrap(await master.submit(applyShop()));
  for (const wanted of ["break", "normal", "affinity", "normal", "break"] as const) {
    unwrap(await master.submit(mode("Server02", wanted)));
  }
  await master.close();
  t.strictSame(
    journal.snapshots.map((domain) => domain.revision),
    [3, 6],
  );
});

t.test("the journal's times never go back, whatever the wall clock does", async (t) => {
  const { master, journal, clock } = build();
  clock.advance(10_000);
  unwrap(await master.submit(applyShop()));
  clock.epochMs = () => 5 as EpochMs;
  unwrap(await master.submit(mode("Server01", "break")));
  const [first, second] = journal.entries;
  t.equal(second?.at, first?.at);
});

t.test("more commands than can wait for the disk are refused at once [F4]", async (t) => {
  const { master, journal } = build();
  journal.isHeld = true;
  const first = master.submit(applyShop());
  await journal.held(1);
  const waiting = Array.from({ length: QUEUE_MAX }, () => master.submit(applyShop()));
  t.match(await master.submit(applyShop()), { ok: false, fault: { code: "JOURNAL_UNAVAILABLE" } });
  journal.isHeld = false;
  journal.release();
  t.ok((await first).ok);
  t.ok((await Promise.all(waiting)).every((result) => result.ok));
});

t.test("a writer that stops refuses new commands and finishes those under way", async (t) => {
  const { master, journal } = build();
  journal.isHeld = true;
  const answer = master.submit(applyShop());
  await journal.held(1);
  const closed = master.close();
  t.match(await master.submit(applyShop()), { ok: false, fault: { code: "JOURNAL_UNAVAILABLE" } });
  journal.release();
  await closed;
  t.ok((await answer).ok);
  await master.close();
});

t.test("replaying the journal gives the same domain as the commands did [F2]", async (t) => {
  const command = fc.oneof(
    fc.constant(applyShop()),
    fc
      .tuple(fc.constantFrom("Server01", "Server02", "Server03"), fc.constantFrom(...MODES))
      .map(([name, wanted]) => mode(name, wanted)),
    fc.constantFrom(...MODES).map(
      (wanted): Command => ({
        kind: "set-mode",
        origin: ORIGIN,
        target: { kind: "node", name: "node01" as NodeName },
        mode: wanted,
      }),
    ),
    fc
      .constantFrom("Server01", "Server02")
      .map((name): Command => ({ kind: "remove-server", origin: ORIGIN, name: name as ServerName })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 20 }), fc.nat(20), async (commands, fails) => {
      const { master, journal } = build();
      journal.failsFrom = { revision: fails + 1, code: "JOURNAL_FULL" };
      const half = Math.floor(commands.length / 2);
      await Promise.all(commands.slice(0, half).map((one) => master.submit(one)));
      journal.failsFrom = undefined;
      for (const one of commands.slice(half)) await master.submit(one);
      const replayed = unwrap(recoverDomain("shop", { snapshot: undefined, entries: journal.entries }));
      t.strictSame(replayed.domain, master.domain);
    }),
    { seed: 20_260_101, numRuns: 60 },
  );
});

t.test(
  "a journal with a gap, of another domain or with a command that is refused now is refused whole",
  async (t) => {
    const { master, journal } = build();
    unwrap(await master.submit(applyShop()));
    unwrap(await master.submit(mode("Server01", "break")));
    unwrap(await master.submit(mode("Server01", "normal")));
    const [one, two, three] = journal.entries as [JournalEntry, JournalEntry, JournalEntry];
    const recover = (name: string, entries: readonly JournalEntry[], snapshot?: Domain) =>
      recoverDomain(name, { snapshot, entries });
    t.match(recover("shop", [one, three]), {
      ok: false,
      fault: { code: "JOURNAL_CORRUPT", message: /revision 3/ },
    });
    t.match(recover("shop", [two]), { ok: false, fault: { code: "JOURNAL_CORRUPT", message: /Server01/ } });
    t.match(recover("bank", [], master.domain), { ok: false, fault: { code: "JOURNAL_CORRUPT" } });
    t.match(recover("shop", [one, two, three]), { ok: true, value: { sinceSnapshot: 3, lastAt: three.at } });
  },
);
