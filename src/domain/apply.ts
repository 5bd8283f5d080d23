// The one way in which a domain changes: pure, deterministic, the same at boot (replay) as live.

import type { Result } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import type { Command, DomainEvent } from "./command.ts";
import type { Domain } from "./domain.ts";

/** The next domain (its revision is one higher) and what happened; no events means that nothing changed. */
export interface Applied {
  readonly domain: Domain;
  readonly events: readonly DomainEvent[];
}

/** Applies one command, or says why not; a refused command changes nothing. */
export function apply(domain: Domain, command: Command, now: EpochMs): Result<Applied> {
  throw new Error(`TODO ${domain.name} ${command.kind} ${now}`);
}
