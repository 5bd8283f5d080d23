// Random commands: whatever operators ask in whatever order, the domain stays sound and can be replayed.

import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import t from "tap";
import type { EpochMs } from "../../src/base/units.ts";
import { apply } from "../../src/domain/apply.ts";
import type {
  ApplicationDeclaration,
  Command,
  Resources,
  ServerDeclaration,
} from "../../src/domain/command.ts";
import type { Domain } from "../../src/domain/domain.ts";
import { emptyDomain } from "../../src/domain/domain.ts";
import type { Target } from "../../src/domain/edition.ts";
import { checkInvariants } from "../../src/domain/invariants.ts";
import { MODES } from "../../src/domain/mode.ts";
import type {
  ApplicationId,
  ClusterName,
  EditionLabel,
  NodeName,
  RouteId,
  ServerName,
  VirtualHostName,
} from "../../src/domain/names.ts";
import { decodeCommand } from "../../src/domain/stored-command.ts";
import { applying, yaml } from "../support/declare.ts";
import { shop } from "../support/resources.ts";

const RUNS = 300;
/** Names are few, so that commands meet each other often. */
const pick = <Name extends string>(...names: string[]): fc.Arbitrary<Name> =>
  fc.constantFrom(...names).map((name) => name as Name);
const hostName = pick<VirtualHostName>("default_host", "intranet");
const clusterName = pick<ClusterName>("C1", "C2", "C3");
const serverName = pick<ServerName>("S1", "S2", "S3");
const nodeName = pick<NodeName>("n1", "n2");
const applicationId = pick<ApplicationId>("a", "b");
const label = pick<EditionLabel>("1", "2", "3");
const address = pick("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4");
const routes = fc.uniqueArray(pick<RouteId>("r1", "r2", "r3", "r4", "r5", "r6"), { maxLength: 2 });
const origin = fc.record(
  { actor: fc.constantFrom("ann", "bob"), reason: pick("disk", "patch") },
  { requiredKeys: ["actor"] },
);

const server: fc.Arbitrary<ServerDeclaration> = fc.record(
  {
    name: serverName,
    node: nodeName,
    cluster: clusterName,
    address,
    routes,
    weight: fc.nat(3),
    role: fc.constantFrom("primary", "backup"),
    maxConnections: fc.nat(1),
    slowStartMs: fc.constant(0),
    probe: fc.constant({ kind: "off" as const }),
  },
  {
    requiredKeys: [
      "name",
      "node",
      "address",
      "routes",
      "weight",
      "role",
      "maxConnections",
      "slowStartMs",
      "probe",
    ],
  },
);

const target: fc.Arbitrary<Target> = fc.oneof(
  fc.record({ kind: fc.constant("cluster" as const), cluster: clusterName }),
  fc.record(
    { kind: fc.constant("server" as const), server: serverName, address, routes },
    { requiredKeys: ["kind", "server"] },
  ),
);

const [{ traffic, sessions } = { traffic: undefined, sessions: undefined }] = shop().applications;
if (traffic === undefined || sessions === undefined) throw new Error("The example domain has no application");

const application: fc.Arbitrary<ApplicationDeclaration> = fc.record({
  id: applicationId,
  virtualHosts: fc.uniqueArray(hostName, { minLength: 1 }),
  contextRoots: fc.uniqueArray(pick("/a", "/b", "/"), { maxLength: 2 }),
  paths: fc.constantFrom([], ["*.jsp"]),
  affinity: fc.constantFrom(
    { style: "suffix", cookie: "J", separator: ":", cacheIdLength: 0 } as const,
    { style: "none" } as const,
  ),
  sessions: fc.constant(sessions),
  traffic: fc.constant(traffic),
  onInstanceLost: fc.constantFrom("move", "error"),
  maintenancePage: fc.constant(""),
  editions: fc.array(
    fc.record({
      label,
      targets: fc.array(target, { minLength: 1, maxLength: 2 }),
      initialState: fc.constantFrom("running", "distributed"),
    }),
    { maxLength: 2 },
  ),
});

