// Reads what a journal line holds. Its checksum says that it is what was written; this says that we understand it.

import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { EpochMs, Revision } from "../base/units.ts";
import type { DomainEvent } from "../domain/command.ts";
import { decodeCommand } from "../domain/stored-command.ts";
import type { JournalEntry } from "./journal.ts";

/** An entry from stored JSON; `JOURNAL_CORRUPT` when it is of a version or shape that this program does not know. */
export function decodeEntry(stored: unknown): Result<JournalEntry> {
  if (!isObject(stored)) return refuse("JOURNAL_CORRUPT", "Cannot read a journal entry: it is no object");
  const { version, revision, at, command, events } = stored;
  if (version !== 1) {
    return refuse("JOURNAL_CORRUPT", `Cannot read a journal entry: its version is "${String(version)}"`, {
      hint: "It was written by a newer Tidegate; run that one",
    });
  }
  if (typeof revision !== "number" || typeof at !== "number") {
    return refuse("JOURNAL_CORRUPT", "Cannot read a journal entry: it has no revision or no time");
  }
  if (!Array.isArray(events) || !events.every(isEvent)) {
    return refuse("JOURNAL_CORRUPT", `Cannot read the events of revision ${revision}`);
  }
  const decoded = decodeCommand(command);
  if (!decoded.ok) return decoded;
  return ok({
    version,
    revision: revision as Revision,
    at: at as EpochMs,
    command: decoded.value,
    events,
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEvent(value: unknown): value is DomainEvent {
  if (!isObject(value)) return false;
  const { kind, subject, message } = value;
  return typeof kind === "string" && typeof subject === "string" && typeof message === "string";
}
