// Every metric: name, type, labels, help, and where its samples come from. docs/metrics.md is held against this list.

import type { Revision } from "../base/units.ts";
import { DURATION_BOUNDS_MS } from "../routing/report.ts";
import type { SeriesLabels } from "./series.ts";
import type { SeriesTotals, Totals } from "./traffic-totals.ts";

/** The state of one series at the moment of a scrape, summed over the workers. */
export interface SeriesGauges {
  readonly labels: SeriesLabels;
  readonly inFlight: number;
  readonly queued: number;
  readonly sessions: number;
  readonly webSockets: number;
  readonly streams: number;
  /** Tunnels other than WebSocket. */
  readonly tunnels: number;
  /** Instances that are not marked down, and that are. */
  readonly up: number;
  readonly down: number;
}

/** The state of one worker at the moment of a scrape. */
export interface WorkerGauges {
  readonly slot: number;
  readonly revision: Revision;
  readonly openConnections: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** All that a scrape shows. */
export interface MetricsPicture {
  readonly revision: Revision;
  readonly totals: Totals;
  readonly series: readonly SeriesGauges[];
  readonly workers: readonly WorkerGauges[];
  /** Mark messages since control started, by `state/by`, such as `down/traffic`. */
  readonly marks: ReadonlyMap<string, number>;
}

/** One line of the exposition; `name` only where it differs from the metric's (histograms). */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly name?: string;
}

/** A metric of the catalogue. */
export interface MetricSpec {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
  readonly samples: (picture: MetricsPicture) => readonly Sample[];
}

const SERIES_LABELS = ["application", "edition", "server"] as const;
const CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;
const DURATION = "tidegate_request_duration_seconds";

