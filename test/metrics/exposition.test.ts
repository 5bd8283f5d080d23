import { readFileSync } from "node:fs";
import t from "tap";
import type { Revision } from "../../src/base/units.ts";
import type { MetricsPicture } from "../../src/metrics/catalogue.ts";
import { METRICS } from "../../src/metrics/catalogue.ts";
import { Metrics } from "../../src/metrics/exposition.ts";
import { SeriesLimit } from "../../src/metrics/series.ts";
import { TrafficTotals } from "../../src/metrics/traffic-totals.ts";
import { aReport, traffic } from "../support/reports.ts";

function picture(totals: TrafficTotals): MetricsPicture {
  return {
    revision: 7 as Revision,
    totals: totals.sum(),
    series: [
      {
        labels: { application: "shop", edition: "1", server: "Server01" },
        inFlight: 3,
        queued: 0,
        sessions: 12,
        webSockets: 1,
        streams: 2,
        tunnels: 0,
        up: 1,
        down: 0,
      },
    ],
    workers: [{ slot: 0, revision: 7 as Revision, openConnections: 5, rssBytes: 100, heapBytes: 50 }],
    marks: new Map([["down/traffic", 2]]),
  };
}

/** The value of one line, by its text up to the value. */
function sampleOf(text: string, line: string): number | undefined {
  const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

t.test(
  "a scrape shows requests, durations and open work per application, edition and server [C4]",
  async (t) => {
    const totals = new TrafficTotals(new SeriesLimit());
    totals.observe(
      aReport({
        traffic: [traffic({ statuses: [0, 10, 0, 1, 2], durations: [4, 8, 0, 1], durationSumMs: 1500 })],
      }),
    );
    const metrics = new Metrics(() => picture(totals));
    const { contentType, text } = await metrics.expose();
    const labels = 'application="shop",edition="1",server="Server01"';
    t.match(contentType, /^text\/plain; version=0\.0\.4/);
    t.equal(sampleOf(text, `tidegate_requests_total{${labels},class="2xx"}`), 10);
    t.equal(sampleOf(text, `tidegate_requests_total{${labels},class="5xx"}`), 2);
    t.equal(sampleOf(text, `tidegate_requests_in_flight{${labels}}`), 3);
    t.equal(sampleOf(text, `tidegate_sessions{${labels}}`), 12);
    t.equal(sampleOf(text, `tidegate_tunnels{${labels},kind="stream"}`), 2);
    t.equal(sampleOf(text, 'tidegate_marks_total{state="down",by="traffic"}'), 2);
    t.equal(sampleOf(text, 'tidegate_worker_revision{worker="0"}'), 7);
  },
);

t.test("duration buckets are cumulative, in seconds, and end with the count of all", async (t) => {
  const totals = new TrafficTotals(new SeriesLimit());
  totals.observe(aReport({ traffic: [traffic({ durations: [4, 8, 0, 1], durationSumMs: 1500 })] }));
  const { text } = await new Metrics(() => picture(totals)).expose();
  const labels = 'application="shop",edition="1",server="Server01"';
  t.equal(sampleOf(text, `tidegate_request_duration_seconds_bucket{${labels},le="0.001"}`), 4);
  t.equal(sampleOf(text, `tidegate_request_duration_seconds_bucket{${labels},le="0.002"}`), 12);
  t.equal(sampleOf(text, `tidegate_request_duration_seconds_bucket{${labels},le="0.01"}`), 13);
  t.equal(sampleOf(text, `tidegate_request_duration_seconds_bucket{${labels},le="+Inf"}`), 13);
  t.equal(sampleOf(text, `tidegate_request_duration_seconds_sum{${labels}}`), 1.5);
  t.equal(sampleOf(text, `tidegate_request_duration_seconds_count{${labels}}`), 13);
});

t.test("two scrapes at once get the same whole answer", async (t) => {
  const totals = new TrafficTotals(new SeriesLimit());
  totals.observe(aReport({ traffic: [traffic({ statuses: [0, 10, 0, 0, 0] })] }));
  const metrics = new Metrics(() => picture(totals));
  const [one, other] = await Promise.all([metrics.expose(), metrics.expose()]);
  t.equal(one.text, other.text);
});

t.test("the manual names every metric with its type and labels, and no other [C4]", async (t) => {
  const manual = readFileSync("docs/metrics.md", "utf8");
  const rows = [...manual.matchAll(/^\| `(tidegate_[a-z_]+)` \| (\w+) \| ([^|]*) \|/gm)];
  const documented = rows.map(([, name, type, labels]) => [name, type, labels?.replaceAll("`", "").trim()]);
  const labelsOf = (labels: readonly string[]): string =>
    labels.length === 0 ? "none" : labels.filter((label) => label !== "le").join(", ");
  t.strictSame(
    documented,
    METRICS.map(({ name, type, labels }) => [name, type, labelsOf(labels)]),
  );
});
