// Prometheus' text format by prom-client. The counts come from the workers' reports, not from prom-client's own counters:
// its metrics are subclassed so that their values are read from one picture, taken at the moment of the scrape.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { MetricSpec, MetricsPicture, Sample } from "./catalogue.ts";
import { METRICS } from "./catalogue.ts";

/** A scrape's answer. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** Shows the catalogue's metrics. */
export class Metrics {
  readonly #registry: Registry = new Registry();
  readonly #take: () => MetricsPicture;
  #picture: MetricsPicture | undefined;

  /** @param take - makes the picture; called once a scrape */
  constructor(take: () => MetricsPicture) {
    this.#take = take;
    for (const spec of METRICS) this.#register(spec);
  }

  /** The whole exposition. */
  async expose(): Promise<Exposition> {
    this.#picture = this.#take(); // every metric is read in this same turn, before the first await inside
    const text = await this.#registry.metrics();
    return { contentType: this.#registry.contentType, text };
  }

  #register(spec: MetricSpec): void {
    const read = (): Sample[] => {
      const picture = this.#picture;
      return picture === undefined ? [] : [...spec.samples(picture)];
    };
    const configuration = {
      name: spec.name,
      help: spec.help,
      labelNames: spec.labels.filter((label) => label !== "le"),
      registers: [this.#registry],
    };
    if (spec.type === "counter") new ReadCounter(configuration, read);
    else if (spec.type === "gauge") new ReadGauge(configuration, read);
    else new ReadHistogram(configuration, read);
  }
}

/** What prom-client wants of a metric's value. */
interface Value {
  readonly labels: Record<string, string>;
  readonly value: number;
  readonly metricName?: string;
}

interface Configuration {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

function values(samples: readonly Sample[]): Value[] {
  return samples.map(({ name, labels, value }) => ({
    labels: { ...labels },
    value,
    ...(name === undefined ? {} : { metricName: name }),
  }));
}

class ReadCounter extends Counter {
  readonly #read: () => readonly Sample[];

  constructor(configuration: Configuration, read: () => readonly Sample[]) {
    super(configuration);
    this.#read = read;
  }

  override async get(): ReturnType<Counter["get"]> {
    const own = values(this.#read());
    return { ...(await super.get()), values: own };
  }
}

class ReadGauge extends Gauge {
  readonly #read: () => readonly Sample[];

  constructor(configuration: Configuration, read: () => readonly Sample[]) {
    super(configuration);
    this.#read = read;
  }

  override async get(): ReturnType<Gauge["get"]> {
    const own = values(this.#read());
    return { ...(await super.get()), values: own };
  }
}

class ReadHistogram extends Histogram {
  readonly #read: () => readonly Sample[];
  /** Has the same name and never a value: its `get` would call ours. */
  readonly #empty: Histogram;

  constructor(configuration: Configuration, read: () => readonly Sample[]) {
    super(configuration);
    this.#read = read;
    this.#empty = new Histogram({ ...configuration, registers: [] });
  }

  override async get(): ReturnType<Histogram["get"]> {
    const own = values(this.#read());
    return { ...(await this.#empty.get()), values: own };
  }

  /** The registry asks a histogram for its text's values by this name; it is not in prom-client's types. */
  getForPromString(): ReturnType<Histogram["get"]> {
    return this.get();
  }
}
