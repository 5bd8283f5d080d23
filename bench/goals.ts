// The speed that Tidegate promises, as ratios against others in the same round, and whether a run met it.

import type { Summary } from "./results.ts";

interface Goal {
  readonly case: string;
  readonly words: string;
  /** The figure to hold against the limit; undefined when somebody needed was not measured. */
  readonly figure: (found: (peer: string) => Summary | undefined) => number | undefined;
  readonly atMost?: number;
  readonly atLeast?: number;
}

function ratioTo(peer: string): Goal["figure"] {
  return (found) => found(peer)?.ratio;
}

const GOALS: readonly Goal[] = [
  { case: "browser", words: "processor time over HAProxy's", figure: ratioTo("haproxy"), atMost: 1.7 },
  { case: "browser", words: "processor time over Apache httpd's", figure: ratioTo("httpd"), atMost: 0.5 },
  { case: "browser", words: "processor time over http-proxy's", figure: ratioTo("http-proxy"), atMost: 0.25 },
  {
    case: "1m",
    words: "throughput over nginx's",
    figure(found) {
      const [own, nginx] = [found("tidegate")?.megabytesPerSecond, found("nginx")?.megabytesPerSecond];
      return own === undefined || nginx === undefined ? undefined : own / nginx;
    },
    atLeast: 0.8,
  },
  {
    case: "idle",
    words: "bytes for an idle connection",
    figure: (found) => found("tidegate")?.bytesPerConnection,
    atMost: 6_144,
  },
  { case: "web-socket", words: "processor time over HAProxy's", figure: ratioTo("haproxy"), atMost: 1.7 },
  { case: "flips", words: "errors", figure: (found) => found("tidegate")?.errors, atMost: 0 },
  { case: "log", words: "processor time with over without", figure: ratioTo("tidegate"), atMost: 1.1 },
  {
    case: "instances",
    words: "processor time at 10,000 over 10",
    figure: ratioTo("tidegate-10"),
    atMost: 1.05,
  },
];

/** One line for each goal that the run could tell about. */
export function goalLines(summariesByCase: ReadonlyMap<string, readonly Summary[]>): readonly string[] {
  return GOALS.flatMap((goal) => {
    const summaries = summariesByCase.get(goal.case) ?? [];
    const figure = goal.figure((peer) => summaries.find((one) => one.peer === peer));
    if (figure === undefined || !Number.isFinite(figure)) return [];
    const isMet = figure <= (goal.atMost ?? Infinity) && figure >= (goal.atLeast ?? -Infinity);
    const limit = goal.atMost === undefined ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`;
    const shown = Number.isInteger(figure) ? String(figure) : figure.toFixed(figure > 100 ? 0 : 2);
    return [`${isMet ? "met   " : "MISSED"}  ${goal.case}: ${goal.words} ${shown} (${limit})`];
  });
}
