// The life of editions: who gets new users, who keeps the old ones, and who is gone, at one revision each.

import t from "tap";
import type { EpochMs } from "../../src/base/units.ts";
import type { Command } from "../../src/domain/command.ts";
import type { Domain } from "../../src/domain/domain.ts";
import type { EditionState } from "../../src/domain/edition.ts";
import { type EditionChoice, GRACE_MS, UNDEPLOYED_MAX } from "../../src/domain/lifecycle.ts";
import type { ApplicationId, EditionLabel, ServerName } from "../../src/domain/names.ts";
import { accept, applying, domainOf, ORIGIN, refusal, SHOP_YAML, yaml } from "../support/declare.ts";

const application = "shop" as ApplicationId;
const SHOP = domainOf(SHOP_YAML);

function distribute(label: string, address?: string): Command {
  const place = { kind: "server", server: "Server02" as ServerName, routes: [] } as const;
  const targets = address === undefined ? {} : { targets: [{ ...place, address }] };
  return {
    kind: "distribute-edition",
    origin: ORIGIN,
    application,
    label: label as EditionLabel,
    ...targets,
  };
}

function start(label?: string, until: number | "drained" = "drained"): Command {
  const which = label === undefined ? {} : { label: label as EditionLabel };
  return { kind: "start-edition", origin: ORIGIN, application, ...which, until: until as EpochMs };
}

function undeploy(choice: EditionChoice["kind"] | { label: string }, more: object = {}): Command {
  const which: EditionChoice =
    typeof choice === "object"
      ? { kind: "edition", label: choice.label as EditionLabel }
      : { kind: choice as "old" };
  return { kind: "undeploy-edition", origin: ORIGIN, application, choice: which, isForced: false, ...more };
}

function finish(label: string, since: number, cause: "drained" | "deadline"): Command {
  return {
    kind: "finish-edition",
    origin: ORIGIN,
    application,
    label: label as EditionLabel,
    since,
    cause,
  };
}

/** `1:retiring 2:running`. */
function states(domain: Domain): string {
  const editions = domain.applications.get(application)?.editions ?? [];
  return editions.map(({ label, lifecycle }) => `${label}:${lifecycle.state}`).join(" ");
}

function lifecycleOf(domain: Domain, label: string): EditionState | undefined {
  return domain.applications.get(application)?.editions.find((edition) => edition.label === label)?.lifecycle;
}

t.test(
  "a start moves new users at one revision: the new edition runs, the old one retires [E1]",
  async (t) => {
    t.equal(states(SHOP), "1:running 2:distributed");
    const { domain, events } = accept(SHOP, start("2"), 5000);
    const revision = SHOP.revision + 1;
    t.same(lifecycleOf(domain, "2"), { state: "running", since: 5000, revision });
    const retiring = { state: "retiring", since: 5000, revision, until: "drained", openedAt: 1000 };
    t.same(lifecycleOf(domain, "1"), retiring);
    t.same(
      events.map(({ kind, message }) => [kind, message]),
      [
        ["edition.retiring", 'shop: edition "1" retiring (was running), until drained'],
        ["edition.running", 'shop: edition "2" running (was distributed)'],
      ],
    );
    t.equal(accept(domain, start("2")).events.length, 0, "once more changes nothing");
  },
);

t.test(
  "a start without a name opens the newest distributed edition; its deadline is kept [E2, E3]",
  async (t) => {
    const { domain, events } = accept(SHOP, start(undefined, 65_000), 5000);
    t.match(lifecycleOf(domain, "1"), { state: "retiring", until: 65_000 });
    t.match(events[0]?.message, /until|at most 1 min/);
    t.equal(states(domain), "1:retiring 2:running");
  },
);

t.test("a new edition is distributed beside the others, and is the newest [D2, E3, E4]", async (t) => {
  const { domain, events } = accept(SHOP, distribute("3", "127.0.0.1:9085"), 5000);
  t.equal(states(domain), "1:running 2:distributed 3:distributed");
  t.equal(events[0]?.message, 'shop: edition "3" distributed on Server02 at 127.0.0.1:9085');
  t.equal(accept(domain, distribute("3")).events.length, 0);
  t.equal(accept(domain, distribute("3", "127.0.0.1:9085")).events.length, 0, "nor at the same place");
  t.equal(accept(domain, distribute("3", "127.0.0.1:9086")).events.length, 1);
  t.equal(states(accept(domain, start()).domain), "1:retiring 2:distributed 3:running");
  t.same(refusal(SHOP, distribute("3")), {
    code: "EDITION_UNKNOWN",
    details: ['Cannot distribute edition "3" of "shop": nobody has said where it is'],
  });
  t.equal(refusal(SHOP, distribute("1")).code, "EDITION_STATE");
});

t.test(
  "undeploy --new is a rollback at one revision, and the new edition's users are cut [E2, E9]",
  async (t) => {
    const redeployed = accept(SHOP, start("2")).domain;
    const { domain, events } = accept(redeployed, undeploy("new"), 5000);
    t.equal(states(domain), "1:running 2:stopping");
    t.match(lifecycleOf(domain, "2"), { until: 5000 + GRACE_MS });
    t.match(events[0]?.message, /edition "1" running \(was retiring\), a rollback/);
    t.equal(domain.revision, redeployed.revision + 1);
    t.match(
      lifecycleOf(domain, "1"),
      { since: 5000, openedAt: 1000 },
      "its sessions may be older than the rollback",
    );
  },
);

