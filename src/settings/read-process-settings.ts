// The table of keys of `tidegate.yaml`: type, unit, limits, default, help, restart; and how `ProcessSettings` come from it.

import { dirname, join, resolve } from "node:path";
import type { Result } from "../base/result.ts";
import { isName } from "../domain/names.ts";
import type {
  AdminSettings,
  ListenerSettings,
  ProcessSettings,
  Role,
  RouterSettings,
} from "./process-settings.ts";
import type { Place } from "./reading.ts";
import { Reading } from "./reading.ts";
import { choice, count, duration, either, FLAG, size } from "./scalars.ts";
import type { JsonSchema, Key, Shape } from "./shape.ts";
import { defaulted, list, made, optional, record } from "./shape.ts";
import { FILE_PATH, isLoopback, LISTEN_ADDRESS, NETWORK, name, portOf, token } from "./words.ts";

/** What the defaults depend on. */
export interface ProcessContext {
  /** Path of `tidegate.yaml`: it stands before every mistake, and relative paths begin at its folder. */
  readonly file: string;
  /** The default of `node`. */
  readonly hostName: string;
  /** What `workers: auto` means. */
  readonly cpus: number;
}

/** The system lets the path of a Unix socket be no longer (`sun_path`, less its end mark). */
const SOCKET_PATH_BYTES_MAX = 107;

/**
 * Reads a `tidegate.yaml`; an empty text gives the defaults.
 *
 * @returns `BAD_SETTINGS` with one `file:line:column: message` in `details` for every mistake
 */
export function readProcessSettings(written: string, context: ProcessContext): Result<ProcessSettings> {
  return Reading.read({ text: written, file: context.file }, processShape(context));
}

/** The JSON schema of `tidegate.yaml`. */
export function processSchema(): JsonSchema {
  return processShape({ file: "tidegate.yaml", hostName: "localhost", cpus: 1 }).schema;
}

/** Every key of this file is read when a process starts. */
function key<T>(shape: Shape<T>, written: unknown, help: string): Key<T> {
  return defaulted(shape, { default: written, help, needsRestart: true });
}

const CLIENT = record(
  {
    headSize: key(
      size("16k", { min: 1024, max: 1024 ** 2 }),
      "16k",
      "Longest request head; beyond it 431 or 414.",
    ),
    headTimeout: key(
      duration("10s", { min: 100 }),
      "10s",
      "From the first byte of a request to the end of its head; beyond it 408.",
    ),
    stallTimeout: key(
      duration("30s", { min: 100 }),
      "30s",
      "Longest pause of a request body, and of a client that does not read its response.",
    ),
    idleTimeout: key(
      duration("75s", { min: 100 }),
      "75s",
      "How long a connection may wait for its next request.",
    ),
    requestsMax: key(
      count(0, { min: 0, max: 1e9 }),
      0,
      "Requests after which a connection is let go gently; 0 is no limit.",
    ),
    connectionsMax: key(count(20_000, { min: 1, max: 1e7 }), 20_000, "Open connections of a worker."),
    connectionsPerAddress: key(
      count(0, { min: 0, max: 1e7 }),
      0,
      "Open connections of one client address to a worker; 0 is no limit.",
    ),
  },
  "{ idleTimeout: 75s }",
);

const UPSTREAM = record(
  {
    idleConnections: key(
      count(64, { min: 0, max: 100_000 }),
      64,
      "Idle connections that a worker keeps to an instance.",
    ),
    idleTimeout: key(
      duration("15s", { min: 0 }),
      "15s",
      "When an idle connection to an instance is closed; sooner where the instance says so.",
    ),
    freshTime: key(
      duration("1s", { min: 0 }),
      "1s",
      "A request that may not be sent twice takes no connection that was idle for longer.",
    ),
  },
  "{ idleTimeout: 15s }",
);

