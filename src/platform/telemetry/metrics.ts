/** Prometheus metrics: the only file that knows prom-client. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

export interface MetricFamily {
  set(labels: Record<string, string>, value: number): void;
  /** Forgets all label values, so that a server that left does not stay. */
  reset(): void;
}

export interface MetricsRegistry {
  contentType: string;
  /** A name that ends in `_total` is a counter, any other a gauge. */
  family(name: string, help: string, labelNames: readonly string[]): MetricFamily;
  text(): Promise<string>;
}

/** A registry with the process's own metrics (`process_…`) and those of this thread's loop (`nodejs_…`). */
export function createRegistry(): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    contentType: registry.contentType,
    family(name, help, labelNames) {
      const options = { name, help, labelNames: [...labelNames], registers: [registry] };
      if (!name.endsWith('_total')) return new Gauge(options);
      const counter = new Counter(options);
      // What is counted elsewhere arrives as a sum: into a family that was reset.
      return { set: (labels, value) => counter.inc(labels, value), reset: () => counter.reset() };
    },
    text: () => registry.metrics(),
  };
}
