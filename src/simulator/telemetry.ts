import { randomUUID } from 'node:crypto';
import { RpcFailure } from './errors.ts';
import { iso } from './faces/face.ts';
import { seedRows } from './faces/seed-rows.ts';
import type { SimAgent, WorldEvent } from './world-state.ts';
import type { SimulatedWorld } from './world.ts';

/** A pushed event as the seeds write it. */
export interface TelemetryEvent {
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

/** Where a subscription's events go. May drop and count them when its reader is slow. */
export interface PushSink {
  push(events: readonly TelemetryEvent[]): void;
}

export interface SubscriptionWish {
  /** Event types; `agent.*` takes all of agent, `*` all. */
  events: string[];
  intervalMs: number;
  /** Happenings kept between two pushes; the oldest are dropped. */
  bufferSize: number;
}

/** Subscriptions per connection; more are refused with the seeds' resource error. */
const MAX_SUBSCRIPTIONS = 100;
const HEARTBEAT_MS = 1_000;
/** A push may come this much early rather than a whole tick late. */
const SLACK_MS = 5;

/**
 * The subscriptions of one simulator. State (status, metrics) is gathered and sent once per interval as it is then;
 * happenings (messages, spawns, ends, tasks) are sent each, in order.
 */
export class Telemetry {
  readonly #world: SimulatedWorld;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(world: SimulatedWorld) {
    this.#world = world;
    world.onEvent((event) => {
      for (const subscription of this.#subscriptions.values()) subscription.hear(event);
    });
  }

