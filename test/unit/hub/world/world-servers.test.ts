import { describe, expect, test } from 'vitest';
import type { HealthReport } from '../../../../src/model/health.ts';
import { START_MS, WorldHarness } from './world-harness.ts';

const health = (change: Partial<HealthReport> = {}, latencyMs = 5): HealthReport => ({
  state: 'healthy',
  reason: 'answers',
  since_ms: START_MS,
  evidence: { consecutive_failures: 0, consecutive_successes: 1, latency_ms: latencyMs },
  ...change,
});
const served = () => {
  const world = new WorldHarness().server();
  world.world.setHealth('s', health());
  world.flush();
  return world;
};

describe('health', () => {
  test.each([
    { note: 'state', report: health({ state: 'down' }) },
    { note: 'reason', report: health({ reason: 'slow' }) },
    { note: 'since', report: health({ since_ms: START_MS + 1 }) },
  ])('a new $note shows at once', ({ report }) => {
    const world = served();
    world.world.setHealth('s', report);
    expect(world.flush()?.servers?.updated).toEqual([{ ref: 1, health: report }]);
  });

  test('the same report again is no change', () => {
    const world = served();
    world.world.setHealth('s', health());
    expect(world.flush()).toBeUndefined();
  });

  test('evidence alone shows once a second, the newest then', () => {
    const world = served();
    for (let i = 0; i < 9; i++) {
      world.pass(100).world.setHealth('s', health({}, 10 + i));
      expect(world.flush()).toBeUndefined();
    }
    expect(world.world.dirty).toBe(false);
    world.pass(100);
    expect(world.world.dirty).toBe(true);
    expect(world.flush()?.servers?.updated).toMatchObject([{ health: { evidence: { latency_ms: 18 } } }]);
    expect(world.pass(5_000).flush()).toBeUndefined();
  });

  test('evidence that came and went while it waited is no change', () => {
    const world = served();
    world.pass(10).world.setHealth('s', health({}, 10));
    world.world.setHealth('s', health());
    expect(world.pass(5_000).flush()).toBeUndefined();
    expect(world.world.stats().waiting).toBe(0);
  });

  test('a state that changes while evidence waits shows the newest only', () => {
    const world = served();
    world.pass(10).world.setHealth('s', health({}, 10));
    world.world.setHealth('s', health({ state: 'degraded' }, 11));
    expect(world.flush()?.servers?.updated).toMatchObject([
      { health: { state: 'degraded', evidence: { latency_ms: 11 } } },
    ]);
    expect(world.pass(5_000).flush()).toBeUndefined();
  });
});

describe('what a server says of itself', () => {
  test('identity', () => {
    const world = served();
    world.world.identify('s', {
      name: 'ruv',
      version: '1',
      dialect: 'ruv-swarm',
      capabilities: { tools: 25, push: false },
    });
    expect(world.flush()?.servers?.updated).toEqual([
      { ref: 1, name: 'ruv', version: '1', dialect: 'ruv-swarm', capabilities: { tools: 25, push: false } },
    ]);
    world.world.identify('s', { name: 'ruv', capabilities: { tools: 25, push: false } });
    expect(world.flush()).toBeUndefined();
  });

  test('a type that was found out reaches its swarms and agents', () => {
    const world = served().agent('w/a');
    world.flush();
    world.world.identify('s', { type: 'daa' });
    expect(world.flush()).toMatchObject({
      servers: { updated: [{ type: 'daa' }] },
      swarms: { updated: [{ server_type: 'daa' }] },
      agents: { updated: [{ server_type: 'daa' }] },
    });
    expect(world.agent('x/b').agentNow('x/b')?.server_type).toBe('daa');
  });

  test('metrics are merged by name, bounded, and finite', () => {
    const world = served().observe({ kind: 'server', metrics: { cpu: 0.5, memory: 10 }, version: '2' });
    world.observe({ kind: 'server', metrics: { cpu: 0.25, bad: Number.NaN }, neural: { models: 3 } });
    expect(world.flush()?.servers?.updated).toEqual([
      { ref: 1, version: '2', metrics: { cpu: 0.25, memory: 10 }, neural: { models: 3 } },
    ]);
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`m${i}`, i]));
    world.observe({ kind: 'server', metrics: many });
    expect(Object.keys(world.settled().servers[0]?.metrics ?? {})).toHaveLength(128);
    world.observe({ kind: 'server', metrics: JSON.parse('{"__proto__": 1}') });
    expect(world.flush()).toBeUndefined();
  });

  test('servers are those of the last snapshot', () => {
    const world = served();
    world.world.identify('s', { name: 'ruv' });
    expect(world.world.servers()).toEqual(world.world.snapshot().servers);
    world.flush();
    expect(world.world.servers()).toMatchObject([{ id: 's', name: 'ruv' }]);
  });

  test('introducing a server again changes what differs and keeps what it has', () => {
    const world = served().agent('w/a');
    world.flush();
    world.world.addServer({
      id: 's',
      type: 'ruv-swarm',
      simulated: false,
      transport: 'tcp',
      endpoint: 'tcp://other:1',
    });
    expect(world.flush()).toMatchObject({ servers: { updated: [{ ref: 1, endpoint: 'tcp://other:1' }] } });
    expect(world.keys()).toEqual(['s/w/a']);
  });
});