const virtualHosts = fc.array(
  fc.record({
    name: hostName,
    aliases: fc.uniqueArray(pick("*:*", "a:*", "b:*"), { minLength: 1, maxLength: 2 }),
  }),
  { maxLength: 1 },
);
const clusters = fc.uniqueArray(
  fc.record({
    name: clusterName,
    balance: fc.constantFrom("random", "power-of-two"),
    countAffinity: fc.boolean(),
  }),
  { maxLength: 2, selector: (cluster) => cluster.name },
);
const servers = fc.uniqueArray(server, { maxLength: 3, selector: (one) => one.name });
const applications = fc.uniqueArray(application, { maxLength: 2, selector: (one) => one.id });

/** Mostly parts of a file: whole ones are refused nearly always, for one mistake or another. */
const resources: fc.Arbitrary<Resources> = fc
  .record({ virtualHosts, clusters, servers, applications }, { requiredKeys: [] })
  .map((parts) => ({ virtualHosts: [], clusters: [], servers: [], applications: [], ...parts }));

const mode = fc.record(
  {
    kind: fc.constant("set-mode" as const),
    origin,
    target: fc.oneof(
      fc.record({ kind: fc.constant("server" as const), name: serverName }),
      fc.record({ kind: fc.constant("node" as const), name: nodeName }),
    ),
    mode: fc.constantFrom(...MODES),
    until: fc.constant(5_000_000 as EpochMs),
  },
  { requiredKeys: ["kind", "origin", "target", "mode"] },
);

const choice = fc.oneof(
  fc.record({ kind: fc.constantFrom("only" as const, "old" as const, "new" as const, "all" as const) }),
  fc.record({ kind: fc.constant("edition" as const), label }),
);
const until = fc.constantFrom("drained" as const, 5_000_000 as EpochMs);

/** Stands for the revision of the moment at which the edition began to leave. */
const NOW = -1;

/** The verbs of an edition's life. */
const lifecycle = fc.oneof(
  fc.record(
    {
      kind: fc.constant("distribute-edition" as const),
      origin,
      application: applicationId,
      label,
      targets: fc.array(target, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ["kind", "origin", "application", "label"] },
  ),
  fc.record(
    { kind: fc.constant("start-edition" as const), origin, application: applicationId, label, until },
    { requiredKeys: ["kind", "origin", "application", "until"] },
  ),
  fc.record(
    {
      kind: fc.constant("undeploy-edition" as const),
      origin,
      application: applicationId,
      choice,
      drainMs: fc.constantFrom(0, 60_000),
      isForced: fc.boolean(),
    },
    { requiredKeys: ["kind", "origin", "application", "choice", "isForced"] },
  ),
  fc.record({
    kind: fc.constant("finish-edition" as const),
    origin,
    application: applicationId,
    label,
    since: fc.constantFrom(NOW, 5),
    cause: fc.constantFrom("drained" as const, "deadline" as const),
  }),
);

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("apply-resources" as const), origin, resources }) },
  { weight: 4, arbitrary: mode },
  { weight: 8, arbitrary: lifecycle },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("remove-server" as const), origin, name: serverName }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("remove-application" as const), origin, id: applicationId }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("end-session" as const),
      origin,
      application: applicationId,
      fingerprint: fc.constantFrom("00000000000000aa", "bad"),
    }),
  },
);

/** As it comes from a client or the journal: through JSON. */
const command = anyCommand.map((one): Command => JSON.parse(JSON.stringify(one)));

/** Something to begin with, so that commands find what they name. */
const START = yaml(`
virtualHosts: [{ name: intranet, aliases: ["a:*"] }]
clusters: [{ name: C1 }, { name: C2 }]
servers:
  - { name: S1, node: n1, cluster: C1, address: "127.0.0.1:1", route: r1 }
  - { name: S2, node: n2, cluster: C1, address: "127.0.0.1:2", route: r2 }
  - { name: S3, node: n2, address: "127.0.0.1:3", route: r3 }
applications:
  - { id: a, affinity: { style: suffix }, editions: [{ label: "1", targets: [{ cluster: C1 }] }] }
  - { id: b, affinity: { style: none }, editions: [{ label: "1", targets: [{ server: S3 }] }] }`);

