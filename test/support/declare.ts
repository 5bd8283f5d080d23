// Applies commands to a domain in tests, and checks its invariants after each.

import { unwrap } from "../../src/base/result.ts";
import type { EpochMs } from "../../src/base/units.ts";
import type { Applied } from "../../src/domain/apply.ts";
import { apply } from "../../src/domain/apply.ts";
import type { Command, Resources } from "../../src/domain/command.ts";
import type { Domain } from "../../src/domain/domain.ts";
import { emptyDomain } from "../../src/domain/domain.ts";
import { checkInvariants } from "../../src/domain/invariants.ts";
import type { Mode } from "../../src/domain/mode.ts";
import type { NodeName, ServerName } from "../../src/domain/names.ts";
import { readResources } from "../../src/settings/read-resources.ts";

/** Who does everything in tests. */
export const ORIGIN = { actor: "tester" };

/** Resources as `domain.yaml` writes them. */
export function yaml(text: string): Resources {
  return unwrap(readResources(text, { file: "domain.yaml" }));
}

/** The command of `tidegate apply`. */
export function applying(resources: Resources): Command {
  return { kind: "apply-resources", origin: ORIGIN, resources };
}

/** The command of `tidegate mode NAME MODE`. */
export function serverMode(
  name: string,
  mode: Mode,
  more: { from?: EpochMs; until?: EpochMs; reason?: string; page?: string } = {},
): Command {
  const { from, until, reason, page } = more;
  return {
    kind: "set-mode",
    origin: reason === undefined ? ORIGIN : { ...ORIGIN, reason },
    target: { kind: "server", name: name as ServerName },
    mode,
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(page === undefined ? {} : { page }),
  };
}

/** The command of `tidegate mode --node NAME MODE`. */
export function nodeMode(name: string, mode: Mode): Command {
  return { kind: "set-mode", origin: ORIGIN, target: { kind: "node", name: name as NodeName }, mode };
}

/** The command of control when the time of a server's planned mode has come. */
export function beginning(name: string, from: number): Command {
  const target = { kind: "server", name: name as ServerName } as const;
  return { kind: "begin-planned-mode", origin: ORIGIN, target, from: from as EpochMs };
}

/** Applies a command that must be accepted, and throws when an invariant is broken. */
export function accept(domain: Domain, command: Command, now = 1000): Applied {
  const applied = unwrap(apply(domain, command, now as EpochMs));
  const broken = checkInvariants(applied.domain);
  if (broken.length > 0) throw new Error(broken.join("; "));
  return applied;
}

/** The domain that a `domain.yaml` makes of an empty one. */
export function domainOf(text: string, now = 1000): Domain {
  return accept(emptyDomain("test"), applying(yaml(text)), now).domain;
}

/** The code and messages with which a command is refused; throws when it is accepted. */
export function refusal(
  domain: Domain,
  command: Command,
): { readonly code: string; readonly details: readonly string[] } {
  const result = apply(domain, command, 2000 as EpochMs);
  if (result.ok) throw new Error("The command was accepted");
  return { code: result.fault.code, details: result.fault.details ?? [] };
}

/** The domain.yaml of DESIGN §6, with external servers only. */
export const SHOP_YAML = `
virtualHosts: [{ name: default_host, aliases: ["*:*"] }]
clusters: [{ name: Cluster01, balance: weighted-round-robin }]
servers:
  - { name: Server01, node: node01, cluster: Cluster01, address: "127.0.0.1:9081", route: s1, weight: 2 }
  - { name: Server02, node: node01, cluster: Cluster01, address: "127.0.0.1:9083", route: s2 }
applications:
  - id: shop
    contextRoots: [/shop]
    virtualHosts: [default_host]
    affinity: { style: suffix, cookie: JSESSIONID, separator: ":" }
    sessions: { idleTimeout: 30m }
    editions:
      - { label: "1", targets: [{ cluster: Cluster01 }], state: running }
      - { label: "2", targets: [{ server: Server01, address: "127.0.0.1:9082", route: s1b }] }
`;
