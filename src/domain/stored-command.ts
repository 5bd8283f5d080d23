// Reads the commands and events of journal entries, which are stored as the plain JSON that they are.

import { unreachable } from "../base/assert.ts";
import { fault } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { failed, ok } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import type { ApplicationDeclaration, Command, ModeTarget, Origin, Resources } from "./command.ts";
import type { EditionChoice } from "./lifecycle.ts";
import type { EditionLabel } from "./names.ts";
import {
  readApplication,
  readCluster,
  readDeadline,
  readServer,
  readTarget,
  readVirtualHost,
} from "./stored-parts.ts";
import { StoredReader } from "./stored-reader.ts";

/** Reads a stored command; `JOURNAL_CORRUPT` names what is not as it should be, an unknown kind among it. */
export function decodeCommand(value: unknown): Result<Command> {
  const mistakes: string[] = [];
  const command = readCommand(new StoredReader(value, "command", mistakes));
  const [first] = mistakes;
  if (first === undefined) return ok(command);
  return failed(fault("JOURNAL_CORRUPT", `Cannot read a stored command: ${first}`, { details: mistakes }));
}

function readCommand(stored: StoredReader): Command {
  const origin = readOrigin(stored.object("origin"));
  const kind = stored.word("kind", [
    "distribute-edition",
    "start-edition",
    "undeploy-edition",
    "finish-edition",
    "remove-server",
    "remove-application",
    "end-session",
    "set-mode",
    "begin-planned-mode",
    "apply-resources",
  ]);
  switch (kind) {
    case "distribute-edition":
    case "start-edition":
    case "undeploy-edition":
    case "finish-edition":
      return readEditionCommand(stored, kind, origin);
    case "remove-server":
      return { kind, origin, name: stored.text("name") };
    case "remove-application":
      return { kind, origin, id: stored.text("id") };
    case "end-session":
      return {
        kind,
        origin,
        application: stored.text("application"),
        fingerprint: stored.text("fingerprint"),
      };
    case "set-mode":
      return {
        kind,
        origin,
        target: readModeTarget(stored.object("target")),
        mode: stored.word("mode", ["normal", "affinity", "break", "stop"]),
        ...stored.optional("from", (key) => stored.number<EpochMs>(key)),
        ...stored.optional("until", (key) => stored.number<EpochMs>(key)),
        ...stored.optional("page", (key) => stored.text(key)),
      };
    case "begin-planned-mode":
      return { kind, origin, target: readModeTarget(stored.object("target")), from: stored.number("from") };
    case "apply-resources":
      return { kind, origin, resources: readStoredResources(stored.object("resources")) };
    default:
      return unreachable(kind);
  }
}

type EditionCommandKind = "distribute-edition" | "start-edition" | "undeploy-edition" | "finish-edition";

function readEditionCommand(stored: StoredReader, kind: EditionCommandKind, origin: Origin): Command {
  const application = stored.text<ApplicationDeclaration["id"]>("application");
  const label = (key: string): EditionLabel => stored.text(key);
  switch (kind) {
    case "distribute-edition": {
      const targets = stored.optional("targets", (key) => stored.list(key, readTarget));
      return { kind, origin, application, label: label("label"), ...targets };
    }
    case "start-edition":
      return { kind, origin, application, ...stored.optional("label", label), until: readDeadline(stored) };
    case "undeploy-edition": {
      const drain = stored.optional("drainMs", (key) => stored.number(key));
      const choice = readChoice(stored.object("choice"));
      return { kind, origin, application, choice, ...drain, isForced: stored.flag("isForced") };
    }
    case "finish-edition": {
      const cause = stored.word("cause", ["drained", "deadline"]);
      return { kind, origin, application, label: label("label"), since: stored.number("since"), cause };
    }
    default:
      return unreachable(kind);
  }
}

function readChoice(stored: StoredReader): EditionChoice {
  const kind = stored.word("kind", ["only", "old", "new", "all", "edition"]);
  return kind === "edition" ? { kind, label: stored.text("label") } : { kind };
}

function readOrigin(stored: StoredReader): Origin {
  return { actor: stored.text("actor"), ...stored.optional("reason", (key) => stored.text(key)) };
}

function readModeTarget(stored: StoredReader): ModeTarget {
  const kind = stored.word("kind", ["server", "node"]);
  return kind === "server" ? { kind, name: stored.text("name") } : { kind, name: stored.text("name") };
}

function readStoredResources(stored: StoredReader): Resources {
  return {
    virtualHosts: stored.list("virtualHosts", readVirtualHost),
    clusters: stored.list("clusters", readCluster),
    servers: stored.list("servers", readServer),
    applications: stored.list("applications", readDeclaration),
  };
}

function readDeclaration(stored: StoredReader): ApplicationDeclaration {
  const editions = stored.list("editions", (edition) => ({
    label: edition.text<ApplicationDeclaration["editions"][number]["label"]>("label"),
    targets: edition.list("targets", readTarget),
    initialState: edition.word("initialState", ["distributed", "running"]),
  }));
  return { ...readApplication(stored), editions };
}
