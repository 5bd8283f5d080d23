import t from "tap";
import type { EpochMs } from "../../src/base/units.ts";
import type { Domain } from "../../src/domain/domain.ts";
import type { NodeName, ServerName } from "../../src/domain/names.ts";
import {
  accept,
  applying,
  beginning,
  domainOf,
  nodeMode,
  refusal,
  SHOP_YAML,
  serverMode,
  yaml,
} from "../support/declare.ts";

function modeOf(domain: Domain, name: string) {
  return domain.servers.get(name as ServerName)?.mode;
}

t.test(
  "a mode change says what was and what is, and since when, by whom, why and until when [M1]",
  async (t) => {
    const before = domainOf(SHOP_YAML);
    const { domain, events } = accept(
      before,
      serverMode("Server02", "break", { until: 1_805_000 as EpochMs, reason: "new disk" }),
      5000,
    );
    t.equal(events[0]?.message, 'Server02: mode break (was normal), for 30 min, because "new disk"');
    t.equal(events.length, 1);
    t.same(modeOf(domain, "Server02"), {
      mode: "break",
      since: 5000,
      actor: "tester",
      reason: "new disk",
      until: 1_805_000,
    });
    t.equal(modeOf(before, "Server02")?.mode, "normal", "the domain before is left as it was");
    t.equal(domain.revision, before.revision + 1);
    const plain = accept(domain, serverMode("Server02", "normal"), 6000);
    t.equal(plain.events[0]?.message, "Server02: mode normal (was break)");
    t.same(modeOf(plain.domain, "Server02"), { mode: "normal", since: 6000, actor: "tester" });
  },
);

t.test("a mode may bring its own page, which is told, but not repeated in every event [M5]", async (t) => {
  const page = "<h1>New disk</h1>";
  const { domain, events } = accept(domainOf(SHOP_YAML), serverMode("Server02", "break", { page }), 5000);
  t.equal(modeOf(domain, "Server02")?.page, page);
  t.equal(events[0]?.message, "Server02: mode break (was normal), with a page of its own");
  t.equal(events[0]?.detail?.["hasPage"], true);
  t.notMatch(JSON.stringify(events), "New disk");
  t.equal(accept(domain, serverMode("Server02", "break", { page }), 6000).domain, domain, "the same again");
  const other = accept(domain, serverMode("Server02", "break", { page: "<h1>Still</h1>" }), 6000).domain;
  t.match(modeOf(other, "Server02"), { page: "<h1>Still</h1>", since: 5000 });
  t.notOk(
    modeOf(accept(other, serverMode("Server02", "normal")).domain, "Server02")?.page,
    "it goes with it",
  );
});

t.test(
  "the same mode again keeps its time and changes nothing unless a reason or end is new [M2]",
  async (t) => {
    const { domain } = accept(
      domainOf(SHOP_YAML),
      serverMode("Server01", "affinity", { reason: "patch" }),
      5000,
    );
    const again = accept(domain, serverMode("Server01", "affinity"), 9000);
    t.equal(again.domain, domain, "the very same domain, with its revision");
    t.same(again.events, []);
    const later = accept(domain, serverMode("Server01", "affinity", { until: 69_000 as EpochMs }), 9000);
    t.equal(later.events[0]?.message, 'Server01: mode affinity as before, for 1 min, because "patch"');
    t.equal(modeOf(later.domain, "Server01")?.since, 5000);
    t.equal(modeOf(later.domain, "Server01")?.reason, "patch");
  },
);

t.test("a server in maintenance that is declared anew stays in it [M2]", async (t) => {
  const { domain } = accept(domainOf(SHOP_YAML), serverMode("Server02", "break"));
  const changed = SHOP_YAML.replace("route: s2", "route: s2, weight: 7");
  const applied = accept(domain, applying(yaml(changed)), 9000);
  t.equal(applied.events[0]?.message, "Server02: weight 7 (was 1)");
  t.equal(modeOf(applied.domain, "Server02")?.mode, "break");
});

t.test("a node has a mode of its own, beside those of its servers [M1]", async (t) => {
  const { domain, events } = accept(domainOf(SHOP_YAML), nodeMode("node01", "stop"));
  t.equal(events[0]?.message, "node01: mode stop (was normal)");
  t.equal(domain.nodes.get("node01" as NodeName)?.mode.mode, "stop");
  t.equal(modeOf(domain, "Server01")?.mode, "normal");
});

