import type { HealthReport } from '../../model/health.ts';
import type { Clock } from '../../platform/clock.ts';
import { initialHealth, nextHealth, type Health, type HealthEvent, type HealthThresholds } from './health.ts';
import type { UpstreamSink } from './upstream-sink.ts';

/** How often silence is judged. */
const TICK_MS = 1_000;
/** Evidence alone (latency, times) is told at most this often; a new state or reason at once. */
const EVIDENCE_GAP_MS = 1_000;

export interface HealthReporterOptions {
  serverId: string;
  sink: UpstreamSink;
  clock: Clock;
  /** How long a success vouches for the server just now. */
  windowMs(): number;
  thresholds: HealthThresholds;
}

/** Keeps one server's health and tells the sink of it. Runs a timer until stopped. */
export class HealthReporter {
  readonly #options: HealthReporterOptions;
  readonly #timer: NodeJS.Timeout;
  #health: Health;
  #toldAt: number;
  #told: HealthReport;

  constructor(options: HealthReporterOptions) {
    this.#options = options;
    this.#health = initialHealth(options.clock.now());
    this.#told = this.#health.report;
    this.#toldAt = options.clock.monotonic();
    options.sink.setHealth(options.serverId, this.#told);
    this.#timer = setInterval(() => this.apply({ kind: 'tick', atMs: options.clock.now() }), TICK_MS);
  }

  get report(): HealthReport {
    return this.#health.report;
  }

  apply(event: HealthEvent): void {
    this.#health = nextHealth(this.#health, event, this.#options.windowMs(), this.#options.thresholds);
    const { report } = this.#health;
    const now = this.#options.clock.monotonic();
    const turned = report.state !== this.#told.state || report.reason !== this.#told.reason;
    const evidenceIsNew = report.evidence !== this.#told.evidence && now - this.#toldAt >= EVIDENCE_GAP_MS;
    if (!turned && !evidenceIsNew) return;
    this.#told = report;
    this.#toldAt = now;
    this.#options.sink.setHealth(this.#options.serverId, report);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
