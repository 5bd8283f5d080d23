// Whether an edition could serve now: every instance of it passes its server's probe once, or accepts a connection where the
// server has none. Servers in break or stop are not asked: no request goes there, and they may be down for the very work.

import type { Clock } from "../base/clock.ts";
import type { Domain } from "../domain/domain.ts";
import type { Edition } from "../domain/edition.ts";
import { type Instance, instancesOf, membersOf } from "../domain/instance.ts";
import { accessOf } from "../domain/mode.ts";
import { probeOnce } from "../health/probe-once.ts";
import type { ProbeTarget } from "../health/probe-targets.ts";
import type { Unready } from "./edition-verbs.ts";
import { effectiveModeOf } from "./routing-table.ts";

/** Time for all instances together; one that has not answered by then is not ready. */
export const VERIFY_MS = 5000;

/** Instances that are asked at once. */
const AT_ONCE_MAX = 128;

/** Asks every instance of an edition; answers within `VERIFY_MS` with those that are not ready, in order of its targets. */
export async function unreadyInstances(
  edition: Edition,
  domain: Domain,
  clock: Clock,
): Promise<readonly Unready[]> {
  const instances = instancesOf(edition, domain.servers, membersOf(domain.servers)).filter(
    ({ server }) => accessOf(effectiveModeOf(domain, server)) !== "closed",
  );
  const causes: (string | undefined)[] = [];
  const deadline = clock.monotonicMs() + VERIFY_MS;
  let next = 0;
  const askOn = async (): Promise<void> => {
    for (let at = next++; at < instances.length; at = next++) {
      const instance = instances[at];
      if (instance === undefined) return;
      causes[at] = await causeOf(instance, deadline - clock.monotonicMs(), clock);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE_MAX, instances.length) }, askOn));
  return instances.flatMap(({ server, address }, at) => {
    const cause = causes[at];
    return cause === undefined ? [] : [{ server: server.name, address, cause }];
  });
}

/** Why an instance is not ready; undefined when it is. */
async function causeOf(instance: Instance, leftMs: number, clock: Clock): Promise<string | undefined> {
  if (leftMs <= 0) return `it could not be asked within ${VERIFY_MS / 1000} s`;
  const outcome = await probeOnce(targetOf(instance, leftMs), clock, new AbortController().signal);
  return outcome.ok ? undefined : outcome.cause;
}

function targetOf({ server, address }: Instance, leftMs: number): ProbeTarget {
  const { name, probe } = server;
  if (probe.kind === "off") {
    const connect = { kind: "tcp", intervalMs: leftMs, timeoutMs: leftMs, fall: 1, rise: 1 } as const;
    return { server: name, address, probe: connect };
  }
  return { server: name, address, probe: { ...probe, timeoutMs: Math.min(probe.timeoutMs, leftMs) } };
}
