import { z } from 'zod';
import type { Observation } from '../../../model/observation.ts';
import { amount, compact, field, readOne, text } from './reading.ts';

const pair = z.object({ used: amount, total: amount }).optional().catch(undefined);
const metricsShape = z.object({
  cpu: amount,
  memory: pair,
  heap: pair,
  loadAverage: z.array(amount).optional().catch(undefined),
  cpuCores: amount,
});

const neuralShape = z.object({
  embeddingProvider: text,
  models: z.object({ total: amount, ready: amount, training: amount }).optional().catch(undefined),
  patterns: z.object({ total: amount }).optional().catch(undefined),
});

/** The real version: the handshake's is that of another product. */
export function readSystemInfo(payload: unknown): Observation[] {
  const version = readOne(text, field(payload, 'version'));
  return version === undefined ? [] : [{ kind: 'server', version }];
}

/** The host's load. `cpu` is the load average over the cores and may pass 100: cut there. */
export function readSystemMetrics(payload: unknown): Observation[] {
  const read = readOne(metricsShape, payload);
  if (read === undefined) return [];
  const metrics = numbers({
    host_cpu_percent: read.cpu === undefined ? undefined : Math.min(read.cpu, 100),
    host_memory_used_mb: read.memory?.used,
    host_memory_total_mb: read.memory?.total,
    host_load_average_1m: read.loadAverage?.[0],
    host_cpu_cores: read.cpuCores,
    heap_used_mb: read.heap?.used,
    heap_total_mb: read.heap?.total,
  });
  return metrics === undefined ? [] : [{ kind: 'server', metrics }];
}

/** Counts of models and patterns; accuracy is 0 whatever was trained, and is left out. */
export function readNeuralStatus(payload: unknown): Observation[] {
  const read = readOne(neuralShape, payload);
  if (read === undefined) return [];
  const counts = numbers({
    models_total: read.models?.total,
    models_ready: read.models?.ready,
    models_training: read.models?.training,
    patterns_total: read.patterns?.total,
  });
  if (counts === undefined) return [];
  const provider = read.embeddingProvider;
  return [
    { kind: 'server', neural: { ...counts, ...(provider === undefined ? {} : { embedding_provider: provider }) } },
  ];
}

/** The numbers that are known, or undefined where none is. */
function numbers(values: Record<string, number | undefined>): Record<string, number> | undefined {
  const known = compact(values);
  return Object.keys(known).length === 0 ? undefined : (known as Record<string, number>);
}
