// The keys of an active probe.

import type { Probe } from "../domain/server.ts";
import { choice, count, duration, either, text } from "./scalars.ts";
import type { Shape } from "./shape.ts";
import { defaulted, made, record } from "./shape.ts";

const STATUSES: Shape<{ readonly min: number; readonly max: number }> = text(
  {
    what: "a status or range of statuses",
    example: '"200-399"',
    pattern: "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$",
  },
  (written) => {
    const [, low, high = low] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(written) ?? [];
    return low === undefined || Number(high) < Number(low)
      ? undefined
      : { min: Number(low), max: Number(high) };
  },
);

const PROBE_KEYS = record(
  {
    type: defaulted(choice(["http", "tcp"]), {
      default: "http",
      help: "http asks for a path, tcp only connects.",
    }),
    path: defaulted(
      text({ what: "a path", example: "/health" }, (written) =>
        /^\/[\x21-\x7e]*$/.test(written) ? written : undefined,
      ),
      { default: "/", help: "Path that an http probe asks for." },
    ),
    status: defaulted(STATUSES, { default: "200-399", help: "Statuses that count as healthy." }),
    interval: defaulted(duration("5s", { min: 100 }), { default: "5s", help: "Time between two probes." }),
    timeout: defaulted(duration("2s", { min: 10 }), {
      default: "2s",
      help: "When a probe without answer has failed.",
    }),
    fall: defaulted(count(3, { min: 1, max: 1000 }), {
      default: 3,
      help: "Failures in a row that take the server down.",
    }),
    rise: defaulted(count(2, { min: 1, max: 1000 }), {
      default: 2,
      help: "Successes in a row that bring it back.",
    }),
  },
  "{ path: /health, interval: 5s }",
);

const WRITTEN_PROBE: Shape<Probe> = made(PROBE_KEYS, (written) => {
  const { type, path, status, interval, timeout, fall, rise } = written;
  const common = { intervalMs: interval, timeoutMs: timeout, fall, rise };
  if (type === "tcp") return { kind: "tcp", ...common };
  return { kind: "http", path, statusMin: status.min, statusMax: status.max, ...common };
});

const NO_PROBE: Shape<Probe> = made(choice(["off"]), () => ({ kind: "off" }));

/** `off`, or the keys of a probe. */
export const PROBE: Shape<Probe> = either(WRITTEN_PROBE, NO_PROBE, (written) => written === undefined);
