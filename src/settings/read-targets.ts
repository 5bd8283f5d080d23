// Targets of an edition as a command gives them: the same values as in `domain.yaml`, read by the same shapes.

import { fault } from "../base/fault.ts";
import { failed, type Result } from "../base/result.ts";
import type { Target } from "../domain/edition.ts";
import { TARGETS } from "./application-keys.ts";
import { Reading } from "./reading.ts";

/** Reads targets such as `[{ "server": "Server01", "address": "127.0.0.1:9082" }]`; `BAD_REQUEST` names every mistake. */
export function readTargets(written: readonly object[]): Result<readonly Target[]> {
  const read = Reading.read({ text: JSON.stringify(written), file: "targets" }, TARGETS);
  if (read.ok) return read;
  const details = read.fault.details?.map((line) => line.replace(/^targets:\d+:\d+: /, "targets")) ?? [];
  const hint =
    'Write targets as in domain.yaml, such as { "server": "Server01", "address": "127.0.0.1:9082" }';
  return failed(fault("BAD_REQUEST", "Cannot take the targets", { details, hint }));
}