const LISTENER: Shape<ListenerSettings> = made(
  record(
    {
      name: key(name("http"), "http", "Name in logs and metrics."),
      listen: key(LISTEN_ADDRESS, "0.0.0.0:8080", "Where to listen: host:port, [v6]:port or unix:/path."),
      virtualHost: optional(name("intranet"), {
        help: "Every request belongs to this virtual host, whatever its Host field says.",
        needsRestart: true,
      }),
      port: optional(count(80, { min: 1, max: 65_535 }), {
        help: "Port that counts for virtual hosts when the Host field has none; default the listener's own.",
        needsRestart: true,
      }),
      preview: key(
        FLAG,
        false,
        "Shows testers what users cannot see yet: an edition that is only distributed, else servers in break.",
      ),
    },
    '{ name: http, listen: "0.0.0.0:8080" }',
  ),
  ({ name: called, listen, virtualHost, port, preview }) => ({
    name: called,
    address: listen,
    port: port ?? portOf(listen, 80),
    isPreview: preview,
    ...(virtualHost === undefined ? {} : { virtualHost }),
  }),
);

const LISTENERS: Shape<readonly ListenerSettings[]> = made(
  list(LISTENER, { minimum: 1, identity: (listener) => listener.name }),
  (listeners, place, reading) => {
    const seen = new Set<string>();
    for (const { address } of listeners) {
      if (seen.has(address)) return reading.refuse(place, `Two listeners have the address "${address}"`);
      if (portOf(address, 0) !== 0 || address.startsWith("unix:")) seen.add(address);
    }
    return listeners;
  },
);

const ACCESS_LOG = record(
  {
    format: key(choice(["off", "json", "combined"]), "off", "json, combined (as Apache's), or off."),
    path: optional(FILE_PATH, {
      help: "A file, relative to this one, or stdout; default access.log under the data directory.",
      needsRestart: true,
    }),
  },
  "{ format: json, path: access.log }",
);

const ROUTER = record(
  {
    workers: key(
      either(choice(["auto"]), count(2, { min: 1, max: 256 }), (written) => !/^[\d.+-]/.test(written ?? "")),
      "auto",
      "Processes that carry the traffic; auto is one for each processor.",
    ),
    listeners: key(LISTENERS, [{ name: "http", listen: "0.0.0.0:8080" }], "Where clients come in."),
    client: key(CLIENT, {}, "Limits and clocks of the client side."),
    upstream: key(UPSTREAM, {}, "Connections to the instances."),
    accessLog: key(ACCESS_LOG, {}, "One line for each request."),
    trustedProxies: key(list(NETWORK), [], "Networks whose X-Forwarded-* and Forwarded fields are believed."),
    forwarded: key(FLAG, false, "Also write the Forwarded field of RFC 7239."),
    requestId: key(FLAG, true, "Make an X-Request-Id where there is none."),
    traceparent: key(FLAG, false, "Start a W3C traceparent where there is none."),
    via: key(
      token({ what: "a pseudonym", example: "tidegate" }),
      "tidegate",
      "Name of this router in the Via field.",
    ),
    sessionsMax: key(
      count(1_000_000, { min: 1, max: 100_000_000 }),
      1_000_000,
      "Sessions that a worker knows at most; beyond, the least recently seen are forgotten.",
    ),
  },
  "{ workers: auto }",
);

const ADMIN_KEYS = record(
  {
    listen: key(
      either(choice(["off"]), LISTEN_ADDRESS, (written) => written === "off"),
      "127.0.0.1:9700",
      "Where the admin API and /metrics listen; off leaves the Unix socket only.",
    ),
    socket: optional(FILE_PATH, {
      help: "Unix socket of the admin API; default control.sock under the data directory.",
      needsRestart: true,
    }),
    tokensFile: optional(FILE_PATH, {
      help: "File with one `name role token` a line; without it, whoever can connect is an administrator.",
      needsRestart: true,
    }),
  },
  '{ listen: "127.0.0.1:9700" }',
);

const ADMIN: typeof ADMIN_KEYS = made(ADMIN_KEYS, (admin, place, reading) => {
  if (admin.listen === "off" || isLoopback(admin.listen) || admin.tokensFile !== undefined) return admin;
  return reading.refuse(
    place,
    `"${admin.listen}" is open to the network; name a file of tokens under tokensFile, or listen on 127.0.0.1`,
  );
});

const ROLES: readonly Role[] = ["master", "router", "agent"];

