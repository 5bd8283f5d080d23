// Readers of the parts that stored domains and stored commands have in common.

import { unreachable } from "../base/assert.ts";
import type { EpochMs } from "../base/units.ts";
import type { Affinity, SessionSettings, TrafficSettings } from "./application.ts";
import type { Cluster } from "./cluster.ts";
import type { ApplicationDeclaration, ServerDeclaration } from "./command.ts";
import type { Target } from "./edition.ts";
import type { Probe } from "./server.ts";
import type { StoredReader } from "./stored-reader.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** Reads until when an edition retires: a time, or as long as it takes. */
export function readDeadline(stored: StoredReader): EpochMs | "drained" {
  return stored.isText("until") ? stored.word("until", ["drained"]) : stored.number<EpochMs>("until");
}

/** Reads a virtual host. */
export function readVirtualHost(stored: StoredReader): VirtualHost {
  return { name: stored.text("name"), aliases: stored.texts("aliases") };
}

/** Reads a cluster. */
export function readCluster(stored: StoredReader): Cluster {
  return {
    name: stored.text("name"),
    balance: stored.word("balance", ["weighted-round-robin", "random", "least-in-flight", "power-of-two"]),
    countAffinity: stored.flag("countAffinity"),
  };
}

/** Reads what a server is declared with. */
export function readServer(stored: StoredReader): ServerDeclaration {
  return {
    name: stored.text("name"),
    node: stored.text("node"),
    ...stored.optional("cluster", (key) => stored.text<NonNullable<ServerDeclaration["cluster"]>>(key)),
    address: stored.text("address"),
    routes: stored.texts("routes"),
    weight: stored.number("weight"),
    role: stored.word("role", ["primary", "backup"]),
    maxConnections: stored.number("maxConnections"),
    slowStartMs: stored.number("slowStartMs"),
    probe: readProbe(stored.object("probe")),
  };
}

function readProbe(stored: StoredReader): Probe {
  const kind = stored.word("kind", ["off", "tcp", "http"]);
  if (kind === "off") return { kind };
  const clocks = {
    intervalMs: stored.number("intervalMs"),
    timeoutMs: stored.number("timeoutMs"),
    fall: stored.number("fall"),
    rise: stored.number("rise"),
  };
  if (kind === "tcp") return { kind, ...clocks };
  const statuses = { statusMin: stored.number("statusMin"), statusMax: stored.number("statusMax") };
  return { kind, path: stored.text("path"), ...statuses, ...clocks };
}

/** Reads an application without its editions. */
export function readApplication(stored: StoredReader): Omit<ApplicationDeclaration, "editions"> {
  return {
    id: stored.text("id"),
    virtualHosts: stored.texts("virtualHosts"),
    contextRoots: stored.texts("contextRoots"),
    paths: stored.texts("paths"),
    affinity: readAffinity(stored.object("affinity")),
    sessions: readSessions(stored.object("sessions")),
    traffic: readTraffic(stored.object("traffic")),
    onInstanceLost: stored.word("onInstanceLost", ["move", "error"]),
    maintenancePage: stored.text("maintenancePage"),
  };
}

function readAffinity(stored: StoredReader): Affinity {
  const style = stored.word("style", ["none", "suffix", "rewrite", "insert", "learn", "hash"]);
  const text = (key: string): string => stored.text(key);
  const cookie = stored.optional("cookie", text);
  const url = stored.optional("urlParameter", text);
  switch (style) {
    case "none":
      return { style, ...cookie, ...url };
    case "suffix":
      return {
        style,
        cookie: text("cookie"),
        separator: text("separator"),
        cacheIdLength: stored.number("cacheIdLength"),
        ...url,
      };
    case "rewrite":
      return { style, cookie: text("cookie"), separator: text("separator"), ...url };
    case "insert":
      return { style, routerCookie: text("routerCookie"), ...cookie, ...url };
    case "learn":
      return { style, cookie: text("cookie"), ...url };
    case "hash": {
      const on = stored.word("on", ["address", "header", "cookie"]);
      return { style, on, ...stored.optional("name", text), ...cookie, ...url };
    }
    default:
      return unreachable(style);
  }
}

function readSessions(stored: StoredReader): SessionSettings {
  return {
    idleMs: stored.number("idleMs"),
    absoluteMs: stored.number("absoluteMs"),
    endedHeader: stored.text("endedHeader"),
  };
}

function readTraffic(stored: StoredReader): TrafficSettings {
  return {
    connectMs: stored.number("connectMs"),
    firstByteMs: stored.number("firstByteMs"),
    betweenBytesMs: stored.number("betweenBytesMs"),
    tunnelIdleMs: stored.number("tunnelIdleMs"),
    retryIntervalMs: stored.number("retryIntervalMs"),
    postBufferBytes: stored.number("postBufferBytes"),
    queueLimit: stored.number("queueLimit"),
    queueMs: stored.number("queueMs"),
    closeSpreadMs: stored.number("closeSpreadMs"),
    servedByHeader: stored.text("servedByHeader"),
  };
}

/** Reads a target of an edition. */
export function readTarget(stored: StoredReader): Target {
  const kind = stored.word("kind", ["cluster", "server"]);
  if (kind === "cluster") return { kind, cluster: stored.text("cluster") };
  return {
    kind,
    server: stored.text("server"),
    ...stored.optional("address", (key) => stored.text(key)),
    ...stored.optional("routes", (key) =>
      stored.texts<NonNullable<(Target & { kind: "server" })["routes"]>[number]>(key),
    ),
  };
}
