import t from "tap";
import { OTHER, SeriesLimit } from "../../src/metrics/series.ts";
import { TrafficTotals } from "../../src/metrics/traffic-totals.ts";
import { aReport, traffic } from "../support/reports.ts";

/** Sum of the 2xx responses over all series. */
function served(totals: TrafficTotals): number {
  return [...totals.sum().series.values()].reduce((sum, series) => sum + (series.statuses[1] ?? 0), 0);
}

t.test("counters do not go down when a worker dies and another takes its place [C4]", async (t) => {
  const totals = new TrafficTotals(new SeriesLimit());
  totals.observe(aReport({ incarnation: "a", traffic: [traffic({ statuses: [0, 40, 0, 0, 0] })] }));
  totals.observe(aReport({ incarnation: "a", traffic: [traffic({ statuses: [0, 50, 0, 0, 0] })] }));
  t.equal(served(totals), 50);
  totals.end("a");
  totals.end("a");
  totals.observe(aReport({ incarnation: "b" }));
  t.equal(served(totals), 50, "the new worker has served nothing yet");
  totals.observe(aReport({ incarnation: "b", traffic: [traffic({ statuses: [0, 5, 0, 0, 0] })] }));
  t.equal(served(totals), 55);
  totals.end("b");
  totals.observe(aReport({ incarnation: "c", traffic: [traffic({ statuses: [0, 1, 0, 0, 0] })] }));
  t.equal(served(totals), 56);
  totals.observe(aReport({ incarnation: "d", traffic: [traffic({ statuses: [0, 1, 0, 0, 0] })] }));
  t.equal(served(totals), 57, "two at once in one slot, while the worker is replaced");
});

t.test("the workers of a router are summed", async (t) => {
  const totals = new TrafficTotals(new SeriesLimit());
  for (const worker of [0, 1, 2]) {
    totals.observe(
      aReport({
        worker,
        incarnation: `w${worker}`,
        acceptedConnections: 2,
        causes: { done: 3 },
        affinity: { none: 0, new: 1, kept: 2, "failed-over": 0, moved: 0, invalid: 0 },
        traffic: [
          traffic({ statuses: [0, 10, 0, 0, 0], requestBytes: 7, durations: [1], durationSumMs: 0.5 }),
        ],
      }),
    );
  }
  const sum = totals.sum();
  const [series] = sum.series.values();
  t.equal(sum.series.size, 1);
  t.match(series, { statuses: [0, 30, 0, 0, 0], requestBytes: 21, durationSumMs: 1.5 });
  t.equal(series?.durations[0], 3);
  t.equal(sum.acceptedConnections, 6);
  t.equal(sum.causes.get("done"), 9);
  t.equal(sum.affinity.get("kept"), 6);
});

t.test("causes beyond the limit are counted as one [C4]", async (t) => {
  const totals = new TrafficTotals(new SeriesLimit(2));
  const causes = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`cause-${index}`, 2]));
  totals.observe(aReport({ causes }));
  const sum = totals.sum();
  t.equal(sum.causes.size, 101);
  t.equal(sum.causes.get("cause-99"), 2);
  t.equal(sum.causes.get("other"), 800);
});

t.test("series beyond the limit are counted as one, and those within keep their names [C4]", async (t) => {
  const totals = new TrafficTotals(new SeriesLimit(2));
  const report = aReport({
    traffic: ["Server01", "Server02", "Server03", "Server04"].map((server) =>
      traffic({ server, statuses: [0, 1, 0, 0, 0] }),
    ),
  });
  totals.observe(report);
  for (const sum of [totals.sum(), totals.sum()]) {
    t.strictSame(
      [...sum.series].map(([labels, series]) => [labels.server, series.statuses[1]]),
      [
        ["Server01", 1],
        ["Server02", 1],
        [OTHER.server, 2],
      ],
    );
  }
});
