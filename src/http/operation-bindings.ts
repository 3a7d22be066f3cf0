/**
 * Where each control operation is found over HTTP: under its name, as a resource, and on the paths of the seeds. The
 * input is put together from path, query and body; whatever the path names wins.
 */
import type { OperationName } from '../protocol/operations/operations.ts';

export interface OperationBinding {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In Hono's form, `{id}` as `:id`. Its parameters have the names of the input's fields. */
  path: string;
  operation: OperationName;
  /** The documents that asked for this path; absent: the regular form. */
  seeds?: true;
}

/** The regular form. */
const RESOURCES: readonly OperationBinding[] = [
  { method: 'get', path: '/api/swarms', operation: 'swarm.status' },
  { method: 'post', path: '/api/swarms', operation: 'swarm.init' },
  { method: 'get', path: '/api/swarms/:swarm_id', operation: 'swarm.status' },
  { method: 'delete', path: '/api/swarms/:swarm_id', operation: 'swarm.dissolve' },
  { method: 'post', path: '/api/swarms/:swarm_id/messages', operation: 'swarm.coordinate' },
  { method: 'post', path: '/api/swarms/:from_swarm_id/messages/to/:swarm_id', operation: 'swarm.message' },
  { method: 'get', path: '/api/agents', operation: 'agent.list' },
  { method: 'post', path: '/api/agents', operation: 'agent.spawn' },
  { method: 'get', path: '/api/agents/:agent_id', operation: 'agent.status' },
  { method: 'patch', path: '/api/agents/:agent_id', operation: 'agent.update' },
  { method: 'delete', path: '/api/agents/:agent_id', operation: 'agent.terminate' },
  { method: 'post', path: '/api/agents/:agent_id/messages', operation: 'agent.message' },
  { method: 'post', path: '/api/agents/:agent_id/tasks', operation: 'task.assign' },
  { method: 'get', path: '/api/tasks', operation: 'task.status' },
  { method: 'post', path: '/api/tasks', operation: 'task.orchestrate' },
  { method: 'get', path: '/api/tasks/:task_id', operation: 'task.status' },
  { method: 'delete', path: '/api/tasks/:task_id', operation: 'task.cancel' },
  { method: 'get', path: '/api/tasks/:task_id/results', operation: 'task.results' },
  { method: 'get', path: '/api/memory/:key', operation: 'memory.retrieve' },
  { method: 'put', path: '/api/memory/:key', operation: 'memory.store' },
  { method: 'get', path: '/api/metrics/agents', operation: 'metrics.query' },
  { method: 'get', path: '/api/metrics/aggregate', operation: 'metrics.aggregate' },
  { method: 'post', path: '/api/telemetry/restart', operation: 'telemetry.restart' },
];

/** `GET /api/bots/agents`, which shows the whole world, is beside these. */
const SEEDS: readonly OperationBinding[] = [
  { method: 'post', path: '/api/bots/swarm/init', operation: 'swarm.init', seeds: true },
  { method: 'post', path: '/api/bots/multi-agent/init', operation: 'swarm.init', seeds: true },
  { method: 'get', path: '/api/bots/swarm/status', operation: 'swarm.status', seeds: true },
  { method: 'post', path: '/api/bots/swarm/dissolve', operation: 'swarm.dissolve', seeds: true },
  { method: 'post', path: '/api/bots/swarm/coordinate', operation: 'swarm.coordinate', seeds: true },
  { method: 'post', path: '/api/bots/spawn', operation: 'agent.spawn', seeds: true },
  { method: 'post', path: '/api/bots/terminate', operation: 'agent.terminate', seeds: true },
  { method: 'post', path: '/api/bots/update', operation: 'agent.update', seeds: true },
  { method: 'post', path: '/api/bots/message', operation: 'agent.message', seeds: true },
  { method: 'get', path: '/api/bots/tasks', operation: 'task.status', seeds: true },
  { method: 'post', path: '/api/bots/tasks/assign', operation: 'task.assign', seeds: true },
  { method: 'post', path: '/api/bots/tasks/orchestrate', operation: 'task.orchestrate', seeds: true },
  { method: 'post', path: '/api/bots/tasks/cancel', operation: 'task.cancel', seeds: true },
  { method: 'post', path: '/api/bots/telemetry/restart', operation: 'telemetry.restart', seeds: true },
];

export const OPERATION_BINDINGS: readonly OperationBinding[] = [...RESOURCES, ...SEEDS];
