import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import type { EpochMs } from "../../src/base/units.ts";
import { apply } from "../../src/domain/apply.ts";
import type { Command, Resources, ServerDeclaration } from "../../src/domain/command.ts";
import { type Domain, emptyDomain } from "../../src/domain/domain.ts";
import type { EditionLabel, ServerName } from "../../src/domain/names.ts";
import { probeTargets } from "../../src/health/probe-targets.ts";
import { server, shop } from "../support/resources.ts";

const PROBE: ServerDeclaration["probe"] = { kind: "tcp", intervalMs: 1000, timeoutMs: 500, fall: 3, rise: 2 };
const ORIGIN = { actor: "test" };

function run(domain: Domain, command: Command): Domain {
  return unwrap(apply(domain, command, 1 as EpochMs)).domain;
}

function probedShop(): Domain {
  const resources: Resources = shop();
  const [application] = resources.applications;
  if (application === undefined) throw new Error("no application");
  const second = {
    label: "2" as EditionLabel,
    targets: [
      { kind: "server" as const, server: "Server01" as ServerName, address: "127.0.0.1:9091", routes: [] },
    ],
    initialState: "distributed" as const,
  };
  const probed = {
    ...resources,
    servers: [
      { ...server("Server01", 9081), cluster: undefined, probe: PROBE },
      server("Server02", 9082),
    ].map(({ cluster, ...rest }) => (cluster === undefined ? rest : { ...rest, cluster })),
    applications: [{ ...application, editions: [...application.editions, second] }],
  };
  return run(emptyDomain("test"), { kind: "apply-resources", origin: ORIGIN, resources: probed });
}

t.test("every address of a server with a probe is probed once, and servers without one are not", (t) => {
  t.same(probeTargets(probedShop()), [
    { server: "Server01", address: "127.0.0.1:9081", probe: PROBE },
    { server: "Server01", address: "127.0.0.1:9091", probe: PROBE },
  ]);
  t.end();
});

t.test("a server in any mode is still probed [M2]", (t) => {
  for (const mode of ["affinity", "break", "stop"] as const) {
    const target = { kind: "server", name: "Server01" as ServerName } as const;
    const domain = run(probedShop(), { kind: "set-mode", origin: ORIGIN, target, mode });
    t.equal(probeTargets(domain).length, 2, mode);
  }
  t.end();
});
