// The domain: all that one master rules. State is the fold of the journal; nothing here is ever changed in place.

import type { Revision } from "../base/units.ts";
import type { Application } from "./application.ts";
import type { Cluster } from "./cluster.ts";
import type { ApplicationId, ClusterName, NodeName, ServerName, VirtualHostName } from "./names.ts";
import type { Node, Server } from "./server.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** A revision of the domain: frozen; the next one is another object. */
export interface Domain {
  readonly name: string;
  readonly revision: Revision;
  readonly virtualHosts: ReadonlyMap<VirtualHostName, VirtualHost>;
  readonly clusters: ReadonlyMap<ClusterName, Cluster>;
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly servers: ReadonlyMap<ServerName, Server>;
  readonly applications: ReadonlyMap<ApplicationId, Application>;
}

/** A domain in which nothing has happened yet: it has the virtual host `default_host` with alias `*:*`. */
export function emptyDomain(name: string): Domain {
  const defaultHost = "default_host" as VirtualHostName;
  return {
    name,
    revision: 0 as Revision,
    virtualHosts: new Map([[defaultHost, { name: defaultHost, aliases: ["*:*"] }]]),
    clusters: new Map(),
    nodes: new Map(),
    servers: new Map(),
    applications: new Map(),
  };
}
