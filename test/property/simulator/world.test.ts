import { assert, constantFrom, integer, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { CLASSIC_TOPOLOGIES, WorldLife } from '../../../src/simulator/world-life.ts';
import { SimulatedWorld } from '../../../src/simulator/world.ts';

const T0 = 1_800_000_000_000;

const settings = record({
  seed: integer({ min: 0, max: 0xffff_ffff }),
  swarms: integer({ min: 0, max: 4 }),
  agents: integer({ min: 0, max: 8 }),
  eventsPerSecond: constantFrom(10, 40, 900),
  steps: integer({ min: 0, max: 150 }),
});
interface Settings {
  seed: number;
  swarms: number;
  agents: number;
  eventsPerSecond: number;
  steps: number;
}

function live({ steps, ...options }: Settings): { world: SimulatedWorld; log: string } {
  const world = new SimulatedWorld({
    seed: options.seed,
    ids: (kind, stampMs, random) => `${kind}_${stampMs}_${random.base36(6)}`,
  });
  const log: string[] = [];
  world.onEvent((event) => log.push(JSON.stringify(event)));
  const life = new WorldLife(world, { ...options, topologies: CLASSIC_TOPOLOGIES, swarmsChange: true });
  life.populate(T0);
  for (let step = 0; step < steps; step++) {
    life.step(T0 + step * 50);
    if (step % 5 === 0) checkInvariants(world);
  }
  checkInvariants(world);
  return { world, log: log.join('\n') };
}

function checkInvariants(world: SimulatedWorld): void {
  expect(new Set(world.roster)).toEqual(new Set(world.agents.values()));
  expect(world.roster).toHaveLength(world.agents.size);
  let members = 0;
  for (const swarm of world.swarms.values())
    for (const agent of world.members(swarm)) {
      members++;
      expect(agent.swarmId).toBe(swarm.id);
    }
  expect(members).toBe(world.agents.size);
  for (const agent of world.roster) {
    expect(agent.status === 'busy').toBe(agent.currentTaskId !== undefined);
    if (agent.currentTaskId !== undefined) {
      const task = world.tasks.get(agent.currentTaskId);
      expect(task.status).toBe('in_progress');
      expect(task.assignees).toContain(agent.id);
    }
    const { cpu, successRate, throughputTps, queueDepth, memoryMb, responseTimeMs } = agent.metrics;
    for (const ratio of [cpu, successRate]) expect(ratio >= 0 && ratio <= 1).toBe(true);
    expect(throughputTps >= 0 && throughputTps <= 200).toBe(true);
    expect(queueDepth >= 0 && Number.isInteger(queueDepth)).toBe(true);
    expect(memoryMb >= 32 && memoryMb <= 2_048).toBe(true);
    expect(responseTimeMs >= 5 && responseTimeMs <= 5_000).toBe(true);
    expect(agent.peers.length).toBeLessThanOrEqual(8);
  }
  for (const task of world.tasks.open) {
    expect(world.swarms.has(task.swarmId)).toBe(true);
    expect(task.progress >= 0 && task.progress <= 1).toBe(true);
    for (const id of task.assignees) expect(world.agents.has(id)).toBe(true);
  }
  expect(world.tasks.open.length).toBeLessThanOrEqual(2 + world.agents.size);
}

test('whatever happens, the world stays consistent', () => {
  assert(
    property(settings, (chosen) => {
      live(chosen);
    }),
    { numRuns: 20 },
  );
});

test('the same seed and number of steps give the same world, event by event', () => {
  assert(
    property(settings, (chosen) => {
      expect(live(chosen).log).toBe(live(chosen).log);
    }),
    { numRuns: 8 },
  );
});

test('another seed gives another world', () => {
  const chosen = { swarms: 2, agents: 6, eventsPerSecond: 40, steps: 50 };
  expect(live({ seed: 1, ...chosen }).log).not.toBe(live({ seed: 2, ...chosen }).log);
});

test('the population hovers around its size', () => {
  const { world } = live({ seed: 5, swarms: 1, agents: 8, eventsPerSecond: 900, steps: 400 });
  const first = world.firstSwarm();
  expect(first?.agentIds.size).toBeGreaterThanOrEqual(5);
  expect(first?.agentIds.size).toBeLessThanOrEqual(11);
});
