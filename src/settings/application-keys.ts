// The keys of an application in `domain.yaml`: where it is, its sessions, its traffic, its editions.

import { dirname, resolve } from "node:path";
import type { Result } from "../base/result.ts";
import {
  MAINTENANCE_PAGE_LENGTH_MAX,
  type SessionSettings,
  type TrafficSettings,
} from "../domain/application.ts";
import type { ApplicationDeclaration, EditionDeclaration } from "../domain/command.ts";
import type { Target } from "../domain/edition.ts";
import type {
  ApplicationId,
  ClusterName,
  EditionLabel,
  RouteId,
  ServerName,
  VirtualHostName,
} from "../domain/names.ts";
import { AFFINITY, affinityOf } from "./affinity-keys.ts";
import type { Place, Reading } from "./reading.ts";
import { ROUTES, routesOf } from "./route-keys.ts";
import { choice, count, duration, size } from "./scalars.ts";
import type { Shape } from "./shape.ts";
import { defaulted, list, made, optional, record, required } from "./shape.ts";
import { ADDRESS, CONTEXT_ROOT, FILE_PATH, name, PATH_PATTERN, token } from "./words.ts";

/** Reads a page by its absolute path. */
export type PageReader = (path: string) => Result<string>;

const SESSIONS: Shape<SessionSettings> = made(
  record(
    {
      idleTimeout: defaulted(duration("30m", { min: 1000 }), {
        default: "30m",
        help: "A session with no request or tunnel open for so long is over; as the application itself has it.",
      }),
      absoluteTimeout: defaulted(duration("8h"), {
        default: "0s",
        help: "A session is over after so long in any case; 0s is no limit.",
      }),
      endedHeader: defaulted(token({ what: "a header's name", example: "Session-Ended" }), {
        default: "Session-Ended",
        help: "A response with this header set to 1 ends the session.",
      }),
    },
    "{ idleTimeout: 30m }",
  ),
  ({ idleTimeout, absoluteTimeout, endedHeader }) => ({
    idleMs: idleTimeout,
    absoluteMs: absoluteTimeout,
    endedHeader: endedHeader.toLowerCase(),
  }),
);

const TRAFFIC_KEYS = record(
  {
    connectTimeout: defaulted(duration("5s", { min: 10 }), {
      default: "5s",
      help: "To a connection with the server; beyond it the server is marked down.",
    }),
    serverIOTimeout: defaulted(duration("60s", { min: 10 }), {
      default: "60s",
      help: "To the first byte of the response; beyond it 504.",
    }),
    betweenBytesTimeout: defaulted(duration("5m", { min: 10 }), {
      default: "5m",
      help: "Longest pause within a response.",
    }),
    tunnelIdleTimeout: defaulted(duration("1h", { min: 10 }), {
      default: "1h",
      help: "A WebSocket or other tunnel without traffic for so long is closed.",
    }),
    retryInterval: defaulted(duration("60s", { min: 10 }), {
      default: "60s",
      help: "From a server's mark-down to the next trial.",
    }),
    postBufferSize: defaulted(size("64k", { min: 0, max: 16 * 1024 ** 2 }), {
      default: "64k",
      help: "Bodies up to this size may be sent again to another server; 0 is none.",
    }),
    queueLimit: defaulted(count(100, { min: 0, max: 100_000 }), {
      default: 100,
      help: "Requests of a worker that wait while every server is at its maxConnections.",
    }),
    queueTimeout: defaulted(duration("10s"), { default: "10s", help: "How long they wait; beyond it 503." }),
    closeSpread: defaulted(duration("10s"), {
      default: "10s",
      help: "Time over which a server's tunnels are closed when it goes to break.",
    }),
    servedByHeader: optional(token({ what: "a header's name", example: "X-Served-By" }), {
      help: "Response header that tells which server and edition answered; default none.",
    }),
  },
  "{ serverIOTimeout: 60s }",
);

const TRAFFIC: Shape<TrafficSettings> = made(TRAFFIC_KEYS, (written) => ({
  connectMs: written.connectTimeout,
  firstByteMs: written.serverIOTimeout,
  betweenBytesMs: written.betweenBytesTimeout,
  tunnelIdleMs: written.tunnelIdleTimeout,
  retryIntervalMs: written.retryInterval,
  postBufferBytes: written.postBufferSize,
  queueLimit: written.queueLimit,
  queueMs: written.queueTimeout,
  closeSpreadMs: written.closeSpread,
  servedByHeader: written.servedByHeader ?? "",
}));

const TARGET_KEYS = record(
  {
    cluster: optional(name<ClusterName>("Cluster01"), { help: "All members of this cluster." }),
    server: optional(name<ServerName>("Server01"), {
      help: "This server; a member of a cluster only with an address of its own.",
    }),
    address: optional(ADDRESS, {
      help: "Where this edition is on the server, if not at the server's address.",
    }),
    ...ROUTES,
  },
  "{ cluster: Cluster01 }",
);

