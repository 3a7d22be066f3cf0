import { describe, expect, test } from 'vitest';
import { WorldRefusal } from '../../../src/simulator/errors.ts';
import type { WorldEvent } from '../../../src/simulator/world-state.ts';
import { SHOWN_TOPOLOGIES, WorldLife } from '../../../src/simulator/world-life.ts';
import { SimulatedWorld } from '../../../src/simulator/world.ts';

const T0 = 1_800_000_000_000;

function openWorld(overrides: Partial<ConstructorParameters<typeof WorldLife>[1]> = {}) {
  const world = new SimulatedWorld({ seed: 1, ids: (kind, stampMs) => `${kind}-${stampMs}` });
  const life = new WorldLife(world, {
    seed: 1,
    swarms: 2,
    agents: 5,
    eventsPerSecond: 40,
    topologies: SHOWN_TOPOLOGIES,
    ...overrides,
  });
  life.populate(T0);
  const events: WorldEvent[] = [];
  world.onEvent((event) => events.push(event));
  return { world, life, events };
}

function swarmEvents(swarmsChange: boolean): number {
  const { life, events } = openWorld({ swarmsChange, eventsPerSecond: 2_000 });
  for (let step = 0; step < 200; step++) life.step(T0 + step * 50);
  return events.filter((event) => event.kind.startsWith('swarm-')).length;
}

describe('life', () => {
  test('the first population has the sizes, topologies and leads that were asked for', () => {
    const { world } = openWorld({ swarms: 7, agents: 3 });
    const swarms = [...world.swarms.values()];
    expect(swarms.map((swarm) => swarm.topology)).toEqual([...SHOWN_TOPOLOGIES, 'hierarchical', 'mesh']);
    expect(swarms.map((swarm) => swarm.agentIds.size)).toEqual(Array(7).fill(3));
    for (const swarm of swarms) expect(world.members(swarm)[0]?.type).toBe('coordinator');
    expect(swarms.every((swarm) => swarm.createdAtMs < T0)).toBe(true);
  });

  test('a second of steps brings as many changes as were asked for, of every kind', () => {
    const { life, events } = openWorld({ eventsPerSecond: 400, agents: 20 });
    for (let step = 0; step < 20 * 10; step++) life.step(T0 + step * 50);
    // One happening may be several events (a task that starts makes its agents busy).
    expect(events.length).toBeGreaterThanOrEqual(4_000);
    const kinds = new Set(events.map((event) => event.kind));
    expect(kinds).toEqual(
      new Set(['agent-spawned', 'agent-terminated', 'agent-status', 'agent-metrics', 'message', 'task']),
    );
  });

  test('at the default rate something changes in every tenth of a second', () => {
    const { life, events } = openWorld();
    for (let step = 0; step < 200; step += 2) {
      const before = events.length;
      life.step(T0 + step * 50);
      life.step(T0 + step * 50 + 50);
      expect(events.length).toBeGreaterThan(before);
    }
  });

  test('swarms come and go only where that is asked for', () => {
    expect(swarmEvents(false)).toBe(0);
    expect(swarmEvents(true)).toBeGreaterThan(0);
  });

  test('without events the world stands still', () => {
    const { life, events } = openWorld({ eventsPerSecond: 0 });
    for (let step = 0; step < 100; step++) life.step(T0);
    expect(events).toEqual([]);
  });

  test('a world without agents is no reason to fail', () => {
    const { world, life } = openWorld({ agents: 0, agentsChange: false });
    for (let step = 0; step < 200; step++) life.step(T0);
    expect(world.agents.size).toBe(0);
  });
});

