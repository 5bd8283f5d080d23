// The table of keys of `domain.yaml`, and how `Resources` come from it. Applications have a table of their own.

import type { Result } from "../base/result.ts";
import type { Balance } from "../domain/cluster.ts";
import type {
  ClusterDeclaration,
  Resources,
  ServerDeclaration,
  VirtualHostDeclaration,
} from "../domain/command.ts";
import type { ClusterName, NodeName, RouteId, ServerName, VirtualHostName } from "../domain/names.ts";
import { isName } from "../domain/names.ts";
import type { Probe } from "../domain/server.ts";
import type { PageReader } from "./application-keys.ts";
import { applicationShape } from "./application-keys.ts";
import { PROBE } from "./probe-keys.ts";
import { Reading } from "./reading.ts";
import { ROUTES, routesOf } from "./route-keys.ts";
import { choice, count, duration, FLAG } from "./scalars.ts";
import type { JsonSchema, Shape } from "./shape.ts";
import { defaulted, list, made, optional, record, refused, required } from "./shape.ts";
import { ADDRESS, ALIAS, hostOf, name } from "./words.ts";

/** What a `domain.yaml` needs besides its text. */
export interface ResourcesContext {
  /** Path of the file: it stands before every mistake, and relative paths begin at its folder. */
  readonly file: string;
  /** Reads a maintenance page by its absolute path; without it a page is refused, as where no files can be read. */
  readonly readFile?: PageReader;
}

/**
 * Reads a `domain.yaml` (JSON will do as well). References between its parts are checked when it is applied, since they
 * may lead to what the domain has already.
 *
 * @returns `BAD_SETTINGS` with one `file:line:column: message` in `details` for every mistake
 */
export function readResources(written: string, context: ResourcesContext): Result<Resources> {
  return Reading.read({ text: written, file: context.file }, resourcesShape(context));
}

/** The JSON schema of `domain.yaml`. */
export function resourcesSchema(): JsonSchema {
  return resourcesShape({ file: "domain.yaml" }).schema;
}

const VIRTUAL_HOST: Shape<VirtualHostDeclaration> = record(
  {
    name: required(name<VirtualHostName>("default_host"), { help: "Name of the virtual host." }),
    aliases: required(list(ALIAS, { minimum: 1, identity: (alias) => alias }), {
      help: "Hosts and ports that lead to it: host:port, *.example.com:*, *:80, *:*; without a port any will do.",
    }),
  },
  '{ name: default_host, aliases: ["*:*"] }',
);

const BALANCES: readonly Balance[] = ["weighted-round-robin", "random", "least-in-flight", "power-of-two"];

interface ClusterKeys {
  readonly cluster: ClusterDeclaration;
  /** The probe of members that have none of their own. */
  readonly probe: Probe | undefined;
}

const CLUSTER: Shape<ClusterKeys> = made(
  record(
    {
      name: required(name<ClusterName>("Cluster01"), { help: "Name of the cluster." }),
      balance: defaulted(choice(BALANCES), {
        default: "weighted-round-robin",
        help: "How requests without affinity are spread over the members.",
      }),
      countAffinity: defaulted(FLAG, {
        default: false,
        help: "Requests with affinity use up a server's turn too.",
      }),
      probe: optional(PROBE, { help: "Probe of the members in this file that have none of their own." }),
    },
    "{ name: Cluster01 }",
  ),
  ({ probe, ...cluster }) => ({ cluster, probe }),
);

const SERVER_KEYS = record(
  {
    name: required(name<ServerName>("Server01"), { help: "Name of the server." }),
    node: optional(name<NodeName>("node01"), {
      help: "Machine on which it runs; default the host of its address.",
    }),
    cluster: optional(name<ClusterName>("Cluster01"), { help: "Cluster of which it is a member." }),
    address: required(ADDRESS, { help: "Where it is reached: host:port, [v6]:port or unix:/path." }),
    ...ROUTES,
    weight: defaulted(count(1, { min: 0, max: 10_000 }), {
      default: 1,
      help: "Share of the requests without affinity; 0 gets none.",
    }),
    role: defaulted(choice(["primary", "backup"]), {
      default: "primary",
      help: "A backup gets requests only when no primary can.",
    }),
    maxConnections: defaulted(count(100, { min: 0, max: 1_000_000 }), {
      default: 0,
      help: "Requests in flight at most, over all workers of a router; 0 is no limit.",
    }),
    slowStart: defaulted(duration("30s"), {
      default: "0s",
      help: "Time over which the weight grows after the server became available; 0s is off.",
    }),
    probe: optional(PROBE, { help: "Active check of the server, or off." }),
    managed: optional(
      refused(
        "Managed servers are not supported by this version; start the server yourself and give its address",
      ),
      { help: "Reserved." },
    ),
  },
  '{ name: Server01, cluster: Cluster01, address: "127.0.0.1:9081", route: s1 }',
);

interface ServerKeys {
  readonly server: Omit<ServerDeclaration, "probe">;
  readonly probe: Probe | undefined;
}

const SERVER: Shape<ServerKeys> = made(SERVER_KEYS, (written, place, reading) => {
  const routes = routesOf<RouteId>(written, place, reading);
  if (routes === undefined) return undefined;
  const { name: called, cluster, address, weight, role, maxConnections, slowStart, probe } = written;
  const server = {
    name: called,
    node: written.node ?? nodeOf(address),
    address,
    routes,
    weight,
    role,
    maxConnections,
    slowStartMs: slowStart,
    ...(cluster === undefined ? {} : { cluster }),
  };
  return { server, probe };
});

/** Servers that share a host share a machine. */
function nodeOf(address: string): NodeName {
  const host = hostOf(address)?.replaceAll(":", "-") ?? "localhost";
  return (isName(host) ? host : `v6${host}`) as NodeName;
}

function resourcesShape(context: ResourcesContext): Shape<Resources> {
  const shape = record(
    {
      virtualHosts: defaulted(list(VIRTUAL_HOST, { identity: (host) => host.name }), {
        default: [],
        help: "Names for sets of hosts and ports; default_host with *:* exists already.",
      }),
      clusters: defaulted(list(CLUSTER, { identity: ({ cluster }) => cluster.name }), {
        default: [],
        help: "Servers alike, over which requests are balanced.",
      }),
      servers: defaulted(list(SERVER, { identity: ({ server }) => server.name }), {
        default: [],
        help: "The processes that serve.",
      }),
      applications: defaulted(
        list(applicationShape(context), { identity: (application) => application.id }),
        {
          default: [],
          help: "What hosts and context roots lead to.",
        },
      ),
    },
    "servers: []",
  );
  return made(shape, ({ virtualHosts, clusters, servers, applications }) => {
    const probes = new Map(clusters.map(({ cluster, probe }) => [cluster.name, probe]));
    return {
      virtualHosts,
      clusters: clusters.map(({ cluster }) => cluster),
      servers: servers.map(({ server, probe }) => ({
        ...server,
        probe: probe ?? (server.cluster && probes.get(server.cluster)) ?? { kind: "off" },
      })),
      applications,
    };
  });
}