/** The catalogue. Names are stable: dashboards are built on them. */
export const METRICS: readonly MetricSpec[] = [
  {
    name: "tidegate_requests_total",
    type: "counter",
    labels: [...SERIES_LABELS, "class"],
    help: "Responses by class of status, the router's own answers included (server is empty where none was chosen)",
    samples: ({ totals }) =>
      [...totals.series].flatMap(([labels, { statuses }]) =>
        CLASSES.map((name, index) => ({ labels: { ...labels, class: name }, value: statuses[index] ?? 0 })),
      ),
  },
  {
    name: DURATION,
    type: "histogram",
    labels: [...SERIES_LABELS, "le"],
    help: "From the first byte of a request to the last byte of its response",
    samples: ({ totals }) => [...totals.series].flatMap(([labels, series]) => histogram(labels, series)),
  },
  counter(
    "tidegate_request_bytes_total",
    "Bytes of requests, heads included",
    (series) => series.requestBytes,
  ),
  counter("tidegate_response_bytes_total", "Bytes of response bodies", (series) => series.responseBytes),
  counter(
    "tidegate_retries_total",
    "Requests sent again, counted where they failed",
    (series) => series.retries,
  ),
  counter(
    "tidegate_connect_failures_total",
    "Connections to a server that could not be opened",
    (series) => series.connectFailures,
  ),
  gauge(
    "tidegate_requests_in_flight",
    "Requests in flight, tunnels and streams included",
    (row) => row.inFlight,
  ),
  gauge("tidegate_requests_queued", "Requests that wait for a place (maxConnections)", (row) => row.queued),
  gauge("tidegate_sessions", "Live sessions", (row) => row.sessions),
  {
    name: "tidegate_tunnels",
    type: "gauge",
    labels: [...SERIES_LABELS, "kind"],
    help: "Open tunnels and streams: websocket, stream (server-sent events), other",
    samples: ({ series }) =>
      series.flatMap(({ labels, webSockets, streams, tunnels }) => [
        { labels: { ...labels, kind: "websocket" }, value: webSockets },
        { labels: { ...labels, kind: "stream" }, value: streams },
        { labels: { ...labels, kind: "other" }, value: tunnels },
      ]),
  },
  gauge("tidegate_instances_up", "Instances that are not marked down", (row) => row.up),
  gauge("tidegate_instances_down", "Instances that are marked down", (row) => row.down),
  {
    name: "tidegate_marks_total",
    type: "counter",
    labels: ["state", "by"],
    help: "Marks of instances since control started: state down, trial or up; by traffic or probe",
    samples: ({ marks }) =>
      [...marks].map(([key, value]) => {
        const [state = "", by = ""] = key.split("/");
        return { labels: { state, by }, value };
      }),
  },
  {
    name: "tidegate_affinity_total",
    type: "counter",
    labels: ["outcome"],
    help: "Requests by how affinity found their instance",
    samples: ({ totals }) => [...totals.affinity].map(([outcome, value]) => ({ labels: { outcome }, value })),
  },
  {
    name: "tidegate_terminations_total",
    type: "counter",
    labels: ["cause"],
    help: "Requests by termination cause, as in the access log",
    samples: ({ totals }) => [...totals.causes].map(([cause, value]) => ({ labels: { cause }, value })),
  },
  {
    name: "tidegate_connections_accepted_total",
    type: "counter",
    labels: [],
    help: "Client connections accepted",
    samples: ({ totals }) => [{ labels: {}, value: totals.acceptedConnections }],
  },
  {
    name: "tidegate_access_log_dropped_total",
    type: "counter",
    labels: [],
    help: "Lines of the access log that were dropped because its target was too slow",
    samples: ({ totals }) => [{ labels: {}, value: totals.accessLogDropped }],
  },
  {
    name: "tidegate_revision",
    type: "gauge",
    labels: [],
    help: "Revision of the domain as stored",
    samples: ({ revision }) => [{ labels: {}, value: revision }],
  },
  {
    name: "tidegate_workers",
    type: "gauge",
    labels: [],
    help: "Live router workers",
    samples: ({ workers }) => [{ labels: {}, value: workers.length }],
  },
  worker("tidegate_worker_revision", "Revision by which the worker decides", (row) => row.revision),
  worker("tidegate_worker_connections_open", "Open client connections", (row) => row.openConnections),
  worker("tidegate_worker_resident_memory_bytes", "Resident memory of the worker", (row) => row.rssBytes),
  worker("tidegate_worker_heap_bytes", "Used JavaScript heap of the worker", (row) => row.heapBytes),
];

function counter(name: string, help: string, read: (series: SeriesTotals) => number): MetricSpec {
  return {
    name,
    type: "counter",
    labels: SERIES_LABELS,
    help,
    samples: ({ totals }) =>
      [...totals.series].map(([labels, series]) => ({ labels: { ...labels }, value: read(series) })),
  };
}

function gauge(name: string, help: string, read: (row: SeriesGauges) => number): MetricSpec {
  return {
    name,
    type: "gauge",
    labels: SERIES_LABELS,
    help,
    samples: ({ series }) => series.map((row) => ({ labels: { ...row.labels }, value: read(row) })),
  };
}

function worker(name: string, help: string, read: (row: WorkerGauges) => number): MetricSpec {
  return {
    name,
    type: "gauge",
    labels: ["worker"],
    help,
    samples: ({ workers }) =>
      workers.map((row) => ({ labels: { worker: String(row.slot) }, value: read(row) })),
  };
}

/** Cumulative buckets, then sum and count, as Prometheus wants them; seconds instead of milliseconds. */
function histogram(labels: SeriesLabels, series: SeriesTotals): readonly Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (const [index, inBucket] of series.durations.entries()) {
    count += inBucket;
    const boundMs = DURATION_BOUNDS_MS[index];
    const le = boundMs === undefined ? "+Inf" : String(boundMs / 1000);
    samples.push({ name: `${DURATION}_bucket`, labels: { ...labels, le }, value: count });
  }
  samples.push({ name: `${DURATION}_sum`, labels: { ...labels }, value: series.durationSumMs / 1000 });
  samples.push({ name: `${DURATION}_count`, labels: { ...labels }, value: count });
  return samples;
}
