// What a scrape of /metrics shows, from the rows and the workers at that moment.

import type { Revision } from "../base/units.ts";
import type { MetricsPicture, SeriesGauges } from "../metrics/catalogue.ts";
import type { SeriesLabels, SeriesLimit } from "../metrics/series.ts";
import type { TrafficTotals } from "../metrics/traffic-totals.ts";
import type { MarkMessage } from "../routing/messages.ts";
import type { InstanceRow } from "./instance-picture.ts";
import type { WorkerRecord } from "./workers.ts";
import { revisionOf } from "./workers.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Makes the picture; rows beyond the limit of series are one. */
export function metricsPicture(parts: {
  readonly revision: Revision;
  readonly totals: TrafficTotals;
  readonly limit: SeriesLimit;
  readonly rows: readonly InstanceRow[];
  readonly workers: readonly WorkerRecord[];
  readonly marks: ReadonlyMap<string, number>;
}): MetricsPicture {
  const series = new Map<SeriesLabels, Writable<SeriesGauges>>();
  for (const row of parts.rows) {
    const { application, edition, entry, work } = row;
    const labels = parts.limit.admit({
      application: application.id,
      edition: edition.label,
      server: entry.server,
    });
    const sum = series.get(labels) ?? noGauges(labels);
    series.set(labels, sum);
    sum.inFlight += work.inFlight;
    sum.queued += work.queued;
    sum.sessions += row.sessions;
    sum.webSockets += work.webSockets;
    sum.streams += work.streams;
    sum.tunnels += work.tunnels;
    if (row.status === "down") sum.down += 1;
    else sum.up += 1;
  }
  return {
    revision: parts.revision,
    totals: parts.totals.sum(),
    series: [...series.values()],
    workers: parts.workers.map((worker) => ({
      slot: worker.slot,
      revision: revisionOf(worker),
      openConnections: worker.report?.openConnections ?? 0,
      rssBytes: worker.report?.rssBytes ?? 0,
      heapBytes: worker.report?.heapBytes ?? 0,
    })),
    marks: parts.marks,
  };
}

/** Counts mark messages by `state/by`. */
export class MarkCounts {
  readonly byKind: Map<string, number> = new Map();

  add(mark: MarkMessage): void {
    const key = `${mark.state}/${mark.by}`;
    this.byKind.set(key, (this.byKind.get(key) ?? 0) + 1);
  }
}

function noGauges(labels: SeriesLabels): Writable<SeriesGauges> {
  return {
    labels,
    inFlight: 0,
    queued: 0,
    sessions: 0,
    webSockets: 0,
    streams: 0,
    tunnels: 0,
    up: 0,
    down: 0,
  };
}
