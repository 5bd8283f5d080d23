// The domain as the journal tells it: the newest snapshot and every entry after it, folded through `apply`.

import { refuse } from "../base/fault.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import { apply } from "../domain/apply.ts";
import type { Domain } from "../domain/domain.ts";
import { emptyDomain } from "../domain/domain.ts";
import type { JournalContent } from "../journal/journal.ts";

/** What a master starts from. */
export interface Recovered {
  readonly domain: Domain;
  /** Time of the last entry, 0 when there is none after the snapshot. */
  readonly lastAt: EpochMs;
  /** Entries after the snapshot. */
  readonly sinceSnapshot: number;
}

/**
 * Folds the journal. Replay must come to the same revisions as the commands did when they were accepted: anything else
 * (a gap, a command that is refused now, another domain's journal) is `JOURNAL_CORRUPT`, never a domain that differs.
 */
export function recoverDomain(name: string, content: JournalContent): Result<Recovered> {
  let domain = content.snapshot ?? emptyDomain(name);
  if (domain.name !== name) {
    return refuse(
      "JOURNAL_CORRUPT",
      `Cannot replay the journal: it is of domain "${domain.name}", not "${name}"`,
      {
        hint: 'Set "domain" in tidegate.yaml to the name that the journal has, or choose another data directory',
      },
    );
  }
  let lastAt = 0 as EpochMs;
  for (const entry of content.entries) {
    const applied = apply(domain, entry.command, entry.at);
    if (!applied.ok) {
      return refuse("JOURNAL_CORRUPT", `Cannot replay revision ${entry.revision}: ${applied.fault.message}`);
    }
    if (applied.value.domain.revision !== entry.revision) {
      const came = applied.value.domain.revision;
      return refuse("JOURNAL_CORRUPT", `Cannot replay revision ${entry.revision}: it comes out as ${came}`);
    }
    domain = applied.value.domain;
    lastAt = entry.at;
  }
  return ok({ domain, lastAt, sinceSnapshot: content.entries.length });
}