t.test("a mode for a server or node that is not there is refused by name", async (t) => {
  const domain = domainOf(SHOP_YAML);
  t.same(refusal(domain, serverMode("Server09", "break")), {
    code: "SERVER_UNKNOWN",
    details: ['Cannot set mode of server "Server09": there is no such server'],
  });
  t.same(refusal(domain, nodeMode("node09", "break")), {
    code: "NODE_UNKNOWN",
    details: ['Cannot set mode of node "node09": there is no such node'],
  });
});

t.test("a node goes with its last server, but not while it is in maintenance [M2]", async (t) => {
  const moved = SHOP_YAML.replaceAll("node01", "node02");
  const gone = accept(domainOf(SHOP_YAML), applying(yaml(moved)));
  t.same([...gone.domain.nodes.keys()], ["node02"]);
  const { domain } = accept(domainOf(SHOP_YAML), nodeMode("node01", "break"));
  const kept = accept(domain, applying(yaml(moved)));
  t.same([...kept.domain.nodes.keys()], ["node01", "node02"]);
  const freed = accept(kept.domain, nodeMode("node01", "normal"));
  t.same(
    freed.events.map((event) => event.message),
    ["node01: mode normal (was break)", "node01: removed with its last server"],
  );
  t.same([...freed.domain.nodes.keys()], ["node02"]);
});

const AT_TEN = { from: 10_000 as EpochMs, until: 70_000 as EpochMs, reason: "new disk", page: "<p>soon" };

t.test("a mode that is planned changes nothing until its time has come [M5]", async (t) => {
  const { domain, events } = accept(domainOf(SHOP_YAML), serverMode("Server02", "break", AT_TEN), 5000);
  t.match(events, [
    {
      kind: "server.mode-planned",
      message: 'Server02: mode break planned in 5 s, for 1 min, because "new disk", with a page of its own',
      detail: { is: "normal", mode: "break", from: 10_000, hasPage: true },
    },
  ]);
  t.same(modeOf(domain, "Server02"), {
    mode: "normal",
    since: 1000,
    actor: "tester",
    plan: { mode: "break", actor: "tester", ...AT_TEN },
  });
  const again = accept(domain, serverMode("Server02", "break", AT_TEN), 6000);
  t.equal(again.domain, domain, "the same plan again changes nothing");
  t.equal(accept(domain, beginning("Server02", 10_000), 9999).domain, domain, "too early");
  t.equal(accept(domain, beginning("Server02", 9000), 11_000).domain, domain, "another plan's time");

  const begun = accept(domain, beginning("Server02", 10_000), 10_002);
  t.equal(
    begun.events[0]?.message,
    'Server02: mode break (was normal), for 1 min, because "new disk", with a page of its own, as planned',
  );
  const { from: _, ...given } = AT_TEN;
  t.same(modeOf(begun.domain, "Server02"), { mode: "break", since: 10_002, actor: "tester", ...given });
  t.equal(accept(begun.domain, beginning("Server02", 10_000), 10_003).domain, begun.domain, "once only");
});

t.test("a mode that is set at once gives up the planned one, and says so [M5]", async (t) => {
  const { domain } = accept(domainOf(SHOP_YAML), serverMode("Server02", "break", AT_TEN), 5000);
  const other = accept(domain, serverMode("Server02", "affinity"), 6000);
  t.equal(
    other.events[0]?.message,
    "Server02: mode affinity (was normal); the planned mode break is given up",
  );
  t.same(modeOf(other.domain, "Server02"), { mode: "affinity", since: 6000, actor: "tester" });
  const same = accept(domain, serverMode("Server02", "normal"), 6000);
  t.equal(same.events[0]?.message, "Server02: mode normal as before; the planned mode break is given up");
  t.same(modeOf(same.domain, "Server02"), { mode: "normal", since: 1000, actor: "tester" });
});

t.test("a start that is past is now, and an end must be after the start [M5]", async (t) => {
  const now = accept(domainOf(SHOP_YAML), serverMode("Server02", "break", AT_TEN), 10_000);
  t.match(modeOf(now.domain, "Server02"), { mode: "break", since: 10_000 });
  t.notOk(modeOf(now.domain, "Server02")?.plan);
  const backwards = serverMode("Server02", "break", { from: 9000 as EpochMs, until: 9000 as EpochMs });
  t.same(refusal(domainOf(SHOP_YAML), backwards), {
    code: "BAD_COMMAND",
    details: ['Cannot plan mode break of "Server02": it would end before it starts'],
  });
});
