import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds, from a fast hop on one machine to a request that waits for a model to load. */
const secondsBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Node's own that go through everything that is open: with ten thousand sockets each look holds all of them up. */
const listings = ['active_resources', 'active_handles', 'active_requests'].flatMap((name) => [
  `nodejs_${name}`,
  `nodejs_${name}_total`,
]);

/** One process's metrics. Labels must have few values: never an id, a name or a model. */
export class Metrics {
  readonly registry = new Registry();

  constructor(private readonly prefix: string) {
    this.registry.setDefaultLabels({ service: prefix });
    collectDefaultMetrics({ register: this.registry });
    for (const listing of listings) this.registry.removeSingleMetric(listing);
  }

  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) {
    return new Counter({ ...this.named(name, help), labelNames: [...labelNames] });
  }

  /** A gauge; with `read`, its value is asked for when somebody looks. */
  gauge(name: string, help: string, read?: () => number | Promise<number>) {
    return new Gauge({
      ...this.named(name, help),
      ...(read && {
        async collect() {
          this.set(await read());
        },
      }),
    });
  }

  /** A gauge of several values, told apart by labels. */
  gaugeOf<Label extends string>(name: string, help: string, labelNames: readonly Label[]) {
    return new Gauge({ ...this.named(name, help), labelNames: [...labelNames] });
  }

  histogramSeconds<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ) {
    return new Histogram({
      ...this.named(name, help),
      labelNames: [...labelNames],
      buckets: secondsBuckets,
    });
  }

  private named(name: string, help: string) {
    return { name: `aisbf_${this.prefix}_${name}`, help, registers: [this.registry] };
  }
}
