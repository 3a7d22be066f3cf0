/** The fields of an agent with where each came from. Pure. */
import type { AgentRecord } from '../../client/client.ts';
import { digits, displayText, percent } from '../format.ts';

/** `absent`: the server did not say; nothing is shown in its place. */
export type Source = 'reported' | 'derived' | 'simulated' | 'absent';

export interface Field {
  name: string;
  /** Undefined when absent. */
  value: string | undefined;
  source: Source;
}

type Reader = readonly [name: string, path: string, text: (value: never) => string];

const plain = (value: unknown): string => displayText(String(value));
const READERS: readonly Reader[] = [
  ['Type', 'type', plain],
  ['Status', 'status', plain],
  ['Own word for it', 'status_raw', plain],
  ['Current task', 'current_task', plain],
  ['Model', 'model', plain],
  ['Kind', 'kind', plain],
  ['Health', 'health', percent],
  ['Success', 'performance.success_rate', percent],
  ['Response time', 'performance.response_time_ms', (ms: number) => `${digits(ms)} ms`],
  ['Throughput', 'performance.throughput_tps', (tps: number) => `${digits(tps)} /s`],
  ['CPU', 'performance.cpu_usage', percent],
  ['Memory', 'performance.memory_mb', (mb: number) => `${digits(mb)} MB`],
  ['Errors', 'performance.error_count', digits],
  ['Queue', 'performance.queue_depth', digits],
  ['Tasks active', 'performance.tasks_active', digits],
  ['Tasks completed', 'performance.tasks_completed', digits],
  ['Tokens used', 'performance.tokens_used', digits],
  ['Cognitive pattern', 'neural.cognitive_pattern', plain],
  ['Network', 'neural.network_id', plain],
  ['Learning rate', 'neural.learning_rate', (rate: number) => String(rate)],
  ['Adaptations', 'neural.adaptations', digits],
  ['Capabilities', 'capabilities', (list: readonly string[]) => displayText(list.join(', '))],
];

/**
 * All fields, the known ones first in their usual order.
 * @param simulated whether the agent's server is this gateway's own simulator: then all that it reports is invented.
 */
export function fieldsOf(agent: AgentRecord, simulated: boolean): Field[] {
  const fields = READERS.map(([name, path, text]): Field => {
    const value = read(agent, path);
    if (value === undefined) return { name, value: undefined, source: 'absent' };
    return { name, value: text(value as never), source: sourceOf(agent, path, simulated) };
  });
  return [...fields.filter(({ source }) => source !== 'absent'), ...fields.filter(({ source }) => source === 'absent')];
}

/** A mark on a whole object holds for its parts. */
export function sourceOf(agent: AgentRecord, path: string, simulated: boolean): Source {
  const marks = agent.provenance ?? {};
  const mark = marks[path] ?? marks[path.split('.')[0] ?? path];
  if (mark !== undefined) return mark;
  return simulated ? 'simulated' : 'reported';
}

function read(agent: AgentRecord, path: string): unknown {
  let value: unknown = agent;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value ?? undefined;
}