describe('writes', () => {
  test('a task makes its agents busy and, finished, idle again with the run recorded', () => {
    const { world } = openWorld();
    const [first, second] = [...world.agents.values()];
    const task = world.createTask(first?.swarmId ?? '', { description: 'x', assignees: [first?.id ?? ''] }, T0);
    expect(first?.status).toBe('idle');
    world.tasks.start(task, T0 + 10);
    expect([first?.status, first?.currentTaskId, second?.status]).toEqual(['busy', task.id, 'idle']);
    world.tasks.finish(task, 'completed', T0 + 250);
    expect([first?.status, first?.currentTaskId]).toEqual(['idle', undefined]);
    expect(first?.lastRun).toMatchObject({ taskId: task.id, success: true, durationMs: 240 });
    expect(first?.metrics.tasksCompleted).toBe(1);
  });

  test('a running task whose last agent leaves fails; with others left it goes on', () => {
    const { world } = openWorld();
    const [a = '', b = ''] = [...world.agents.keys()];
    const { swarmId } = world.agent(a);
    const task = world.createTask(swarmId, { description: 'x', assignees: [a, b] }, T0);
    world.tasks.start(task, T0);
    world.terminateAgent(a, T0);
    expect([task.status, task.assignees]).toEqual(['in_progress', [b]]);
    world.terminateAgent(b, T0);
    expect([task.status, task.assignees]).toEqual(['failed', []]);
  });

  test('a dissolved swarm takes its agents and open tasks along', () => {
    const { world, events } = openWorld();
    const swarm = world.firstSwarm();
    const task = world.createTask(swarm?.id ?? '', { description: 'x' }, T0);
    expect(world.dissolveSwarm(swarm?.id ?? '', T0)).toBe(5);
    expect(world.agents.size).toBe(5);
    expect(task.status).toBe('cancelled');
    expect(events.filter((event) => event.kind === 'agent-terminated')).toHaveLength(5);
    expect(events.at(-1)?.kind).toBe('swarm-dissolved');
  });

  test('ids never repeat, however many are dealt in one millisecond', () => {
    const { world } = openWorld();
    const swarm = world.firstSwarm()?.id ?? '';
    const ids = Array.from({ length: 500 }, () => world.spawnAgent(swarm, { type: 'coder' }, T0).id);
    expect(new Set(ids).size).toBe(500);
  });

  test.each([
    { note: 'an unknown agent', write: (world: SimulatedWorld) => world.terminateAgent('nobody', T0) },
    { note: 'an unknown swarm', write: (world: SimulatedWorld) => world.spawnAgent('nowhere', { type: 'x' }, T0) },
    { note: 'an unknown task', write: (world: SimulatedWorld) => world.tasks.get('nothing') },
    {
      note: 'an id that is taken',
      write: (world: SimulatedWorld) => {
        const [id = ''] = world.agents.keys();
        world.spawnAgent(world.agent(id).swarmId, { id, type: 'x' }, T0);
      },
    },
    {
      note: 'a message to nobody',
      write: (world: SimulatedWorld) => {
        const [from = ''] = world.agents.keys();
        world.sendMessage({ from, to: 'nobody', messageType: 'x', sizeBytes: 1, latencyMs: 1 }, T0);
      },
    },
    {
      note: 'the end of a task that ended',
      write: (world: SimulatedWorld) => {
        const task = world.createTask(world.firstSwarm()?.id ?? '', { description: 'x' }, T0);
        world.tasks.finish(task, 'cancelled', T0);
        world.tasks.finish(task, 'cancelled', T0);
      },
    },
  ])('refuses $note', ({ write }) => {
    expect(() => write(openWorld().world)).toThrow(WorldRefusal);
  });

  test('what has ended is remembered within bounds', () => {
    const { world } = openWorld();
    const swarm = world.firstSwarm()?.id ?? '';
    for (let i = 0; i < 400; i++) {
      world.terminateAgent(world.spawnAgent(swarm, { type: 'x' }, T0).id, T0);
      world.tasks.finish(world.createTask(swarm, { description: 'x' }, T0), 'cancelled', T0);
    }
    expect(world.endedAgents).toHaveLength(256);
    expect(world.tasks.all.size).toBe(200);
    expect(world.tasks.open).toHaveLength(0);
  });
});
