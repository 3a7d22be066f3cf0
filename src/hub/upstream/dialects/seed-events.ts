import type { Observation } from '../../../model/observation.ts';
import { readAmount, readId, readText, readTime } from './field-reading.ts';
import { asRecord, field, optionalId, readOne } from './reading.ts';
import {
  identifyAgent,
  readAgent,
  readPerformance,
  readSwarm,
  readTask,
  swarmShape,
  taskShape,
} from './seed-shapes.ts';
import { saysGone } from './status-words.ts';

/** The events to ask for, by name: a server that understands `agent.*` understands these too. */
export const TELEMETRY_EVENTS: readonly string[] = [
  'agent.status',
  'agent.spawned',
  'agent.terminated',
  'message.flow',
  'metrics.performance',
  'coordination.event',
];

/** Events older than this when they arrive keep the time of arrival: the clocks disagree. */
const MAX_AGE_MS = 3_600_000;

type SeenMessage = Extract<Observation, { kind: 'message' }>;

interface TelemetryEvent {
  type: string;
  timestamp: unknown;
  data: unknown;
}

/** Reads one pushed event; anything else is nothing. */
export function readEvent(value: unknown, atMs: number): Observation[] {
  const event = eventOf(value);
  if (event === undefined) return [];
  const { type, data } = event;
  switch (type) {
    case 'agent.spawned':
    case 'agent.status':
    case 'agent.updated':
      return readAgentEvent(data);
    case 'agent.terminated':
      return readTerminated(data);
    case 'message.flow':
      return readMessage(data, undefined, eventTime(event.timestamp, atMs));
    case 'metrics.performance':
      return readMetrics(data);
    case 'coordination.event':
      return readCoordination(data, eventTime(event.timestamp, atMs));
    case 'swarm.created':
    case 'swarm.status':
      return readSwarmEvent(data);
    case 'swarm.dissolved':
      return readDissolved(data);
    case 'task.assigned':
    case 'task.status':
      return readTaskEvent(data);
    default:
      // `heartbeat` says only that the server lives, which having heard it already shows.
      return [];
  }
}

/** Bare `{type, timestamp, data}`, or a notification whose params are `{timestamp, data}` or the data itself. */
function eventOf(value: unknown): TelemetryEvent | undefined {
  const fields = asRecord(value);
  if (fields === undefined) return undefined;
  const { method, type } = fields;
  if (typeof method === 'string') return eventOfNotification(method, fields['params']);
  return typeof type === 'string' ? { type, timestamp: fields['timestamp'], data: fields['data'] } : undefined;
}

function eventOfNotification(method: string, value: unknown): TelemetryEvent | undefined {
  const params = asRecord(value);
  // A generic `telemetry.event` carries the bare event as its params.
  if (method.startsWith('telemetry.')) return typeof params?.['type'] === 'string' ? eventOf(params) : undefined;
  return { type: method, timestamp: params?.['timestamp'], data: asRecord(params?.['data']) ?? value };
}

/** The event's own time, where it is believable: not later than now, and not an hour ago. */
function eventTime(timestamp: unknown, atMs: number): number {
  const ms = readTime(timestamp);
  return ms === undefined || ms > atMs || atMs - ms > MAX_AGE_MS ? atMs : ms;
}

function readAgentEvent(data: unknown): Observation[] {
  const fields = asRecord(data);
  if (fields === undefined) return [];
  // An event that wraps the agent: `{agent: {…}}`.
  const entry = identifyAgent(asRecord(fields['agent']) ?? fields);
  if (entry === undefined) return [];
  if (saysGone(entry.status)) return [{ kind: 'agent-gone', swarm: entry.swarm, agent: entry.agent }];
  return [readAgent(entry, entry.swarm ?? readId(fields['swarm_id']))];
}

function readTerminated(data: unknown): Observation[] {
  const entry = identifyAgent(data);
  return entry === undefined ? [] : [{ kind: 'agent-gone', swarm: entry.swarm, agent: entry.agent }];
}

function readMessage(data: unknown, type: string | undefined, atMs: number): Observation[] {
  const fields = asRecord(data);
  if (fields === undefined) return [];
  const from = readId(fields['from_agent']);
  const to = readId(fields['to_agent']);
  const messageType = readText(fields['message_type']) ?? type;
  if (from === undefined || to === undefined || messageType === undefined) return [];
  const swarm = readId(fields['swarm_id']);
  const message: SeenMessage = { kind: 'message', swarm, from, to, message_type: messageType, at_ms: atMs };
  const sizeBytes = readAmount(fields['size_bytes']);
  if (sizeBytes !== undefined) message.size_bytes = sizeBytes;
  const latencyMs = readAmount(fields['latency_ms']);
  if (latencyMs !== undefined) message.latency_ms = latencyMs;
  return [message];
}

function readMetrics(data: unknown): Observation[] {
  const fields = asRecord(data);
  const agent = readId(fields?.['agent_id']);
  const performance = readPerformance(asRecord(fields?.['metrics']));
  if (agent === undefined || performance === undefined) return [];
  return [{ kind: 'agent', swarm: readId(fields?.['swarm_id']), agent, facts: { performance } }];
}

/**
 * The documents name this event without its data. Taken as a message where it names two agents, as a task's where it
 * names a task, and as a swarm's where it says that it is about one.
 */
function readCoordination(data: unknown, atMs: number): Observation[] {
  const messages = readMessage(data, 'coordination', atMs);
  if (messages.length > 0) return messages;
  const tasks = readTaskEvent(data);
  if (tasks.length > 0) return tasks;
  const event = field(data, 'event');
  if (event === 'swarm.dissolved') return readDissolved(data);
  return event === 'swarm.created' || field(data, 'topology') !== undefined ? readSwarmEvent(data) : [];
}

function readSwarmEvent(data: unknown): Observation[] {
  const entry = readOne(swarmShape.omit({ id: true }), data);
  const read = entry === undefined ? undefined : readSwarm({ ...entry, id: undefined });
  return read === undefined ? [] : [read.observation];
}

function readDissolved(data: unknown): Observation[] {
  const swarm = readOne(optionalId, field(data, 'swarm_id'));
  return swarm === undefined ? [] : [{ kind: 'swarm-gone', swarm }];
}

function readTaskEvent(data: unknown): Observation[] {
  const entry = readOne(taskShape, data);
  const task = entry === undefined ? undefined : readTask(entry);
  return task === undefined ? [] : [task];
}
