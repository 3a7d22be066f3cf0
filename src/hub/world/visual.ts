import type { AgentPerformance, AgentVisual } from '../../model/agent.ts';

/**
 * Colours of the Okabe–Ito palette, which stay apart for colour-blind eyes, in place of the seeds' traffic lights:
 * green (excellent) → bluish green, yellow (good) → yellow, orange (fair) → orange, red (poor) → vermillion.
 */
const EXCELLENT = '#009e73';
const GOOD = '#f0e442';
const FAIR = '#e69f00';
const POOR = '#d55e00';

/**
 * How an agent is drawn, by the seeds' formulas; undefined when no metric behind it is known. Numbers have two
 * decimals, so that noise in a metric is not a change of looks.
 */
export function agentVisual(performance: AgentPerformance | undefined): AgentVisual | undefined {
  if (performance === undefined) return undefined;
  const { throughput_tps: throughput, success_rate: successRate, response_time_ms: responseTimeMs } = performance;
  if (throughput === undefined && successRate === undefined && responseTimeMs === undefined) return undefined;
  const visual: AgentVisual = {};
  if (throughput !== undefined) visual.size = nodeSize(throughput);
  if (successRate !== undefined) visual.color = nodeColor(successRate);
  if (responseTimeMs !== undefined) visual.pulse_hz = pulseHz(responseTimeMs);
  return visual;
}

/** 5–15 world units: grows with throughput up to 100 per second. */
function nodeSize(throughput: number): number {
  return round(5 + Math.min(Math.max(throughput, 0) / 100, 1) * 10);
}

function nodeColor(successRate: number): string {
  if (successRate >= 0.95) return EXCELLENT;
  if (successRate >= 0.85) return GOOD;
  return successRate >= 0.7 ? FAIR : POOR;
}

/** 0.5–2 Hz: the slower the answer, the slower the pulse. */
function pulseHz(responseTimeMs: number): number {
  return round(Math.min(Math.max(2000 / (Math.max(responseTimeMs, 0) + 500), 0.5), 2));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