t.test("undeploy --new --to lets the new edition's users stay until then [E2]", async (t) => {
  const { domain } = accept(accept(SHOP, start("2")).domain, undeploy("new", { drainMs: 60_000 }), 5000);
  t.equal(states(domain), "1:running 2:retiring");
  t.match(lifecycleOf(domain, "2"), { until: 65_000 });
});

t.test("undeploy --new of an edition that nobody has seen yet only takes it away [E3]", async (t) => {
  t.equal(states(accept(SHOP, undeploy("new")).domain), "1:running 2:undeployed");
});

t.test("undeploy --old ends the old edition, at once with --force, later with --to [E2]", async (t) => {
  const redeployed = accept(SHOP, start("2")).domain;
  t.equal(states(accept(redeployed, undeploy("old")).domain), "1:stopping 2:running");
  t.equal(states(accept(redeployed, undeploy("old", { isForced: true })).domain), "1:undeployed 2:running");
  const later = accept(redeployed, undeploy("old", { drainMs: 60_000 }), 5000).domain;
  t.match(lifecycleOf(later, "1"), { state: "retiring", until: 65_000 });
});

t.test("undeploy with several editions asks which; with one it needs no word [E2]", async (t) => {
  const several = refusal(accept(SHOP, start("2")).domain, undeploy("only"));
  t.equal(several.code, "EDITION_CHOICE");
  t.match(several.details[0], /it has editions "1" \(retiring\), "2" \(running\)/);
  const single = accept(SHOP, undeploy("new")).domain;
  t.equal(refusal(single, undeploy("old")).code, "EDITION_STATE");
  t.equal(states(accept(single, undeploy("only")).domain), "1:stopping 2:undeployed");
  t.equal(states(accept(SHOP, undeploy("all")).domain), "1:stopping 2:undeployed");
  t.equal(refusal(single, undeploy({ label: "2" })).code, "EDITION_UNKNOWN");
});

t.test(
  "a drained edition is undeployed; one whose time is over still finishes what is in flight [E2, E6]",
  async (t) => {
    const redeployed = accept(SHOP, start("2")).domain;
    const since = redeployed.revision;
    t.equal(states(accept(redeployed, finish("1", since, "drained")).domain), "1:undeployed 2:running");
    const over = accept(redeployed, finish("1", since, "deadline"), 5000).domain;
    t.match(lifecycleOf(over, "1"), { state: "stopping", until: 5000 + GRACE_MS });
    t.equal(states(accept(over, finish("1", over.revision, "deadline")).domain), "1:undeployed 2:running");
  },
);

t.test("a late word about a drain changes nothing after a rollback [E9]", async (t) => {
  const redeployed = accept(SHOP, start("2")).domain;
  const back = accept(redeployed, undeploy("new")).domain;
  t.equal(accept(back, finish("1", redeployed.revision, "drained")).events.length, 0, "it runs again");
  const again = accept(accept(back, finish("2", back.revision, "drained")).domain, distribute("2")).domain;
  const twice = accept(again, start("2")).domain;
  t.equal(
    accept(twice, finish("1", redeployed.revision, "drained")).events.length,
    0,
    "that was another drain",
  );
});

t.test(
  "a file that still declares an undeployed edition does not bring it back; distribute does [E4]",
  async (t) => {
    const redeployed = accept(SHOP, start("2")).domain;
    const done = accept(redeployed, finish("1", redeployed.revision, "drained")).domain;
    t.equal(accept(done, applying(yaml(SHOP_YAML))).events.length, 0);
    const back = accept(done, distribute("1")).domain;
    t.equal(states(back), "2:running 1:distributed", "now it is the newest");
    t.equal(refusal(done, start("1")).code, "EDITION_STATE");
    t.equal(refusal(done, start("3")).code, "EDITION_UNKNOWN");
  },
);

t.test(
  "a file never moves users: an edition declared running beside another one waits for its start",
  async (t) => {
    const both = SHOP_YAML.replace("route: s1b }] }", "route: s1b }], state: running }");
    t.equal(
      states(accept(domainOf(SHOP_YAML.replace(/.*label: "2".*\n/, "")), applying(yaml(both))).domain),
      "1:running 2:distributed",
    );
    t.equal(states(domainOf(both)), "1:distributed 2:running", "of two new ones the newer one has the users");
  },
);

t.test("undeployed editions are remembered, the oldest ones forgotten", async (t) => {
  let domain = SHOP;
  for (let index = 3; index < 3 + UNDEPLOYED_MAX + 5; index += 1) {
    domain = accept(domain, distribute(String(index), "127.0.0.1:9085")).domain;
    domain = accept(domain, undeploy({ label: String(index) })).domain;
  }
  t.equal(states(domain).match(/undeployed/g)?.length, UNDEPLOYED_MAX);
  t.match(states(domain), /^1:running 2:distributed 8:undeployed/);
});
