// What the workers have counted since they started, summed so that no counter goes down when a worker is replaced: the
// last report of a dead incarnation stays in the sum. (A counter starts anew with the control process, as Prometheus expects.)

import type { AffinityOutcome, Report, TrafficCounts } from "../routing/report.ts";
import { DURATION_BOUNDS_MS } from "../routing/report.ts";
import type { SeriesLabels, SeriesLimit } from "./series.ts";

/** Termination causes that are told apart; the proxy has a fixed list well below it. */
const CAUSES_MAX = 100;

/** Counts of one series. */
export interface SeriesTotals {
  /** By class, 1xx … 5xx. */
  readonly statuses: number[];
  readonly durations: number[];
  durationSumMs: number;
  requestBytes: number;
  responseBytes: number;
  retries: number;
  connectFailures: number;
}

/** Sums over all series and all that belongs to no series. */
export interface Totals {
  readonly series: Map<SeriesLabels, SeriesTotals>;
  readonly causes: Map<string, number>;
  readonly affinity: Map<AffinityOutcome, number>;
  acceptedConnections: number;
  accessLogDropped: number;
}

/** Folds reports. Give it every report of a live worker in the order in which they come, and every worker's end. */
export class TrafficTotals {
  readonly #limit: SeriesLimit;
  /** The last report of each incarnation that has ended, summed. */
  readonly #ended: Totals = noTotals();
  readonly #last: Map<string, Report> = new Map();

  /** @param limit - shared with whoever labels gauges of the same instances */
  constructor(limit: SeriesLimit) {
    this.#limit = limit;
  }

  /** Takes a report; the one before it of the same incarnation is replaced. */
  observe(report: Report): void {
    this.#last.set(report.incarnation, report);
  }

  /** The incarnation has ended: what it has counted stays. */
  end(incarnation: string): void {
    const last = this.#last.get(incarnation);
    if (last === undefined) return;
    this.#last.delete(incarnation);
    this.#add(this.#ended, last);
  }

  /** Everything so far. The caller owns it. */
  sum(): Totals {
    const totals = noTotals();
    addTotals(totals, this.#ended);
    for (const report of this.#last.values()) this.#add(totals, report);
    return totals;
  }

  #add(totals: Totals, report: Report): void {
    for (const counts of report.traffic) {
      const labels = this.#limit.admit(counts);
      addSeries(seriesOf(totals, labels), counts);
    }
    for (const [cause, count] of Object.entries(report.causes)) {
      const isKnown = totals.causes.has(cause) || totals.causes.size < CAUSES_MAX;
      increase(totals.causes, isKnown ? cause : "other", count);
    }
    for (const [outcome, count] of Object.entries(report.affinity)) {
      increase(totals.affinity, outcome as AffinityOutcome, count); // the keys of a Record<AffinityOutcome, …>
    }
    totals.acceptedConnections += report.acceptedConnections;
    totals.accessLogDropped += report.accessLogDropped;
  }
}

function noTotals(): Totals {
  return {
    series: new Map(),
    causes: new Map(),
    affinity: new Map(),
    acceptedConnections: 0,
    accessLogDropped: 0,
  };
}

function addTotals(totals: Totals, more: Totals): void {
  for (const [labels, counts] of more.series) addSeries(seriesOf(totals, labels), counts);
  for (const [cause, count] of more.causes) increase(totals.causes, cause, count);
  for (const [outcome, count] of more.affinity) increase(totals.affinity, outcome, count);
  totals.acceptedConnections += more.acceptedConnections;
  totals.accessLogDropped += more.accessLogDropped;
}

function seriesOf(totals: Totals, labels: SeriesLabels): SeriesTotals {
  let series = totals.series.get(labels);
  if (series === undefined) {
    series = {
      statuses: [0, 0, 0, 0, 0],
      durations: new Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0),
      durationSumMs: 0,
      requestBytes: 0,
      responseBytes: 0,
      retries: 0,
      connectFailures: 0,
    };
    totals.series.set(labels, series);
  }
  return series;
}

function addSeries(series: SeriesTotals, more: SeriesTotals | TrafficCounts): void {
  addEach(series.statuses, more.statuses);
  addEach(series.durations, more.durations);
  series.durationSumMs += more.durationSumMs;
  series.requestBytes += more.requestBytes;
  series.responseBytes += more.responseBytes;
  series.retries += more.retries;
  series.connectFailures += more.connectFailures;
}

function addEach(sums: number[], more: readonly number[]): void {
  for (const [index, sum] of sums.entries()) sums[index] = sum + (more[index] ?? 0);
}

function increase<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
