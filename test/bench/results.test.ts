import t, { type Test } from "tap";
import { Histogram } from "../../bench/load/histogram.ts";
import { type Row, summarize } from "../../bench/results.ts";

function row(round: number, peer: string, cpuUs: number): Row {
  const errors = { status: 0, length: 0, affinity: 0, lost: 0, timeout: 0, reconnects: 0, first: "" };
  return {
    round,
    case: "small",
    peer,
    sample: {
      kind: "load",
      cpuUsPerRequest: cpuUs,
      requestsPerSecond: 1,
      coreShare: 1,
      p50Us: 1,
      p99Us: 1,
      megabytesPerSecond: 1,
      megabytesPerCpuSecond: 1,
      errors,
    },
  };
}

t.test("a ratio compares within a round, and the median of the rounds counts", async (t: Test) => {
  const rows = [
    row(1, "tidegate", 10),
    row(1, "haproxy", 10),
    row(2, "tidegate", 60), // the machine was busy in this round
    row(2, "haproxy", 40),
    row(3, "tidegate", 13),
    row(3, "haproxy", 10),
  ];
  const [tidegate, haproxy] = summarize(rows, "tidegate");
  t.equal(tidegate?.cpuUs, 13);
  t.equal(tidegate?.ratio, undefined);
  t.equal(haproxy?.ratio, 1.3);
});

t.test("percentiles of latencies are at most 3 % off", async (t: Test) => {
  const histogram = new Histogram();
  for (let us = 1; us <= 10_000; us += 1) histogram.record(us);
  for (const [share, exact] of [
    [0.5, 5_000],
    [0.99, 9_900],
  ] as const) {
    const ratio = histogram.percentile(share) / exact;
    t.ok(ratio >= 1 && ratio < 1.03, String(ratio));
  }
  histogram.clear();
  t.equal(histogram.percentile(0.5), 0);
});
