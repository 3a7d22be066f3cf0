import type { HealthReport } from './health.ts';
import type { CircuitReport } from './server.ts';

/**
 * What a server did when it was asked outside its time. `no_answer`: nothing was learned within the time limits of real
 * work, which says less than a failure does.
 */
export type ProbeOutcome =
  | { outcome: 'success'; method: string; latency_ms: number }
  | { outcome: 'failure'; method: string; error: string }
  /** It was not asked: its circuit is open. */
  | { outcome: 'refused'; error: string; retry_after_ms: number }
  | { outcome: 'no_answer'; error: string };

/** What asking a server now brought, and how it stands since. */
export type ProbeAnswer = ProbeOutcome & { took_ms: number; health: HealthReport; circuit: CircuitReport };

/** A circuit that was closed by hand. */
export interface CircuitReset {
  before: CircuitReport;
  after: CircuitReport;
}
