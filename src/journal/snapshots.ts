// Snapshots of the domain: whole files with a checksum, the newest two kept. They make a start short; the entries alone
// would do, so a damaged snapshot is no loss.

import { join } from "node:path";
import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { Domain } from "../domain/domain.ts";
import type { Disk } from "../system/disk.ts";
import { readFileIfThere, writeFileWhole } from "../system/disk.ts";
import { decodeWhole, encodeWhole } from "./record.ts";
import { snapshotName, snapshotRevision } from "./segments.ts";

const KEPT = 2;

/** How a domain is stored; the journal does not know. */
export interface DomainCodec {
  encode(domain: Domain): unknown;
  decode(stored: unknown): Result<Domain>;
}

/** Where snapshots are, and what is told about damaged ones. */
export interface SnapshotPlace {
  readonly disk: Disk;
  readonly folder: string;
  readonly codec: DomainCodec;
  readonly onDamaged: (path: string) => void;
}

/**
 * The newest snapshot that is whole; undefined when there is none. One that is whole and not understood is a fault, for
 * to go on from an older one would mean to read with old eyes what a newer program wrote.
 */
export async function newestSnapshot(
  place: SnapshotPlace,
  names: readonly string[],
): Promise<Result<Domain | undefined>> {
  for (const name of names.filter((each) => snapshotRevision(each) !== undefined).reverse()) {
    const path = join(place.folder, name);
    const stored = decodeWhole((await readFileIfThere(path, place.disk)) ?? Buffer.alloc(0));
    if (stored === undefined) {
      place.onDamaged(path);
      continue;
    }
    return readStored(place, path, stored);
  }
  return ok(undefined);
}

/** Writes a snapshot and removes those that are no longer kept. Rejects when the disk fails; nothing of it remains then. */
export async function writeSnapshot(place: SnapshotPlace, domain: Domain): Promise<void> {
  const { disk, folder } = place;
  const content = encodeWhole({ version: 1, domain: place.codec.encode(domain) });
  await writeFileWhole(join(folder, snapshotName(domain.revision)), content, disk);
  const all = (await disk.list(folder)).filter((name) => snapshotRevision(name) !== undefined);
  for (const name of all.slice(0, -KEPT)) await disk.remove(join(folder, name));
}

function readStored(place: SnapshotPlace, path: string, stored: unknown): Result<Domain> {
  const version = typeof stored === "object" && stored !== null && "version" in stored ? stored.version : 0;
  if (version !== 1 || typeof stored !== "object" || stored === null || !("domain" in stored)) {
    return refuse("JOURNAL_CORRUPT", `Cannot read "${path}": its version is "${String(version)}"`, {
      hint: "It was written by a newer Tidegate; run that one",
    });
  }
  const domain = place.codec.decode(stored.domain);
  if (domain.ok) return domain;
  return refuse("JOURNAL_CORRUPT", `Cannot read "${path}": ${domain.fault.message}`);
}
