import { describe, expect, test } from 'vitest';
import { counts, WorldHarness } from './world-harness.ts';

const ids = (world: WorldHarness) => world.settled().tasks.map(({ id }) => id);

describe('references', () => {
  test('a task names what is known, and the rest as it appears', () => {
    const world = new WorldHarness().server().agent('w/a');
    world.task('t', { swarm: 'w', assignees: ['a', 'b', 'a'], progress: 0.5, status: 'in_progress' });
    const swarmRef = world.settled().swarms[0]?.ref;
    const a = world.agentNow('w/a')?.ref;
    const told = { ref: 1, id: 't', server_id: 's', status: 'in_progress', progress: 0.5, swarm: swarmRef };
    expect(world.settled().tasks).toEqual([{ ...told, assignees: [a] }]);
    const appeared = world.agent('w/b').flush();
    const b = world.agentNow('w/b')?.ref;
    expect(appeared?.tasks).toEqual({ updated: [{ ref: 1, assignees: [a, b] }] });
    world.observe({ kind: 'agent-gone', swarm: 'w', agent: 'a' });
    expect(world.flush()?.tasks).toEqual({ updated: [{ ref: 1, assignees: [b] }] });
  });

  test('a swarm that appears later is named then', () => {
    const world = new WorldHarness().server().task('t', { swarm: 'w' });
    expect(world.settled().tasks[0]).not.toHaveProperty('swarm');
    world.swarm('w');
    expect(counts(world.flush()?.tasks)).toEqual({ updated: 1 });
  });

  test('of two agents of one id, that of the task’s swarm is meant; without a swarm none', () => {
    const world = new WorldHarness().server().agent('w/a').agent('x/a');
    world.task('t', { swarm: 'x', assignees: ['a'] }).task('u', { assignees: ['a'] });
    const { agents, tasks } = world.settled();
    expect(tasks.map(({ assignees }) => assignees)).toEqual([[agents[1]?.ref], []]);
  });

  test('an agent that moves takes its tasks along', () => {
    const world = new WorldHarness()
      .server()
      .agent('a')
      .task('t', { assignees: ['a'] });
    world.flush();
    world.agent('w/a');
    const { agents, tasks } = world.settled();
    expect(tasks[0]?.assignees).toEqual([agents[0]?.ref]);
  });

  test('assignees that are not told are absent', () => {
    const world = new WorldHarness().server().task('t', { assignees: ['a'] });
    expect(world.settled().tasks[0]?.assignees).toEqual([]);
    world.task('t', { assignees: null });
    expect(world.flush()?.tasks?.updated).toMatchObject([{ assignees: null }]);
  });
});

const full = () =>
  new WorldHarness({ max_tasks: 3 })
    .server()
    .task('open', { status: 'pending', created_at_ms: 1 })
    .task('second', { status: 'pending', created_at_ms: 2 })
    .task('third', { status: 'failed', created_at_ms: 3 })
    .task('second', { status: 'completed' });

describe('when full', () => {
  test('the task that finished first makes room', () => {
    const world = full().task('new', { status: 'pending' });
    expect(ids(world)).toEqual(['open', 'second', 'new']);
    world.task('newer', { status: 'pending' });
    expect(ids(world)).toEqual(['open', 'new', 'newer']);
    world.task('newest', { status: 'pending' });
    expect(ids(world)).toEqual(['open', 'new', 'newer']);
    expect(world.world.stats()).toMatchObject({ evicted_tasks_total: 2, refused_tasks_total: 1, tasks: 3 });
  });

  test('a poll that tells evicted tasks again does not bring them back in turns', () => {
    const world = full().task('new', { status: 'pending', created_at_ms: 9 });
    world.flush();
    const poll = () =>
      world
        .task('second', { status: 'completed', created_at_ms: 2 })
        .task('third', { status: 'failed', created_at_ms: 3 })
        .flush()?.tasks;
    // `second` finished last but is older: the younger `third` replaces it once, and that is all.
    expect(counts(poll())).toEqual({ added: 1, removed: 1 });
    for (let i = 0; i < 3; i++) expect(poll()).toBeUndefined();
  });

  test('a younger task makes room even if it has finished', () => {
    expect(ids(full().task('quick', { status: 'completed', created_at_ms: 4 }))).toEqual(['open', 'second', 'quick']);
  });
});
