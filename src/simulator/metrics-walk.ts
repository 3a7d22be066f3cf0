import type { SeededRandom } from './random.ts';
import type { SimAgentStatus, SimMetrics } from './world-state.ts';

/** Where the walk is pulled to, by what the agent does. */
const MEANS: Record<SimAgentStatus, { cpu: number; queue: number; load: number }> = {
  idle: { cpu: 0.04, queue: 0, load: 0.1 },
  active: { cpu: 0.35, queue: 1.5, load: 0.6 },
  busy: { cpu: 0.75, queue: 4, load: 1 },
};

/** Meters of an agent that has just started. */
export function freshMetrics(random: SeededRandom): SimMetrics {
  return {
    cpu: random.between(0.01, 0.1),
    memoryMb: random.between(60, 180),
    responseTimeMs: random.between(80, 600),
    successRate: random.between(0.85, 1),
    throughputTps: random.between(1, 15),
    queueDepth: 0,
    tokensUsed: 0,
    errorCount: 0,
    tasksCompleted: 0,
    tasksFailed: 0,
  };
}

/** Moves the meters by one step of a mean-reverting walk. Ratios stay in 0–1, counters never fall. */
export function walkMetrics(metrics: SimMetrics, status: SimAgentStatus, random: SeededRandom): void {
  const mean = MEANS[status];
  metrics.cpu = pull(metrics.cpu, mean.cpu, 0.08, 0, 1, random);
  metrics.memoryMb = pull(metrics.memoryMb, 120 + 200 * mean.load, 6, 32, 2_048, random);
  metrics.responseTimeMs = pull(metrics.responseTimeMs, 120 + 500 * mean.load, 40, 5, 5_000, random);
  metrics.successRate = pull(metrics.successRate, 0.94, 0.02, 0.4, 1, random);
  metrics.throughputTps = pull(metrics.throughputTps, 70 * mean.load, 5, 0, 200, random);
  metrics.queueDepth = Math.round(pull(metrics.queueDepth, mean.queue, 1.5, 0, 50, random));
  if (status !== 'idle') metrics.tokensUsed += random.below(400);
  if (random.chance((1 - metrics.successRate) * 0.2)) metrics.errorCount++;
}

function pull(value: number, mean: number, spread: number, low: number, high: number, random: SeededRandom): number {
  const next = value + (mean - value) * 0.15 + random.between(-spread, spread);
  return Math.min(high, Math.max(low, next));
}