interface Entry {
  readonly command: Command;
  readonly now: EpochMs;
}

/** Applies all commands, holding each outcome against what `apply` promises; returns what a journal would hold. */
function runCommands(commands: readonly Command[]): {
  readonly domain: Domain;
  readonly entries: readonly Entry[];
} {
  let domain = emptyDomain("random");
  const entries: Entry[] = [];
  for (const [index, drawn] of [applying(START), ...commands].entries()) {
    const command = aimed(domain, drawn);
    const now = (1000 + index) as EpochMs;
    const before = structuredClone(domain);
    const result = apply(domain, command, now);
    if (!isDeepStrictEqual(domain, before)) throw new Error("The domain that was given was changed");
    if (!result.ok) continue;
    const { domain: next, events } = result.value;
    if (events.length === 0) {
      if (next !== domain) throw new Error("No event, but another domain");
      continue;
    }
    if (next.revision !== domain.revision + 1) throw new Error("The revision did not go up by one");
    const broken = checkInvariants(next);
    if (broken.length > 0) throw new Error(broken.join("; "));
    keepsRuntimeState(domain, next, command);
    entries.push({ command, now });
    domain = next;
  }
  return { domain, entries };
}

/** A watcher knows since when an edition leaves, which a draw can hardly hit. */
function aimed(domain: Domain, command: Command): Command {
  if (command.kind !== "finish-edition" || command.since !== NOW) return command;
  const editions = domain.applications.get(command.application)?.editions;
  const lifecycle = editions?.find((edition) => edition.label === command.label)?.lifecycle;
  return lifecycle !== undefined && "revision" in lifecycle
    ? { ...command, since: lifecycle.revision }
    : command;
}

/** A domain.yaml never changes a mode or what an edition is doing (SPEC M2, DESIGN §6). */
function keepsRuntimeState(before: Domain, after: Domain, command: Command): void {
  if (command.kind !== "apply-resources") return;
  for (const [name, { mode }] of before.servers) {
    if (after.servers.get(name)?.mode !== mode) throw new Error(`The mode of ${name} changed`);
  }
  for (const [id, { editions }] of before.applications) {
    for (const { label, lifecycle } of editions) {
      const now = after.applications.get(id)?.editions.find((edition) => edition.label === label);
      if (now?.lifecycle !== lifecycle) throw new Error(`Edition ${label} of ${id} changed its state`);
    }
  }
}

t.test(
  "random commands keep every invariant, refused ones change nothing, and the journal replays to the same domain",
  async (t) => {
    let accepted = 0;
    const kinds = new Set<string>();
    const details = fc.check(
      fc.property(fc.array(command, { minLength: 5, maxLength: 25, size: "max" }), (commands) => {
        const { domain, entries } = runCommands(commands);
        accepted += entries.length - 1;
        for (const { command } of entries) kinds.add(command.kind);
        let replayed = emptyDomain("random");
        for (const { command, now } of entries) {
          const stored = decodeCommand(JSON.parse(JSON.stringify(command)));
          if (!stored.ok) throw new Error(stored.fault.message);
          const result = apply(replayed, stored.value, now);
          if (!result.ok) throw new Error(`Refused at replay: ${result.fault.message}`);
          replayed = result.value.domain;
        }
        if (!isDeepStrictEqual(replayed, domain)) throw new Error("The replay came to another domain");
      }),
      { numRuns: RUNS },
    );
    t.notOk(details.failed, fc.defaultReportMessage(details) ?? "no counterexample");
    t.comment(`seed ${details.seed}, ${accepted} commands accepted in ${RUNS} runs`);
    t.ok(accepted > 3 * RUNS, "commands are accepted often enough for the test to mean something");
    t.equal(kinds.size, 9, "and of every kind");
  },
);
