// What there is to probe: every address of every server that has a probe, whatever the server's mode (SPEC M2).

import type { Domain } from "../domain/domain.ts";
import { instancesOf, membersOf } from "../domain/instance.ts";
import type { Probe } from "../domain/server.ts";

/** One address of a server; editions with an address of their own make further ones. */
export interface ProbeTarget {
  readonly server: string;
  /** `host:port`, `[v6]:port` or `unix:/path`. */
  readonly address: string;
  readonly probe: Exclude<Probe, { readonly kind: "off" }>;
}

/** All targets of a domain, each address of a server once. */
export function probeTargets(domain: Domain): readonly ProbeTarget[] {
  const targets = new Map<string, ProbeTarget>();
  const add = (server: string, address: string, probe: Probe): void => {
    if (probe.kind !== "off") targets.set(`${server} ${address}`, { server, address, probe });
  };
  for (const server of domain.servers.values()) add(server.name, server.address, server.probe);
  const members = membersOf(domain.servers);
  for (const application of domain.applications.values()) {
    for (const edition of application.editions) {
      for (const { server, address } of instancesOf(edition, domain.servers, members)) {
        add(server.name, address, server.probe);
      }
    }
  }
  return [...targets.values()];
}