const TARGET: Shape<Target> = made(TARGET_KEYS, (written, place, reading) => {
  const { cluster, server, address, route, routes } = written;
  if ((cluster === undefined) === (server === undefined)) {
    return reading.refuse(
      place,
      `A target is either a cluster or a server; write for example { cluster: Cluster01 }`,
    );
  }
  const given = routesOf<RouteId>(written, place, reading);
  if (given === undefined) return undefined;
  const hasRoutes = route !== undefined || routes !== undefined;
  if (server !== undefined) {
    return {
      kind: "server",
      server,
      ...(address === undefined ? {} : { address }),
      ...(hasRoutes ? { routes: given } : {}),
    };
  }
  if (address !== undefined || hasRoutes) {
    return reading.refuse(
      place,
      `"address" and "route" belong to a server; write for example { server: Server01, … }`,
    );
  }
  return cluster === undefined ? undefined : { kind: "cluster", cluster };
});

/** Where an edition is: a list as in `editions`, at least one. */
export const TARGETS: Shape<readonly Target[]> = list(TARGET, { minimum: 1 });

const EDITION_KEYS = record(
  {
    label: required(name<EditionLabel>('"1"'), { help: "Label of the edition." }),
    targets: required(TARGETS, { help: "Clusters and servers that have it." }),
    state: optional(choice(["running", "distributed"]), {
      help: "What a new edition begins as; default running for the first one, distributed for others. One that exists keeps its state.",
    }),
  },
  '{ label: "1", targets: [{ cluster: Cluster01 }] }',
);

const EDITIONS: Shape<readonly EditionDeclaration[]> = made(
  list(EDITION_KEYS, { minimum: 1, identity: (edition) => edition.label }),
  (editions) =>
    editions.map(({ label, targets, state }, index) => ({
      label,
      targets,
      initialState: state ?? (index === 0 ? "running" : "distributed"),
    })),
);

const APPLICATION_KEYS = record(
  {
    id: required(name<ApplicationId>("shop"), { help: "Id of the application." }),
    virtualHosts: defaulted(
      list(name<VirtualHostName>("default_host"), { minimum: 1, identity: (host) => host }),
      {
        default: ["default_host"],
        help: "Virtual hosts that lead to it.",
      },
    ),
    contextRoots: optional(list(CONTEXT_ROOT, { minimum: 1, identity: (root) => root }), {
      help: "Paths below which it lives; default / with the id, or none when paths are given.",
    }),
    paths: defaulted(list(PATH_PATTERN, { identity: (path) => path }), {
      default: [],
      help: "Further paths: /hello exactly, /a/* with all below, *.jsp by extension, /* all.",
    }),
    affinity: defaulted(AFFINITY, {
      default: {},
      help: "How a request finds the server that has its session.",
    }),
    sessions: defaulted(SESSIONS, { default: {}, help: "When sessions end." }),
    traffic: defaulted(TRAFFIC, { default: {}, help: "Timeouts and limits." }),
    onInstanceLost: defaulted(choice(["move", "error"]), {
      default: "move",
      help: "When no server of a session's edition is left: move it to the running edition, or answer 503.",
    }),
    maintenancePage: optional(FILE_PATH, {
      help: "HTML file, relative to this one, that is sent with 503 when no server is left.",
    }),
    editions: required(EDITIONS, {
      help: "Its versions, oldest first; the newest running one gets new users.",
    }),
  },
  '{ id: shop, editions: [{ label: "1", targets: [{ cluster: Cluster01 }] }] }',
);

/** The shape of an application; pages are read while the file is read, so that a missing one is a mistake of the file. */
export function applicationShape(context: {
  readonly file: string;
  readonly readFile?: PageReader;
}): Shape<ApplicationDeclaration> {
  return made(APPLICATION_KEYS, (written, place, reading) => {
    const { id, virtualHosts, paths, sessions, traffic, onInstanceLost, editions } = written;
    const page = pageOf(written.maintenancePage, context, place, reading);
    const affinity = affinityOf(written.affinity, id);
    if (page === undefined) return undefined;
    return {
      id,
      virtualHosts,
      contextRoots: written.contextRoots ?? (paths.length > 0 ? [] : [`/${id}`]),
      paths,
      affinity,
      sessions,
      traffic,
      onInstanceLost,
      maintenancePage: page,
      editions,
    };
  });
}

function pageOf(
  path: string | undefined,
  context: { readonly file: string; readonly readFile?: PageReader },
  place: Place,
  reading: Reading,
): string | undefined {
  if (path === undefined) return "";
  const at = { ...place, path: `${place.path}.maintenancePage` };
  if (context.readFile === undefined) return reading.refuse(at, "A page cannot be read from a file here");
  const page = context.readFile(resolve(dirname(context.file), path));
  if (!page.ok) return reading.refuse(at, page.fault.message);
  if (page.value.length <= MAINTENANCE_PAGE_LENGTH_MAX) return page.value;
  return reading.refuse(
    at,
    `"${path}" has ${page.value.length} characters; at most ${MAINTENANCE_PAGE_LENGTH_MAX} are sent`,
  );
}
