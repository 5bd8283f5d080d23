// The first start on a data directory has nothing to serve by but the included domain.yaml: a mistake in it ends the start,
// while later ones are logged and the domain is served on as it was (SPEC C5, F2).

import { existsSync } from "node:fs";
import { join } from "node:path";
import { refuse } from "../base/fault.ts";
import { ok, type Result } from "../base/result.ts";
import type { EpochMs } from "../base/units.ts";
import { apply } from "../domain/apply.ts";
import { emptyDomain } from "../domain/domain.ts";
import type { ProcessSettings } from "../settings/process-settings.ts";
import { readResources } from "../settings/read-resources.ts";
import { readText } from "./load-settings.ts";

/** Faults: `FILE_UNREADABLE`, or what is wrong in the file, one detail a mistake. */
export function checkFirstStart(settings: ProcessSettings): Result<void> {
  const { include, dataDir, domain } = settings;
  if (include === "" || existsSync(join(dataDir, "journal"))) return ok(undefined);
  const text = readText(include);
  if (!text.ok) return text;
  const resources = readResources(text.value, { file: include, readFile: readText });
  if (!resources.ok) return resources;
  const origin = { actor: "check" };
  const command = { kind: "apply-resources", origin, resources: resources.value } as const;
  const applied = apply(emptyDomain(domain), command, 0 as EpochMs);
  if (applied.ok) return ok(undefined);
  const { code, message, details = [message] } = applied.fault;
  return refuse(code, `Cannot start with "${include}": ${message}`, {
    details,
    hint: `\`tidegate check ${include}\` says where`,
  });
}
