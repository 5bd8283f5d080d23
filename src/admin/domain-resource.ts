// The domain as a resource: what was declared and decided, without anything that was only seen.

import { Type } from "@sinclair/typebox";
import type { Application } from "../domain/application.ts";
import type { Cluster } from "../domain/cluster.ts";
import type { Domain } from "../domain/domain.ts";
import type { ModePlan, ModeSetting } from "../domain/mode.ts";
import type { Node, Server } from "../domain/server.ts";
import type { VirtualHost } from "../domain/virtual-host.ts";
import { count, epochMs, mode, oneOf, revision, type SchemaOf } from "./schema.ts";

/** The domain with lists in place of maps, in order of declaration. */
export interface DomainResource {
  readonly name: string;
  readonly revision: Domain["revision"];
  readonly virtualHosts: readonly VirtualHost[];
  readonly clusters: readonly Cluster[];
  readonly nodes: readonly Node[];
  readonly servers: readonly Server[];
  readonly applications: readonly Application[];
}

/** Makes the resource of a domain. */
export function domainResource(domain: Domain): DomainResource {
  return {
    name: domain.name,
    revision: domain.revision,
    virtualHosts: [...domain.virtualHosts.values()],
    clusters: [...domain.clusters.values()],
    nodes: [...domain.nodes.values()],
    servers: [...domain.servers.values()],
    applications: [...domain.applications.values()],
  };
}

/** A name of the domain; a brand exists only for the compiler. */
function name<Name extends string>(description: string): SchemaOf<Name> {
  return Type.Unsafe<Name>({ type: "string", description });
}

/** A part whose fields the manual describes, since they are those of `domain.yaml`. */
function part<Part>(description: string): SchemaOf<Part> {
  return Type.Unsafe<Part>({ type: "object", description });
}

const ModeSettingSchema: SchemaOf<ModeSetting> = Type.Object(
  {
    mode: mode("The operator's wish"),
    since: epochMs("Since when it holds"),
    actor: Type.String({ description: "Who set it" }),
    reason: Type.Optional(Type.String({ description: "Why" })),
    until: Type.Optional(epochMs("When the operator expects to be done")),
    page: Type.Optional(Type.String({ description: "HTML instead of the application's maintenance page" })),
    plan: Type.Optional(part<ModePlan>("The mode that begins by itself at `from`, with the same fields")),
  },
  { description: "A mode, with who set it and why" },
);

const VirtualHostSchema: SchemaOf<VirtualHost> = Type.Object({
  name: name<VirtualHost["name"]>("Name of the virtual host"),
  aliases: Type.Array(Type.String(), { description: "`host:port`, either of which may be `*`" }),
});

const ClusterSchema: SchemaOf<Cluster> = Type.Object({
  name: name<Cluster["name"]>("Name of the cluster"),
  balance: oneOf(
    ["weighted-round-robin", "random", "least-in-flight", "power-of-two"],
    "How requests without affinity are spread",
  ),
  countAffinity: Type.Boolean({ description: "Whether requests with affinity use up a server's turn" }),
});

const NodeSchema: SchemaOf<Node> = Type.Object({
  name: name<Node["name"]>("Name of the node"),
  mode: ModeSettingSchema,
});

const ServerSchema: SchemaOf<Server> = Type.Object({
  name: name<Server["name"]>("Name of the server"),
  node: name<Node["name"]>("Machine that it runs on"),
  cluster: Type.Optional(name<Cluster["name"]>("Cluster that it is a member of")),
  address: Type.String({ description: "`host:port`, `[v6]:port` or `unix:/path`" }),
  routes: Type.Array(name<Server["routes"][number]>("A route id"), {
    description: "Route ids that lead to it, the current one first",
  }),
  weight: count("Share of the requests without affinity"),
  role: oneOf(["primary", "backup"], "Backups get requests when no primary is left"),
  maxConnections: count("Requests in flight at most; 0 is no limit"),
  slowStartMs: count("Time in which its weight grows after it became available; 0 is off"),
  probe: part<Server["probe"]>("Its active probe, with `kind` off, tcp or http"),
  mode: ModeSettingSchema,
});

const ApplicationSchema: SchemaOf<Application> = Type.Object({
  id: name<Application["id"]>("Id of the application"),
  virtualHosts: Type.Array(name<VirtualHost["name"]>("Name of a virtual host")),
  contextRoots: Type.Array(Type.String(), { description: "Path prefixes by whole segments" }),
  paths: Type.Array(Type.String(), { description: "Further patterns, as in plugin-cfg.xml" }),
  affinity: part<Application["affinity"]>("How a request finds its session's server; `style` says which way"),
  sessions: part<Application["sessions"]>("Lifetime of sessions"),
  traffic: part<Application["traffic"]>("Timeouts and limits of its traffic"),
  onInstanceLost: oneOf(["move", "error"], "What happens to sessions whose edition has no server left"),
  maintenancePage: Type.String({
    description: "HTML shown when no server is left; empty is the built-in page",
  }),
  editions: Type.Array(
    Type.Object({
      label: name<Application["editions"][number]["label"]>("Label of the edition"),
      targets: Type.Array(
        part<Application["editions"][number]["targets"][number]>("A cluster or a server; `kind` says which"),
      ),
      lifecycle: part<Application["editions"][number]["lifecycle"]>("Its `state`, and since when"),
    }),
    { description: "Oldest first" },
  ),
});

/** Answer of `GET /v1/domain`. */
export const DomainSchema: SchemaOf<DomainResource> = Type.Object(
  {
    name: Type.String({ description: "Name of the domain" }),
    revision: revision("Number of the last accepted command"),
    virtualHosts: Type.Array(VirtualHostSchema),
    clusters: Type.Array(ClusterSchema),
    nodes: Type.Array(NodeSchema),
    servers: Type.Array(ServerSchema),
    applications: Type.Array(ApplicationSchema),
  },
  { description: "All that was declared and decided; what is only seen, such as load, is with the nouns" },
);