const PROCESS = record(
  {
    domain: key(name("shop"), "tidegate", "Name of the domain."),
    node: optional(name("node01"), {
      help: "Name of this machine; default its host name.",
      needsRestart: true,
    }),
    roles: key(
      list(choice(ROLES), { minimum: 1, identity: (role) => role }),
      ROLES,
      "What this process tree does: master, router, agent.",
    ),
    data: key(FILE_PATH, "./var", "Directory of journal and sockets, relative to this file."),
    admin: key(ADMIN, {}, "The admin API."),
    router: key(ROUTER, {}, "The data plane."),
    include: optional(FILE_PATH, {
      help: "A domain.yaml, relative to this file, that is applied at boot as `tidegate apply` does.",
      needsRestart: true,
    }),
    logLevel: key(choice(["debug", "info", "warn", "error"]), "info", "How much goes to the log."),
    stopGrace: key(duration("30s"), "30s", "How long a stopping worker lets requests finish."),
  },
  "domain: shop",
);

type Written = typeof PROCESS extends Shape<infer T> ? T : never;

function processShape(context: ProcessContext): Shape<ProcessSettings> {
  return made(PROCESS, (written, place, reading) => {
    const folder = dirname(context.file);
    const dataDir = resolve(folder, written.data);
    const admin = adminSettings(written.admin, { folder, dataDir }, place, reading);
    if (admin === undefined) return undefined;
    return {
      domain: written.domain,
      node: written.node ?? nodeName(context.hostName),
      roles: written.roles,
      dataDir,
      admin,
      router: routerSettings(written.router, { folder, dataDir, cpus: context.cpus }),
      include: written.include === undefined ? "" : resolve(folder, written.include),
      logLevel: written.logLevel,
      stopGraceMs: written.stopGrace,
    };
  });
}

/** A host name is nearly always a name; what is not is made one. */
function nodeName(hostName: string): string {
  const usable = hostName.replace(/[^A-Za-z0-9_.-]/g, "-").slice(0, 64);
  return isName(usable) ? usable : "localhost";
}

function adminSettings(
  admin: Written["admin"],
  at: { readonly folder: string; readonly dataDir: string },
  place: Place,
  reading: Reading,
): AdminSettings | undefined {
  const listen = admin.listen === "off" ? "" : admin.listen;
  const socket =
    admin.socket === undefined ? join(at.dataDir, "control.sock") : resolve(at.folder, admin.socket);
  if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES_MAX) {
    return reading.refuse(
      place,
      `The path of the admin socket, "${socket}", is longer than ${SOCKET_PATH_BYTES_MAX} bytes; write a shorter one under admin: socket`,
    );
  }
  const tokensFile = admin.tokensFile === undefined ? "" : resolve(at.folder, admin.tokensFile);
  return { listen, socket, tokensFile };
}

function routerSettings(
  router: Written["router"],
  at: { readonly folder: string; readonly dataDir: string; readonly cpus: number },
): RouterSettings {
  const { client, upstream, accessLog } = router;
  const path =
    accessLog.path === undefined ? join(at.dataDir, "access.log") : resolveLog(at.folder, accessLog.path);
  return {
    workers: router.workers === "auto" ? Math.max(1, at.cpus) : router.workers,
    listeners: router.listeners,
    client: {
      headBytes: client.headSize,
      headMs: client.headTimeout,
      stallMs: client.stallTimeout,
      idleMs: client.idleTimeout,
      requestsMax: client.requestsMax,
      connectionsMax: client.connectionsMax,
      connectionsPerAddress: client.connectionsPerAddress,
    },
    upstream: {
      idleConnections: upstream.idleConnections,
      idleMs: upstream.idleTimeout,
      freshMs: upstream.freshTime,
    },
    accessLog: { format: accessLog.format, path },
    trustedProxies: router.trustedProxies,
    forwarded: router.forwarded,
    requestId: router.requestId,
    traceparent: router.traceparent,
    via: router.via,
    sessionsMax: router.sessionsMax,
  };
}

function resolveLog(folder: string, path: string): string {
  return path === "stdout" ? path : resolve(folder, path);
}
