/** Prometheus metrics: the only file that knows prom-client. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export interface GaugeFamily {
  set(labels: Record<string, string>, value: number): void;
  /** Forgets all label values, so that a server that left does not stay. */
  reset(): void;
}

export interface MetricsRegistry {
  contentType: string;
  gauge(name: string, help: string, labelNames: string[]): GaugeFamily;
  text(): Promise<string>;
}

/** A registry with the process's own metrics (`process_…`, `nodejs_…`). */
export function createRegistry(): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    contentType: registry.contentType,
    gauge: (name, help, labelNames) => new Gauge({ name, help, labelNames, registers: [registry] }),
    text: () => registry.metrics(),
  };
}
