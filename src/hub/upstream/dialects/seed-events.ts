import { z } from 'zod';
import type { Observation } from '../../../model/observation.ts';
import { agentSeen } from './observing.ts';
import { amount, asRecord, field, id, optionalId, readOne, text, time } from './reading.ts';
import {
  identifiedAgent,
  performanceShape,
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

interface TelemetryEvent {
  type: string;
  timestamp: unknown;
  data: unknown;
}

const messageShape = z.object({
  from_agent: id,
  to_agent: id,
  message_type: text,
  size_bytes: amount,
  latency_ms: amount,
  swarm_id: optionalId,
});

const metricsShape = z.object({
  agent_id: id,
  swarm_id: optionalId,
  metrics: performanceShape.optional().catch(undefined),
});

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
  const method = field(value, 'method');
  const bare = field(value, 'type');
  if (typeof method === 'string') {
    const params = field(value, 'params');
    // A generic `telemetry.event` carries the bare event as its params.
    if (method.startsWith('telemetry.')) return typeof field(params, 'type') === 'string' ? eventOf(params) : undefined;
    const inner = field(params, 'data');
    const data = asRecord(inner) === undefined ? params : inner;
    return { type: method, timestamp: field(params, 'timestamp'), data };
  }
  return typeof bare === 'string'
    ? { type: bare, timestamp: field(value, 'timestamp'), data: field(value, 'data') }
    : undefined;
}

/** The event's own time, where it is believable: not later than now, and not an hour ago. */
function eventTime(timestamp: unknown, atMs: number): number {
  const ms = readOne(time, timestamp);
  return ms === undefined || ms > atMs || atMs - ms > MAX_AGE_MS ? atMs : ms;
}

function readAgentEvent(data: unknown): Observation[] {
  // An event that wraps the agent: `{agent: {…}}`.
  const entry = readOne(identifiedAgent, asRecord(field(data, 'agent')) ?? data);
  if (entry === undefined) return [];
  if (saysGone(entry.status)) return [{ kind: 'agent-gone', swarm: entry.swarm, agent: entry.agent }];
  return [readAgent(entry, readOne(optionalId, field(data, 'swarm_id')))];
}

function readTerminated(data: unknown): Observation[] {
  const entry = readOne(identifiedAgent, data);
  return entry === undefined ? [] : [{ kind: 'agent-gone', swarm: entry.swarm, agent: entry.agent }];
}

function readMessage(data: unknown, type: string | undefined, atMs: number): Observation[] {
  const message = readOne(messageShape, data);
  const messageType = message?.message_type ?? type;
  if (message === undefined || messageType === undefined) return [];
  return [
    {
      kind: 'message',
      swarm: message.swarm_id,
      from: message.from_agent,
      to: message.to_agent,
      message_type: messageType,
      at_ms: atMs,
      ...(message.size_bytes === undefined ? {} : { size_bytes: message.size_bytes }),
      ...(message.latency_ms === undefined ? {} : { latency_ms: message.latency_ms }),
    },
  ];
}

function readMetrics(data: unknown): Observation[] {
  const read = readOne(metricsShape, data);
  if (read?.metrics === undefined) return [];
  const performance = readPerformance(read.metrics);
  return Object.keys(performance).length === 0 ? [] : [agentSeen(read.swarm_id, read.agent_id, { performance })];
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