  /** The shortest interval that anybody asked for; undefined without subscriptions. */
  get shortestIntervalMs(): number | undefined {
    const intervals = [...this.#subscriptions.values()].map((subscription) => subscription.wish.intervalMs);
    return intervals.length === 0 ? undefined : Math.min(...intervals);
  }

  /** @returns the id. @throws RpcFailure when this sink has a hundred already. */
  subscribe(wish: SubscriptionWish, sink: PushSink, monotonicMs: number): string {
    const held = [...this.#subscriptions.values()].filter((subscription) => subscription.sink === sink).length;
    if (held >= MAX_SUBSCRIPTIONS)
      throw new RpcFailure(-32_003, 'Resource unavailable', { reason: `at most ${MAX_SUBSCRIPTIONS} subscriptions` });
    const id = `sub-${randomUUID()}`;
    this.#subscriptions.set(id, new Subscription(wish, sink, monotonicMs));
    return id;
  }

  /** @returns whether there was one of this sink. */
  unsubscribe(id: string, sink: PushSink): boolean {
    return this.#subscriptions.get(id)?.sink === sink && this.#subscriptions.delete(id);
  }

  /** Ends all subscriptions of a sink that is gone. */
  forget(sink: PushSink): void {
    for (const [id, subscription] of this.#subscriptions)
      if (subscription.sink === sink) this.#subscriptions.delete(id);
  }

  /** Sends what is due. */
  flush(nowMs: number, monotonicMs: number): void {
    for (const subscription of this.#subscriptions.values()) subscription.flush(this.#world, nowMs, monotonicMs);
  }
}

class Subscription {
  readonly wish: SubscriptionWish;
  readonly sink: PushSink;
  readonly #status = new Set<SimAgent>();
  readonly #metrics = new Set<SimAgent>();
  #happenings: TelemetryEvent[] = [];
  #dueMs: number;
  #heartbeatDueMs: number;

  constructor(wish: SubscriptionWish, sink: PushSink, monotonicMs: number) {
    this.wish = wish;
    this.sink = sink;
    this.#dueMs = monotonicMs + wish.intervalMs;
    this.#heartbeatDueMs = monotonicMs + HEARTBEAT_MS;
  }

  hear(event: WorldEvent): void {
    if (event.kind === 'agent-status' || event.kind === 'agent-metrics') {
      if (this.#wants('agent.status')) this.#status.add(event.agent);
      if (event.kind === 'agent-metrics' && this.#wants('metrics.performance')) this.#metrics.add(event.agent);
      return;
    }
    if (event.kind === 'agent-terminated') {
      this.#status.delete(event.agent);
      this.#metrics.delete(event.agent);
    }
    const happening = happeningOf(event);
    if (!this.#wants(happening.type)) return;
    this.#happenings.push(happening);
    if (this.#happenings.length > this.wish.bufferSize) this.#happenings.shift();
  }

  flush(world: SimulatedWorld, nowMs: number, monotonicMs: number): void {
    if (monotonicMs < this.#dueMs - SLACK_MS) return;
    // Kept on the grid of the interval, unless a whole one was missed.
    this.#dueMs = Math.max(this.#dueMs + this.wish.intervalMs, monotonicMs);
    const timestamp = iso(nowMs);
    const events = this.#happenings;
    this.#happenings = [];
    for (const agent of this.#status) events.push({ type: 'agent.status', timestamp, data: statusOf(agent) });
    for (const agent of this.#metrics) events.push({ type: 'metrics.performance', timestamp, data: metricsOf(agent) });
    this.#status.clear();
    this.#metrics.clear();
    if (monotonicMs >= this.#heartbeatDueMs - SLACK_MS) {
      this.#heartbeatDueMs = monotonicMs + HEARTBEAT_MS;
      const data = { swarms: world.swarms.size, agents: world.agents.size };
      events.push({ type: 'heartbeat', timestamp, data });
    }
    if (events.length > 0) this.sink.push(events);
  }

  #wants(type: string): boolean {
    return this.wish.events.some(
      (pattern) =>
        pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
    );
  }
}

/** One event of each that a flood repeats. */
export function floodEvents(
  of: 'heartbeat' | 'agent.status',
  world: SimulatedWorld,
  timestamp: string,
): TelemetryEvent[] {
  const agents = of === 'heartbeat' ? [] : [...world.agents.values()];
  if (agents.length === 0) return [{ type: 'heartbeat', timestamp, data: { flood: true } }];
  return agents.map((agent) => ({ type: of, timestamp, data: statusOf(agent) }));
}

function statusOf(agent: SimAgent): Record<string, unknown> {
  return { agent_id: agent.id, swarm_id: agent.swarmId, ...seedRows.status(agent) };
}

function metricsOf(agent: SimAgent): Record<string, unknown> {
  return { agent_id: agent.id, swarm_id: agent.swarmId, metrics: seedRows.performance(agent) };
}

function happeningOf(event: Exclude<WorldEvent, { kind: 'agent-status' | 'agent-metrics' }>): TelemetryEvent {
  const timestamp = iso(event.atMs);
  switch (event.kind) {
    case 'agent-spawned':
      return { type: 'agent.spawned', timestamp, data: seedRows.agent(event.agent) };
    case 'agent-terminated': {
      const { id: agent_id, swarmId: swarm_id } = event.agent;
      return { type: 'agent.terminated', timestamp, data: { agent_id, swarm_id } };
    }
    case 'message': {
      const { swarmId: swarm_id, from: from_agent, to: to_agent, messageType, sizeBytes, latencyMs } = event.message;
      const facts = { message_type: messageType, size_bytes: sizeBytes, latency_ms: latencyMs };
      return { type: 'message.flow', timestamp, data: { swarm_id, from_agent, to_agent, ...facts } };
    }
    case 'task':
      return coordination(timestamp, { event: `task.${event.change}`, ...seedRows.task(event.task) });
    case 'swarm-created':
    case 'swarm-dissolved': {
      const { id: swarm_id, topology } = event.swarm;
      return coordination(timestamp, { event: event.kind.replace('-', '.'), swarm_id, topology });
    }
  }
}

function coordination(timestamp: string, data: Record<string, unknown>): TelemetryEvent {
  return { type: 'coordination.event', timestamp, data };
}
