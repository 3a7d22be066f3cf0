import { expect, test } from 'vitest';
import type { TelemetryEvent } from '../../../src/simulator/telemetry.ts';
import { Telemetry } from '../../../src/simulator/telemetry.ts';
import { SimulatedWorld } from '../../../src/simulator/world.ts';

const T0 = 1_800_000_000_000;

function open(events = ['agent.*', 'message.*', 'metrics.*'], bufferSize = 1_000) {
  const world = new SimulatedWorld({ seed: 1, ids: (kind, stampMs) => `${kind}_${stampMs}` });
  const swarm = world.createSwarm({ topology: 'mesh' }, T0);
  const agents = ['coder', 'tester'].map((type) => world.spawnAgent(swarm.id, { type }, T0));
  const telemetry = new Telemetry(world);
  const got: TelemetryEvent[] = [];
  const sink = { push: (pushed: readonly TelemetryEvent[]) => void got.push(...pushed) };
  const id = telemetry.subscribe({ events, intervalMs: 100, bufferSize }, sink, 0);
  const [a, b] = agents;
  if (a === undefined || b === undefined) throw new Error('no agents');
  return { world, swarm, a, b, telemetry, got, sink, id };
}

test('state is gathered and sent as it is when the interval ends', () => {
  const { world, a, telemetry, got } = open();
  world.setStatus(a, 'active', T0);
  world.setStatus(a, 'idle', T0);
  world.setStatus(a, 'active', T0);
  telemetry.flush(T0, 50);
  expect(got).toEqual([]);
  telemetry.flush(T0 + 100, 100);
  expect(got).toEqual([
    {
      type: 'agent.status',
      timestamp: new Date(T0 + 100).toISOString(),
      data: expect.objectContaining({ agent_id: a.id, swarm_id: a.swarmId, status: 'active' }) as unknown,
    },
  ]);
});

test('happenings are sent each, in order, before the state', () => {
  const { world, a, b, telemetry, got } = open();
  for (const sizeBytes of [1, 2]) {
    const message = { from: a.id, to: b.id, messageType: 'coordination', sizeBytes, latencyMs: 3 };
    world.sendMessage(message, T0);
  }
  world.terminateAgent(b.id, T0);
  world.walkMetrics(a, T0);
  telemetry.flush(T0, 100);
  expect(got.map(({ type, data }) => [type, data['size_bytes'] ?? data['agent_id']])).toEqual([
    ['message.flow', 1],
    ['message.flow', 2],
    ['agent.terminated', b.id],
    ['agent.status', a.id],
    ['metrics.performance', a.id],
  ]);
  expect(got[0]?.data).toEqual({
    swarm_id: a.swarmId,
    from_agent: a.id,
    to_agent: b.id,
    message_type: 'coordination',
    size_bytes: 1,
    latency_ms: 3,
  });
});

test('nothing is told of an agent after its end', () => {
  const { world, a, telemetry, got } = open(['agent.*']);
  world.setStatus(a, 'active', T0);
  world.terminateAgent(a.id, T0);
  telemetry.flush(T0, 100);
  expect(got.map((event) => event.type)).toEqual(['agent.terminated']);
});

test('only what was asked for is sent; a heartbeat comes every second', () => {
  const { world, a, swarm, telemetry, got } = open(['coordination.event']);
  world.setStatus(a, 'active', T0);
  world.createTask(swarm.id, { description: 'x' }, T0);
  telemetry.flush(T0, 100);
  expect(got.map(({ type, data }) => [type, data['event']])).toEqual([['coordination.event', 'task.created']]);
  for (let ms = 200; ms <= 3_000; ms += 100) telemetry.flush(T0 + ms, ms);
  expect(got.slice(1).map((event) => event.type)).toEqual(['heartbeat', 'heartbeat', 'heartbeat']);
});

test('the buffer keeps the newest', () => {
  const { world, a, b, telemetry, got } = open(['message.*'], 3);
  for (let sizeBytes = 0; sizeBytes < 10; sizeBytes++)
    world.sendMessage({ from: a.id, to: b.id, messageType: 'x', sizeBytes, latencyMs: 0 }, T0);
  telemetry.flush(T0, 100);
  expect(got.map(({ data }) => data['size_bytes'])).toEqual([7, 8, 9]);
});

test('pushes keep to the grid of their interval although ticks come late', () => {
  const { world, a, telemetry, got } = open(['agent.*']);
  let flips = 0;
  for (let ms = 0; ms < 10_000; ms += 53) {
    world.setStatus(a, flips++ % 2 === 0 ? 'active' : 'idle', T0);
    telemetry.flush(T0 + ms, ms);
  }
  const pushes = got.filter((event) => event.type === 'agent.status').length;
  expect(pushes).toBeGreaterThanOrEqual(97);
  expect(pushes).toBeLessThanOrEqual(101);
});

test('a subscription ends with its id, from its own connection only, or with the connection', () => {
  const { world, a, telemetry, got, sink, id } = open();
  expect(telemetry.unsubscribe(id, { push: () => undefined })).toBe(false);
  expect(telemetry.unsubscribe(id, sink)).toBe(true);
  expect(telemetry.unsubscribe(id, sink)).toBe(false);
  telemetry.subscribe({ events: ['*'], intervalMs: 20, bufferSize: 10 }, sink, 0);
  expect(telemetry.shortestIntervalMs).toBe(20);
  telemetry.forget(sink);
  world.setStatus(a, 'active', T0);
  telemetry.flush(T0, 1_000);
  expect([got, telemetry.shortestIntervalMs]).toEqual([[], undefined]);
});
